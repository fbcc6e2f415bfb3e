package viewtest

import (
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

func testAnswers(t *testing.T, open NewStore) {
	fold := DefaultFold()
	history := Generate(5, 1500, 60)
	parts := history.Partition(3)
	store := open(t, fold, 3)
	Fold(t, store, fold, parts, 50)
	Equal(t, store, reference(t, fold, parts), history.Subjects())
}

// testSilenceAtNow lets another customer's event stand exactly at the instants at which silence moves a customer, and one
// microsecond before them.
func testSilenceAtNow(t *testing.T, open NewStore) {
	policy := DefaultFold().Policy().Lifecycle
	decline := policy.DeclineAfter(policy.UsualGap(0, 0))
	termination := policy.TerminationAfter(policy.UsualGap(0, 0))
	for silence, want := range map[domain.Instant]domain.Stage{
		decline - 1: domain.StageGrowth, decline: domain.StageDecline,
		termination - 1: domain.StageDecline, termination: domain.StageTermination,
	} {
		g := newGenerator(2, func(int) int { return 0 })
		buy := g.event(0, "purchase.recorded", g.subjects[0], `{"amount":{"minor":1,"currency":"CNY"}}`)
		g.append(buy)
		now := g.event(1, "note.added", g.subjects[1], `{}`)
		now.Time = buy.Time + silence
		g.append(now)
		fold := DefaultFold()
		store := open(t, fold, 1)
		Fold(t, store, fold, g.Partition(1), 1)
		checkStage(t, store, g.subjects[0], want)
	}
}

// checkStage compares the stage of a customer, who is alone in it, in every answer that shows it.
func checkStage(t *testing.T, store projections.Store, id string, want domain.Stage) {
	t.Helper()
	summary, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	view, err := store.Customer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	page, err := store.Customers(t.Context(), projections.CustomerFilter{Stage: want})
	if err != nil {
		t.Fatal(err)
	}
	if summary.Stages[want.String()] != 1 || view.Stage != want || len(page.Items) != 1 || page.Items[0].ID != id {
		t.Errorf("as of %s the customer should be in %s: stages %v, shown %s, listed %v", summary.AsOf, want, summary.Stages, view.Stage, page.Items)
	}
}

// testOverflow sums the greatest amounts an event can have beyond what 64 bits hold.
func testOverflow(t *testing.T, open NewStore) {
	fold := DefaultFold()
	history := purchases(2500, 2, domain.MaxInt, func(i int) int { return i % 2 })
	store := open(t, fold, 1)
	Fold(t, store, fold, history.Partition(1), 500)
	Equal(t, store, reference(t, fold, history.Partition(1)), history.Subjects())
}

func testLongStream(t *testing.T, open NewStore) {
	fold := DefaultFold()
	store := open(t, fold, 1)
	once := Purchases(1000, 1).Partition(1)[0]
	// Every record comes twice, the second time after the whole first delivery.
	var records []eventstore.Record
	for _, r := range append(once, once...) {
		r.Offset = int64(len(records))
		records = append(records, r)
	}
	all := [][]eventstore.Record{records}
	for end := 300; end <= len(records); end += 425 {
		// Each Fold claims the partition, so that nothing of the writer before it is left in memory.
		Fold(t, store, fold, [][]eventstore.Record{records[:end]}, 90)
	}
	Equal(t, store, reference(t, fold, all), []string{"C00000"})
	stream, err := store.Stream(t.Context(), "C00000")
	if err != nil {
		t.Fatal(err)
	}
	if len(stream.Offsets) != 1000 || stream.Offsets[999] != 999 {
		t.Errorf("the stream has %d records, want the first 1000", len(stream.Offsets))
	}
}

// testReaders folds batches with one purchase of each customer while readers look.
func testReaders(t *testing.T, open NewStore) {
	const customers, batches = 20, 40
	fold := DefaultFold()
	store := open(t, fold, 1)
	records := Purchases(customers*batches, customers).Partition(1)[0]
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					checkWhole(t, store, customers)
				}
			}
		})
	}
	w := NewWriter(t, store, fold, 0, 1)
	for i := range batches {
		w.Fold(records[i*customers : (i+1)*customers])
	}
	close(done)
	readers.Wait()
	checkWhole(t, store, customers)
}

// checkWhole checks that every answer is of a moment between two batches.
func checkWhole(t *testing.T, store projections.Store, customers int64) {
	s, err := store.Summary(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	if s.Events != s.Positions[0] || s.Events%customers != 0 {
		t.Errorf("the summary counts %d events at %s", s.Events, s.Positions)
	}
	page, err := store.Customers(t.Context(), projections.CustomerFilter{Sort: projections.SortLastPurchase})
	if err != nil {
		t.Error(err)
		return
	}
	for _, c := range page.Items {
		if c.Version*customers != page.Positions[0] {
			t.Errorf("customer %s is at version %d in a list at %s", c.ID, c.Version, page.Positions)
		}
	}
	c, err := store.Customer(t.Context(), "C00003")
	switch {
	case len(page.Items) == 0 && err != nil:
	case err != nil:
		t.Error(err)
	case c.Version*customers != c.Positions[0] || c.Position.Offset != c.Positions[0]-customers+3:
		t.Errorf("customer %s is at version %d and position %s in an answer at %s", c.ID, c.Version, c.Position, c.Positions)
	}
}

// testProperty folds random histories in random batches, with claims and failures between them.
func testProperty(t *testing.T, open NewStore) {
	fold := DefaultFold()
	rapid.Check(t, func(rt *rapid.T) {
		history := Draw(rt)
		parts := history.Partition(rapid.IntRange(1, 3).Draw(rt, "partitions"))
		store := open(t, fold, len(parts))
		for p, records := range parts {
			foldSplit(rt, t, store, fold, p, len(parts), records)
		}
		got, want := Answers(t, store, history.Subjects()), Answers(t, reference(t, fold, parts), history.Subjects())
		for _, difference := range differences(got, want) {
			rt.Error(difference)
		}
		if got, want := digest(t, store), digest(t, reference(t, fold, history.Partition(1))); got != want {
			rt.Errorf("digest is %s, from one partition %s", got, want)
		}
	})
}

// foldSplit folds the records of one partition, cut into batches where rapid says.
func foldSplit(rt *rapid.T, t *testing.T, store projections.Store, fold *projections.Fold, p, partitions int, records []eventstore.Record) {
	w := NewWriter(t, store, fold, p, partitions)
	for len(records) > 0 {
		n := rapid.IntRange(1, len(records)).Draw(rt, "batch")
		w.Fold(records[:n])
		records = records[n:]
		if rapid.IntRange(0, 3).Draw(rt, "claim") == 0 {
			w = NewWriter(t, store, fold, p, partitions)
		}
	}
}

func digest(t testing.TB, store projections.Store) string {
	t.Helper()
	s, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.Digest
}
