package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

func exampleSummary(t *testing.T) *projections.Summary {
	t.Helper()
	return &projections.Summary{
		AsOf: instant(t, "2026-06-30T15:59:59.999999Z"), Positions: eventstore.Positions{120, 0, 7}, Events: 120, Customers: 7,
		Stages:   map[string]int64{"prospect": 1, "growth": 3, "maturity": 2, "decline": 1, "termination": 0},
		Warnings: map[string]int64{"watch": 0, "high": 2, "critical": 0},
		Open:     map[string]int64{"order": 3, "promise": 1},
		Trade: map[string]projections.TradeSum{
			"JPY": {Purchases: 1, Purchased: 98000},
			"CNY": {Purchases: 12, Purchased: 123456789, Returns: 1, Returned: 5},
		},
		Verdicts:     map[string]int64{"accepted": 120, "duplicate": 6, "conflict": 0, "quarantined": 1},
		Satisfaction: projections.SatisfactionSummary{Answers: 45, Invited: 60, Refused: 7},
		Digest:       "00112233445566778899aabbccddeeff", PolicyVersion: "default-1",
	}
}

func TestSummaryShowsTheCountsOfTheWhole(t *testing.T) {
	t.Parallel()
	server := answer(t, exampleSummary(t))
	got := execute(t, "summary", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "summary", got.stdout)
}

func TestSummaryOfAnEmptyLogHasNoShares(t *testing.T) {
	t.Parallel()
	server := answer(t, &projections.Summary{Stages: map[string]int64{}, PolicyVersion: "default-1"})
	got := execute(t, "summary", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "summary_empty", got.stdout)
}

func TestASummaryOfThisProgramPrintsAsThatOfAServer(t *testing.T) {
	t.Parallel()
	for _, asJSON := range []bool{true, false} {
		args := []string{"summary", "--url", answer(t, exampleSummary(t)).url}
		if asJSON {
			args = append(args, "--json")
		}
		want := execute(t, args...).stdout
		var stdout bytes.Buffer
		a := &app{Stdout: &stdout, JSON: asJSON}
		if err := a.printSummary(exampleSummary(t)); err != nil {
			t.Fatal(err)
		}
		if stdout.String() != want {
			t.Errorf("with JSON %t it prints\n%s\nthat of a server\n%s", asJSON, stdout.String(), want)
		}
		if asJSON && !json.Valid(stdout.Bytes()) {
			t.Errorf("not JSON: %s", stdout.String())
		}
	}
}
