package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
)

// workedExample is the customer of the worked example in docs/churn.md, with a line for each event.
const workedExample = `
	2026-01-05T02:00:00Z purchase.recorded p-1 {"amount":{"minor":68000,"currency":"CNY"}}
	2026-02-04T02:00:00Z purchase.recorded p-2 {"amount":{"minor":52000,"currency":"CNY"}}
	2026-03-01T02:00:00Z purchase.recorded p-3 {"amount":{"minor":61000,"currency":"CNY"}}
	2026-03-20T06:00:00Z price.objected o-1 {}
	2026-04-02T01:00:00Z complaint.filed k-1 {"complaint_id":"K-1"}
	2026-04-02T03:00:00Z contact.made m-1 {"direction":"out","channel":"phone","employee":"e-1"}
	2026-04-07T01:00:00Z complaint.resolved k-2 {"complaint_id":"K-1"}
	2026-04-10T01:00:00Z survey.answered s-1 {"questionnaire":"csat","source":"internal","answers":[{"item":"CSAT","score":2}]}`

// explained folds the worked example and answers a question about it as of an instant.
func explained(t *testing.T, what projections.Question, at domain.Instant) *projections.Explanation {
	t.Helper()
	fold := projections.NewFold(domain.DefaultPolicy())
	var events projections.Chronicle
	fold.Before = events.Note
	c := projections.NewCustomer("c-1")
	var out projections.Effects
	var moves []projections.Move
	for line := range strings.SplitSeq(strings.TrimSpace(workedExample), "\n") {
		parts := strings.SplitN(strings.TrimSpace(line), " ", 4)
		ev := &domain.Event{ID: parts[2], Source: "/dms", Type: parts[1], Subject: c.ID, Time: instant(t, parts[0]), Data: []byte(parts[3])}
		_, data, err := domain.NewDecoder().DecodeEvent(ev)
		if err != nil {
			t.Fatal(err)
		}
		fold.Apply(c, &projections.Entry{Event: ev, Data: data}, &out)
	}
	moves = append(moves, out.Moves...)
	view := fold.View(c, moves, at)
	view.Position, view.Positions = eventstore.Position{Partition: 1, Offset: 8}, eventstore.Positions{0, 9}
	x, err := fold.Explain(c, view, &events, what)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExplainShowsWhereTheScoreComesFrom(t *testing.T) {
	t.Parallel()
	server := answer(t, explained(t, projections.WhyRisk, instant(t, "2026-06-01T00:00:00Z")))
	got := execute(t, "explain", "c-1", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "explain_risk", got.stdout)
	document, err := os.ReadFile("../../docs/churn.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(document), strings.TrimSpace(got.stdout)) {
		t.Errorf("the worked example of docs/churn.md does not show\n%s", got.stdout)
	}
}

func TestExplainShowsTheStageAndTheOtherTopics(t *testing.T) {
	t.Parallel()
	for _, what := range []projections.Question{projections.WhyStage, projections.WhySatisfaction, projections.WhyValue} {
		server := answer(t, explained(t, what, instant(t, "2026-06-01T00:00:00Z")))
		got := execute(t, "explain", "c-1", "--what", string(what), "--url", server.url)
		if got.code != exitDone || got.stderr != "" || !strings.HasSuffix(server.request.Load().URL.RawQuery, "what="+string(what)) {
			t.Errorf("the run shows %+v", got)
		}
		golden(t, fmt.Sprint("explain_", what), got.stdout)
	}
}

func TestHistoryShowsALineForEachTurn(t *testing.T) {
	t.Parallel()
	score := 31.5
	server := answer(t, &replay.HistoryPage{
		Items: []projections.Turn{
			{At: instant(t, "2026-06-01T00:00:00Z"), Stage: domain.StageDecline, FromStage: new(domain.StageMaturity), Level: domain.RiskHigh, Score: &score},
			{
				At: instant(t, "2026-05-01T00:00:00Z"), Stage: domain.StageMaturity, Level: domain.RiskHigh, FromLevel: new(domain.RiskWatch), Score: &score,
				Event: &projections.Happened{ID: "ev-1", Type: "price.objected", At: instant(t, "2026-05-01T00:00:00Z")},
			},
			{At: instant(t, "2026-04-01T00:00:00Z"), Stage: domain.StageDecline, Lost: true},
		},
		Next: "aDE",
	})
	got := execute(t, "history", "c-1", "--url", server.url)
	if want := "more: --cursor aDE\n"; got.code != exitDone || got.stderr != want {
		t.Errorf("the run shows %+v, want %q on standard error", got, want)
	}
	golden(t, "history", got.stdout)
}
