package main

import (
	"context"
	"fmt"
	"time"
)

// healthcheckCmd asks a server whether it is ready. It is what a container runs, hence the short time limit.
type healthcheckCmd struct {
	clientFlags
	Timeout time.Duration `help:"How long to wait for the answer." default:"2s"`
}

// health is the result of a healthcheck.
type health struct {
	Ready bool `json:"ready"`
}

// Run returns nil when the server says that it is ready. Every other answer, and none, is exit code 1.
func (c *healthcheckCmd) Run(ctx context.Context, a *app) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if _, _, err := c.fetch(ctx, nil, "readyz"); err != nil {
		return &exitError{exitFailed, fmt.Errorf("not ready: %w", err)}
	}
	return printValue(a, &health{Ready: true}, func(p *printer, _ *health) { p.line("ready") })
}
