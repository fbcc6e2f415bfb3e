package main

import (
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
)

func TestPositionsShowsHowFarTheViewsAreBehind(t *testing.T) {
	t.Parallel()
	server := answer(t, map[string]any{
		"positions": eventstore.Positions{120, 0, 9},
		"ends":      eventstore.Positions{125, 0, 7},
		"lag":       map[string]int64{"0": 5, "1": 0, "2": 0},
	})
	got := execute(t, "positions", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "positions", got.stdout)
}

func TestPositionsWithoutTheEndsOfTheLogLeavesThemOpen(t *testing.T) {
	t.Parallel()
	server := answer(t, map[string]any{"positions": eventstore.Positions{120, 0}})
	got := execute(t, "positions", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "positions_without_ends", got.stdout)
}
