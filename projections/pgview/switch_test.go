package pgview_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// show makes the generation of the store the live one.
func show(t *testing.T, store *pgview.Store) {
	t.Helper()
	if err := store.Show(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// states returns the states of all generations in their order.
func states(t *testing.T, store *pgview.Store) []pgview.State {
	t.Helper()
	all, err := store.Generations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list []pgview.State
	for _, g := range all {
		list = append(list, g.State)
	}
	return list
}

func TestAGenerationIsBuiltBesideTheLiveOneAndShownWhenItIsReady(t *testing.T) {
	t.Parallel()
	history, pool := viewtest.Purchases(60, 6), connect(t)
	records := history.Partition(1)
	before := viewtest.DefaultFold()
	old := open(t, pool, before, pgview.Options{Partitions: 1})
	writer := viewtest.NewWriter(t, old, before, 0, 1)
	writer.Fold(records[0][:30])

	after := policy(t, "version: other")
	next := open(t, pool, after, pgview.Options{Partitions: 1})
	if next.Generation() == old.Generation() || next.Live() || !old.Live() {
		t.Fatalf("the generation %s of another policy is live: %t", next.Generation(), next.Live())
	}
	viewtest.Fold(t, next, after, records, 20)
	if n := value[int](t, pool, "SELECT sum(events) FROM rapport.customers"); n != 30 {
		t.Errorf("analysts see %d events, want the 30 of the live generation", n)
	}
	again := open(t, pool, after, pgview.Options{Partitions: 1})
	if again.Generation() != next.Generation() {
		t.Errorf("a second store works on %s, want %s", again.Generation(), next.Generation())
	}

	show(t, next)
	show(t, next)
	if n := value[int](t, pool, "SELECT sum(events) FROM rapport.customers"); n != 60 {
		t.Errorf("analysts see %d events, want the 60 of the generation that was shown", n)
	}
	if got := states(t, next); !slices.Equal(got, []pgview.State{pgview.StateKept, pgview.StateLive}) {
		t.Errorf("the generations are %s", got)
	}
	if err := writer.Try(records[0][30:]); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("a writer of the replaced generation got the error %v, want ErrFenced", err)
	}
	if _, err := old.Claim(t.Context(), 0, ""); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("a claim on the replaced generation got the error %v, want ErrFenced", err)
	}
	viewtest.Equal(t, old, memory(t, before, viewtest.Purchases(30, 6), 1), history.Subjects())
}

func TestAKeptGenerationGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	history, pool := viewtest.Generate(24, 200, 10), connect(t)
	records := history.Partition(1)
	first, second := viewtest.DefaultFold(), policy(t, "version: other")
	old := open(t, pool, first, pgview.Options{Partitions: 1})
	viewtest.NewWriter(t, old, first, 0, 1).Fold(records[0][:100])
	next := open(t, pool, second, pgview.Options{Partitions: 1})
	viewtest.Fold(t, next, second, records, 20)
	show(t, next)

	back := open(t, pool, first, pgview.Options{Partitions: 1})
	if back.Generation() != old.Generation() || back.Live() {
		t.Fatalf("the store works on %s, want the kept %s", back.Generation(), old.Generation())
	}
	viewtest.Fold(t, back, first, records, 20)
	show(t, back)
	viewtest.Equal(t, back, memory(t, first, history, 1), history.Subjects())
	if got := []int{old.Era(), next.Era(), back.Era()}; !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("the eras are %d, want a new one with every generation that is shown", got)
	}
}

func TestTheEraStaysWithEqualResults(t *testing.T) {
	t.Parallel()
	history, pool, fold := viewtest.Purchases(20, 5), connect(t), viewtest.DefaultFold()
	first := open(t, pool, fold, pgview.Options{Partitions: 1})
	viewtest.Fold(t, first, fold, history.Partition(1), 20)
	// Only the number of partitions differs, so the results are the same.
	second := open(t, pool, fold, pgview.Options{Partitions: 2})
	viewtest.Fold(t, second, fold, history.Partition(2), 20)
	show(t, second)
	if second.Era() != first.Era() {
		t.Errorf("the era went from %d to %d", first.Era(), second.Era())
	}
}

func TestADroppedGenerationFencesItsWriters(t *testing.T) {
	t.Parallel()
	records, pool, fold := viewtest.Purchases(20, 5).Partition(1)[0], connect(t), viewtest.DefaultFold()
	old := open(t, pool, fold, pgview.Options{Partitions: 1})
	writer := viewtest.NewWriter(t, old, fold, 0, 1)
	writer.Fold(records[:10])
	next := open(t, pool, policy(t, "version: other"), pgview.Options{Partitions: 1})
	if err := next.Drop(t.Context(), old.Generation()); err == nil {
		t.Error("the live generation was dropped")
	}
	show(t, next)
	if err := next.Drop(t.Context(), next.Generation()); err == nil {
		t.Error("a store dropped its own generation")
	}
	if err := next.Drop(t.Context(), old.Generation()); err != nil {
		t.Fatal(err)
	}
	if err := next.Drop(t.Context(), old.Generation()); err == nil {
		t.Error("a generation was dropped twice")
	}
	if err := writer.Try(records[10:]); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("a writer of a dropped generation got the error %v, want ErrFenced", err)
	}
	if _, err := old.Claim(t.Context(), 0, ""); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("a claim on a dropped generation got the error %v, want ErrFenced", err)
	}
	if err := old.Show(t.Context()); err == nil {
		t.Error("a dropped generation was shown")
	}
}

// news is what a watcher was told: a report of a partition, or a switch when next is negative.
type news struct {
	partition int
	next      int64
}

// watch runs Watch until the test ends and returns what it tells.
func watch(t *testing.T, store *pgview.Store) <-chan news {
	t.Helper()
	told := make(chan news, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- store.Watch(ctx, func(partition int, next int64) { told <- news{partition, next} }, func() { told <- news{next: -1} })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v, want the error of its context", err)
		}
	})
	return told
}

// expect waits until the wanted news came.
func expect(t *testing.T, told <-chan news, want news) {
	t.Helper()
	for {
		select {
		case got := <-told:
			if got == want {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("%v was never told", want)
		}
	}
}

// endListeners ends the connections that listen, and returns how many there were.
func endListeners(t *testing.T, pool *pgxpool.Pool) int {
	t.Helper()
	return value[int](t, pool, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE 'SELECT partition, next_offset FROM%' AND pid <> pg_backend_pid()`)
}

func TestWatchTellsCommitsOfAnyWriterAndSwitches(t *testing.T) {
	t.Parallel()
	records, pool, fold := viewtest.Purchases(60, 6).Partition(2), connect(t), viewtest.DefaultFold()
	options := pgview.Options{Partitions: 2}
	store, other := open(t, pool, fold, options), open(t, pool, fold, options)
	writer := viewtest.NewWriter(t, other, fold, 1, 2)
	writer.Fold(records[1][:5])
	told := watch(t, store)
	expect(t, told, news{0, 0})
	expect(t, told, news{1, 5})
	writer.Fold(records[1][5:8])
	expect(t, told, news{1, 8})

	for endListeners(t, pool) == 0 {
		writer.Fold(records[1][writer.At.Next : writer.At.Next+1])
	}
	writer.Fold(records[1][writer.At.Next:])
	expect(t, told, news{1, int64(len(records[1]))})

	next := open(t, pool, policy(t, "version: other"), options)
	show(t, next)
	expect(t, told, news{next: -1})
	if store.Live() {
		t.Error("the watching store does not know that another generation is live")
	}
}
