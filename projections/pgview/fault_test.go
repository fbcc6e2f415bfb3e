package pgview_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// memory returns the memory store after it has folded the history.
func memory(t *testing.T, fold *projections.Fold, history *viewtest.History, partitions int) projections.Store {
	t.Helper()
	store := memview.New(fold, partitions)
	viewtest.Fold(t, store, fold, history.Partition(partitions), 1000)
	return store
}

// waitForLock returns the process of the connection that waits for a lock of another one, as soon as there is one.
func waitForLock(t *testing.T, pool *pgxpool.Pool) int {
	t.Helper()
	const query = `SELECT coalesce(max(pid), 0) FROM pg_stat_activity
		WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`
	for {
		if pid := value[int](t, pool, query); pid != 0 {
			return pid
		}
		runtime.Gosched()
	}
}

func TestConnectionKilledInCommitLeavesNothingAndTheNextClaimGoesOn(t *testing.T) {
	t.Parallel()
	fold, history, pool := viewtest.DefaultFold(), viewtest.Generate(11, 300, 20), connect(t)
	store := open(t, pool, fold, pgview.Options{Partitions: 1})
	records := history.Partition(1)[0]
	w := viewtest.NewWriter(t, store, fold, 0, 1)
	w.Fold(records[:100])
	before := viewtest.Answers(t, store, history.Subjects())

	// The commit has written customers and waits for this lock on the moves when its connection is killed.
	obstacle, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := obstacle.Exec(t.Context(), "LOCK TABLE "+store.Generation()+".moves IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- w.Try(records[100:200]) }()
	if pid := waitForLock(t, pool); !value[bool](t, pool, "SELECT pg_terminate_backend($1)", pid) {
		t.Fatalf("process %d was not ended", pid)
	}
	if err := <-result; pg.Classify(err) != pg.Unavailable {
		t.Errorf("a commit whose connection was killed returned %v, want an error of the connection", err)
	}
	if err := obstacle.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := viewtest.Answers(t, store, history.Subjects())
	for question, answer := range before {
		if after[question] != answer {
			t.Errorf("%s changed by a commit that failed", question)
		}
	}

	viewtest.Fold(t, store, fold, history.Partition(1), 40)
	viewtest.Equal(t, store, memory(t, fold, history, 1), history.Subjects())
}

func TestFailedCommitCanBeRepeatedWithoutAClaim(t *testing.T) {
	t.Parallel()
	fold, history, pool := viewtest.DefaultFold(), viewtest.Generate(12, 300, 20), connect(t)
	store := open(t, pool, fold, pgview.Options{Partitions: 1})
	records := history.Partition(1)[0]
	w := viewtest.NewWriter(t, store, fold, 0, 1)
	w.Fold(records[:100])
	execute(t, pool, "ALTER TABLE "+store.Generation()+".rollups ADD CONSTRAINT closed CHECK (false) NOT VALID")
	if err := w.Try(records[100:]); err == nil {
		t.Fatal("a commit succeeded against a constraint")
	}
	execute(t, pool, "ALTER TABLE "+store.Generation()+".rollups DROP CONSTRAINT closed")
	w.Fold(records[100:])
	viewtest.Equal(t, store, memory(t, fold, history, 1), history.Subjects())
}

func TestCommitOfAReplacedWriterThatHasBegunHasNoEffect(t *testing.T) {
	t.Parallel()
	fold, history, pool := viewtest.DefaultFold(), viewtest.Purchases(30, 3), connect(t)
	options := pgview.Options{Partitions: 1}
	old, heir := open(t, pool, fold, options), open(t, pool, fold, options)
	commit := func(after func()) error {
		resume, err := old.Claim(t.Context(), 0, "")
		if err != nil {
			t.Fatal(err)
		}
		b, err := old.Begin(t.Context(), resume.Checkpoint, slices.Values([]string{"C00000"}))
		if err != nil {
			t.Fatal(err)
		}
		c := b.Customer("C00000")
		c.Stream.Accept(1, 1, 1000)
		c.Events++
		after()
		changes := &projections.Changes{Next: 1, Changed: []*projections.Customer{c}, Effects: new(projections.Effects)}
		_, err = b.Commit(t.Context(), changes)
		return err
	}
	if err := commit(func() { viewtest.NewWriter(t, heir, fold, 0, 1) }); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("commit after a claim returned %v, want ErrFenced", err)
	}
	if err := commit(func() { viewtest.Fold(t, heir, fold, history.Partition(1), 10) }); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("commit after another one returned %v, want ErrFenced", err)
	}
	viewtest.Equal(t, old, memory(t, fold, history, 1), history.Subjects())
}

func TestClaimTakesOverFromAWriterOfAnotherStore(t *testing.T) {
	t.Parallel()
	fold, history, pool := viewtest.DefaultFold(), viewtest.Generate(13, 400, 30), connect(t)
	parts := history.Partition(2)
	stores := []*pgview.Store{
		open(t, pool, fold, pgview.Options{Partitions: 2}), open(t, pool, fold, pgview.Options{Partitions: 2}),
	}
	// Each store goes on where the other one stopped, with customers in memory that the other one has changed since.
	for i, end := range []int{50, 90, 140, 1 << 30} {
		short := make([][]eventstore.Record, len(parts))
		for p := range parts {
			short[p] = parts[p][:min(end, len(parts[p]))]
		}
		viewtest.Fold(t, stores[i%2], fold, short, 20)
	}
	want := memory(t, fold, history, 2)
	for _, s := range stores {
		viewtest.Equal(t, s, want, history.Subjects())
	}
}

func TestReadsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	store := open(t, connect(t), viewtest.DefaultFold(), pgview.Options{Partitions: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Summary(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("summary returned %v, want the error of the context", err)
	}
	if _, err := store.Claim(ctx, 0, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("claim returned %v, want the error of the context", err)
	}
}
