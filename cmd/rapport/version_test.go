package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/projections"
)

func TestVersionNamesTheProgramGoAndTheFormOfStates(t *testing.T) {
	t.Parallel()
	got := execute(t, "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(got.stdout), &b); err != nil {
		t.Fatalf("%v in %+v", err, got)
	}
	if want := (build{version, runtime.Version(), projections.StateFormat}); b != want || got.code != exitDone {
		t.Errorf("the run shows %+v, want %+v", got, want)
	}
	readable := execute(t, "version").stdout
	if !strings.Contains(readable, version) || !strings.Contains(readable, runtime.Version()) {
		t.Errorf("the run shows %q", readable)
	}
}
