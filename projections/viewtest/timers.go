package viewtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// testTimers lets customers fall silent on different days and folds ticks of every third day in batches of every length:
// each timer fires once, at the instant at which it is due, and what it touched is known.
func testTimers(t *testing.T, open NewStore) {
	fold := DefaultFold()
	lifecycle := fold.Policy().Lifecycle
	gap := lifecycle.UsualGap(0, 0)
	g := newGenerator(7, func(int) int { return 0 })
	bought := make(map[string]domain.Instant)
	for i, id := range g.subjects {
		g.at = g.at.Add(25 * time.Hour)
		buy := g.event(i, "purchase.recorded", id, `{"amount":{"minor":1,"currency":"CNY"}}`)
		bought[id] = buy.Time
		g.append(buy)
	}
	var ticks []domain.Instant
	for i := range 200 {
		g.at = g.at.Add(3 * 24 * time.Hour)
		ticks = append(ticks, domain.InstantOf(g.at))
		g.tick(1000+i, g.at)
	}
	records := g.Partition(1)
	offsetOf := func(due domain.Instant) int64 {
		i, _ := slices.BinarySearch(ticks, due)
		return int64(len(g.subjects) + i)
	}
	for _, batch := range []int{1, 2, 7, 1000} {
		store := open(t, fold, 1)
		Fold(t, store, fold, records, batch)
		for _, id := range g.subjects {
			decline, termination := bought[id]+lifecycle.DeclineAfter(gap), bought[id]+lifecycle.TerminationAfter(gap)
			checkMoves(t, store, id, []domain.Instant{bought[id], bought[id], decline, termination})
			stream, err := store.Stream(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			// The risk is looked at in between.
			for _, offset := range []int64{offsetOf(decline), offsetOf(termination)} {
				if !slices.Contains(stream.Control, offset) {
					t.Errorf("in batches of %d customer %s was touched by %d, not by %d", batch, id, stream.Control, offset)
				}
			}
		}
		Equal(t, store, reference(t, fold, records), g.subjects)
	}
}

// checkMoves compares when the moves of a customer took effect.
func checkMoves(t *testing.T, store projections.Store, id string, want []domain.Instant) {
	t.Helper()
	view, err := store.Customer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []domain.Instant
	for _, m := range view.Lifecycle.Moves {
		got = append(got, m.At)
	}
	if !slices.Equal(got, want) {
		t.Errorf("customer %s moved at %s, want %s", id, got, want)
	}
}

// many is more customers than the folder changes in one batch of a control record.
const many = 5200

// testSweep publishes a policy over many customers, with a writer that dies between any two batches of it and a
// successor that goes on, and lets more customers fall due than one batch takes.
func testSweep(t *testing.T, open NewStore) {
	fold := DefaultFold()
	g := newGenerator(many, func(int) int { return 0 })
	for i, id := range g.subjects {
		g.append(g.event(i, "purchase.recorded", id, `{"amount":{"minor":1,"currency":"CNY"}}`))
	}
	g.at = g.at.Add(24 * time.Hour)
	g.publish(many, policyDocuments[0])
	// Under the new policy the next event finds everybody silent, under the old one nobody.
	g.at = g.at.Add(20 * 24 * time.Hour)
	g.append(g.event(many+1, "note.added", g.subjects[0], `{}`))
	g.at = g.at.Add(24 * time.Hour)
	g.tick(many+2, g.at)
	records := g.Partition(1)
	const swept, ticked = many + 1, many + 3

	for _, end := range []int{swept, swept + 1, ticked} {
		parts := [][]eventstore.Record{records[0][:end]}
		want := outline(t, reference(t, fold, parts))
		store := open(t, fold, 1)
		Fold(t, store, fold, [][]eventstore.Record{records[0][:many]}, many)
		died := 0
		for {
			err := foldUntilDeath(t, store, fold, parts)
			if err == nil {
				break
			}
			if died++; !errors.Is(err, errDied) || died > 10 {
				t.Fatalf("folding ended with %v after %d deaths", err, died)
			}
		}
		if died < 1 {
			t.Error("the policy took one batch; there is nothing between two of them")
		}
		for _, difference := range differences(outline(t, store), want) {
			t.Errorf("folded up to %d: %s", end, difference)
		}
	}
}

// foldUntilDeath claims the partition, and dies with errDied in its second commit.
func foldUntilDeath(t *testing.T, store projections.Store, fold *projections.Fold, parts [][]eventstore.Record) error {
	w := newWriter(t, &mortal{Store: store, commits: 1}, fold, 0, parts)
	return w.Try(parts[0][w.At.Next:])
}

var errDied = errors.New("the writer died")

// mortal is a store whose commits fail after some.
type mortal struct {
	projections.Store
	commits int
}

func (m *mortal) Begin(ctx context.Context, at projections.Checkpoint, customers iter.Seq[string]) (projections.Batch, error) {
	b, err := m.Store.Begin(ctx, at, customers)
	return &mortalBatch{Batch: b, store: m}, err
}

type mortalBatch struct {
	projections.Batch
	store *mortal
}

func (b *mortalBatch) Commit(ctx context.Context, changes *projections.Changes) (projections.Checkpoint, error) {
	if b.store.commits == 0 {
		return projections.Checkpoint{}, errDied
	}
	b.store.commits--
	return b.Batch.Commit(ctx, changes)
}

// outline asks about the whole, and for the ends of the lists of customers, who may be many.
func outline(t *testing.T, s projections.Store) map[string]string {
	t.Helper()
	a := make(map[string]string)
	ask := func(question string, answer any, err error) {
		if err != nil {
			t.Fatalf("%s: %v", question, err)
		}
		a[question] = jsonOf(t, answer)
	}
	summary, err := s.Summary(t.Context())
	ask("summary", summary, err)
	operating, err := operations(t, s)
	ask("operations", operating, err)
	for _, stage := range domain.Stages() {
		for _, sort := range []projections.CustomerSort{projections.SortID, projections.SortSince} {
			page, err := s.Customers(t.Context(), projections.CustomerFilter{Stage: stage, Sort: sort, Limit: projections.MaxLimit})
			if err == nil {
				ask(fmt.Sprintf("%d in stage %s by %s", len(page.Items), stage, sort), page, err)
			}
		}
	}
	for _, i := range []int{0, 4999, 5000, many - 1} {
		id := fmt.Sprintf("C%05d", i)
		view, err := s.Customer(t.Context(), id)
		ask("customer "+id, view, err)
		stream, err := s.Stream(t.Context(), id)
		ask("stream "+id, stream, err)
	}
	return a
}

// testSweepCheckpoint commits in the middle of a sweep: the checkpoint says so, and a batch on one that does not is
// refused.
func testSweepCheckpoint(t *testing.T, open NewStore) {
	fold := DefaultFold()
	store := open(t, fold, 1)
	w := NewWriter(t, store, fold, 0, 1)
	w.Fold(Purchases(20, 10).Partition(1)[0])
	commit := func(at projections.Checkpoint) (projections.Checkpoint, error) {
		b, err := store.Begin(t.Context(), at, slices.Values([]string{}))
		if err != nil {
			return at, err
		}
		defer b.Rollback()
		streams, err := b.After(t.Context(), at.Sweep, 4)
		if err != nil {
			return at, err
		}
		changes := &projections.Changes{
			Next: at.Next, Sweep: streams[len(streams)-1].ID, Last: at.Last, Newest: at.Newest, Recorded: at.Recorded,
			Effects: new(projections.Effects),
		}
		return b.Commit(t.Context(), changes)
	}
	before := w.At
	for _, want := range []string{"C00003", "C00007", "C00009"} {
		next, err := commit(w.At)
		if err != nil {
			t.Fatal(err)
		}
		if next.Sweep != want || next.Next != before.Next {
			t.Errorf("the sweep is at %q of record %d, want %q of %d", next.Sweep, next.Next, want, before.Next)
		}
		for _, stale := range []projections.Checkpoint{before, w.At} {
			if _, err := commit(stale); !errors.Is(err, projections.ErrFenced) {
				t.Errorf("a batch on the checkpoint at %q got the error %v, want ErrFenced", stale.Sweep, err)
			}
		}
		w.At = next
	}
	resume, err := store.Claim(t.Context(), 0, "heir")
	if err != nil {
		t.Fatal(err)
	}
	if at := resume.Checkpoint; at.Sweep != "C00009" || at.Next != before.Next || at.Epoch != before.Epoch+1 || resume.Policy != nil {
		t.Errorf("the heir goes on at %+v under %v", at, resume.Policy)
	}
	if _, err := commit(w.At); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("a writer that was replaced in the middle of a sweep got the error %v, want ErrFenced", err)
	}
}
