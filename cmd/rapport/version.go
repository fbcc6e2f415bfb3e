package main

import (
	"context"
	"runtime"
	"strconv"

	"github.com/rapport-crm/rapport/projections"
)

// version is the version of the program. A release sets it when it links: -ldflags "-X main.version=v1.2.3".
var version = "dev"

// versionCmd prints the version.
type versionCmd struct{}

// build says what this program is made of.
type build struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	// StateFormat is the form of the states kept beside views: another one makes a store fold the log anew.
	StateFormat int `json:"state_format"`
}

// Run prints the version of the program, of Go and of the form of states.
func (c *versionCmd) Run(_ context.Context, a *app) error {
	b := &build{Version: version, Go: runtime.Version(), StateFormat: projections.StateFormat}
	return printValue(a, b, func(p *printer, b *build) {
		p.fields("rapport", b.Version, "go", b.Go, "state format", strconv.Itoa(b.StateFormat))
	})
}
