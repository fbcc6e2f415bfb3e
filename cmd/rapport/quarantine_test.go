package main

import (
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

func TestQuarantineShowsTheRecordsWithTheRulesTheyBreak(t *testing.T) {
	t.Parallel()
	server := answer(t, &projections.QuarantinePage{
		Items: []projections.Quarantine{
			{
				Partition: 2, Offset: 17, Customer: "c-1", Event: "ev-1", Type: "purchase.recorded",
				Recorded: instant(t, "2026-02-01T00:00:01Z"), Verdict: eventstore.Quarantined,
				Problems: []projections.QuarantineProblem{
					{Pointer: "/data/amount/minor", Rule: "min", Message: "must be at least 0"},
					{Pointer: "/data/quantity", Rule: "type", Message: "must be an integer"},
				},
			},
			{
				Partition: 0, Offset: 3, Recorded: instant(t, "2026-01-01T00:00:01Z"), Verdict: eventstore.Conflict,
				Problems: []projections.QuarantineProblem{{Rule: "json", Message: "must be JSON"}},
			},
		},
		Next: "cXE",
	})
	got := execute(t, "quarantine", "--url", server.url)
	if want := "more: --cursor cXE\n"; got.code != exitDone || got.stderr != want {
		t.Errorf("the run shows %+v, want %q on standard error", got, want)
	}
	golden(t, "quarantine", got.stdout)
}
