package ingest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/projections"
)

// oracle knows the outcomes of some offsets; the others are not known, and it does not wait for them.
type oracle struct {
	known map[int64]projections.Outcome
	asked [][]projections.Sought
}

func (o *oracle) Wait(_ context.Context, sought []projections.Sought) ([]projections.Outcome, error) {
	o.asked = append(o.asked, sought)
	outcomes := make([]projections.Outcome, len(sought))
	var err error
	for i, s := range sought {
		if outcomes[i] = o.known[s.At.Offset]; !outcomes[i].Known {
			err = projections.ErrOutcomeUnknown
		}
	}
	return outcomes, err
}

func judging(known ...projections.Outcome) (*ingest.Door, *oracle, *book) {
	o := &oracle{known: make(map[int64]projections.Outcome)}
	for i := range known {
		o.known[int64(i)] = known[i]
	}
	door, log := setup(nil, ingest.Options{Outcomes: o})
	return door, o, log
}

// told returns results in one line.
func told(results []ingest.Result) string {
	var words []string
	for _, r := range results {
		word := r.Status.String()
		if r.Judged {
			word = fmt.Sprintf("%s v%d", word, r.Version)
		}
		for _, p := range r.Problems {
			word += " " + p.Rule
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func TestAwaitPutsTheVerdictsIntoTheResults(t *testing.T) {
	t.Parallel()
	door, oracle, _ := judging(
		projections.Outcome{Known: true, Verdict: eventstore.Accepted, Version: 4},
		projections.Outcome{Known: true, Verdict: eventstore.Duplicate, Version: 4},
		projections.Outcome{
			Known: true, Verdict: eventstore.Conflict, Version: 4, Reason: eventstore.VersionMismatch,
			Problems: []projections.QuarantineProblem{{Pointer: "/expectedversion", Rule: "version"}},
		},
		projections.Outcome{Known: true, Verdict: eventstore.Quarantined, Problems: []projections.QuarantineProblem{{Pointer: "/time", Rule: "future"}}},
		projections.Outcome{},
	)
	invalid := purchase("c1", "f")
	invalid.Data = []byte(`{}`)
	results, err := door.Append(t.Context(), []domain.Event{
		purchase("c1", "a"), invalid, purchase("c1", "b"), purchase("c1", "c"), purchase("c1", "a"), purchase("c1", "c"),
		purchase("c1", "d"), purchase("c1", "d"), purchase("c1", "e"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := told(results); got != "accepted, invalid required, accepted, accepted, duplicate, duplicate, accepted, duplicate, accepted" {
		t.Errorf("before the verdicts they are %s", got)
	}
	door.Await(t.Context(), results)
	const want = "accepted v4, invalid required, duplicate v4, conflict v4 version, duplicate v4, conflict v4 version, invalid v0 future, invalid v0 future, accepted"
	if got := told(results); got != want {
		t.Errorf("results are\n%s, want\n%s", got, want)
	}
	if results[3].Reason != eventstore.VersionMismatch {
		t.Errorf("the reason is %q", results[3].Reason)
	}
	for i, r := range results {
		if want := i != 1; r.Appended() != want {
			t.Errorf("result %d says that the log has the event: %t", i, r.Appended())
		}
	}
	if len(oracle.asked) != 1 {
		t.Errorf("it waited %d times", len(oracle.asked))
	}
	// What is judged is not asked for again, nor judged again.
	oracle.known[4] = projections.Outcome{Known: true, Verdict: eventstore.Accepted, Version: 5}
	door.Await(t.Context(), results)
	if got := told(results); got != want+" v5" || len(oracle.asked[1]) != 1 {
		t.Errorf("then they are\n%s, asked for %v", got, oracle.asked[1])
	}
}

func TestThereIsNothingToWaitForWithoutOutcomesOrEvents(t *testing.T) {
	t.Parallel()
	door, _ := setup(nil, ingest.Options{})
	results, err := door.Append(t.Context(), []domain.Event{purchase("c1", "a")})
	if err != nil {
		t.Fatal(err)
	}
	door.Await(t.Context(), results)
	if got := told(results); got != "accepted" {
		t.Errorf("results are %s", got)
	}
	door, oracle, _ := judging()
	door.Await(t.Context(), nil)
	door.Await(t.Context(), []ingest.Result{{Status: ingest.Unknown}, {Status: ingest.Invalid}})
	if len(oracle.asked) != 0 {
		t.Errorf("it asked for %v", oracle.asked)
	}
}

func TestAnEventThatComesAgainForAnotherVersionIsLeftToTheLog(t *testing.T) {
	t.Parallel()
	door, log := setup(nil, ingest.Options{})
	session := door.Session()
	at := func(version int64) domain.Event {
		ev := purchase("c1", "a")
		ev.ExpectedVersion = version
		return ev
	}
	results, err := session.Append(t.Context(), []domain.Event{at(3), at(3), at(4)})
	if err != nil || told(results) != "accepted, duplicate, accepted" {
		t.Errorf("results are %s, %v", told(results), err)
	}
	results, err = session.Append(t.Context(), []domain.Event{at(4), at(5)})
	if err != nil || told(results) != "duplicate, accepted" || results[0].Position.Offset != 1 {
		t.Errorf("results are %s, %v", told(results), err)
	}
	if len(log.records) != 3 {
		t.Errorf("the log has %d records", len(log.records))
	}
}
