package pgview_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/verify"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/refold"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// fill folds the whole log into the generation of the fold, as a live writer does.
func fill(t *testing.T, pool *pgxpool.Pool, l *memoryLog, fold *projections.Fold) *pgview.Store {
	t.Helper()
	store := open(t, pool, fold, pgview.Options{Partitions: l.Partitions()})
	follow(t, store, l, fold)
	return store
}

// follow folds what the store lacks of the log.
func follow(t *testing.T, store *pgview.Store, l *memoryLog, fold *projections.Fold) {
	t.Helper()
	ends, err := l.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := projections.NewRunner(l, store, fold, projections.RunnerOptions{}).RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
}

// checkLive compares every row of the live generation with the log.
func checkLive(t *testing.T, pool *pgxpool.Pool, l *memoryLog) *pgview.Store {
	t.Helper()
	store, policy, err := pgview.OpenLive(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close(context.WithoutCancel(t.Context()))
	report, err := verify.Rows(t.Context(), l, projections.NewFold(policy), snapshot, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !report.Same() {
		t.Errorf("generation %s differs from the log: %+v", store.Generation(), report)
	}
	return store
}

func summary(t *testing.T, store *pgview.Store) *projections.Summary {
	t.Helper()
	s, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARebuildHoldsWhatTheLiveGenerationHolds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		history *viewtest.History
		memory  int64
	}{
		{viewtest.Generate(40, 1500, 60), 0},
		{viewtest.Generate(41, 1500, 60), 1},
		{viewtest.Generate(42, 1500, 60), 60_000},
		{viewtest.Shuffled(3000, 8), 0}, // their indexes have sealed chunks
	} {
		pool, fold, history, memory := connect(t), viewtest.DefaultFold(), c.history, c.memory
		l := controlled(t, history.Partition(3))
		old := fill(t, pool, l, fold)
		passes := 0
		done, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{
			Memory: memory, Parallel: 1, Progress: func(p refold.Progress) {
				if p.Next == p.End {
					passes++
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if done.Generation == old.Generation() || done.Replaced != old.Generation() || !done.Exact || len(done.Differences) > 0 {
			t.Errorf("with memory %d: %+v", memory, done)
		}
		if memory == 1 && passes < 60 || memory == 0 && passes != 3 {
			t.Errorf("with memory %d it took %d passes", memory, passes)
		}
		viewtest.Equal(t, checkLive(t, pool, l), old, history.Subjects())
		if n, events := value[int](t, pool, "SELECT sum(events) FROM rapport.customers"), summary(t, old).Events; int64(n) > events || n == 0 {
			t.Errorf("analysts see %d events of %d", n, events)
		}
		// Live goes on in the new generation as it would have in the old one.
		more := viewtest.Purchases(300, 20).Partition(3)
		for p := range more {
			l.append(p, more[p]...)
		}
		live, _, err := pgview.OpenLive(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		follow(t, live, l, fold)
		checkLive(t, pool, l)
	}
}

// server folds the log into the live generation until ctx ends, and goes over to another one when that is shown.
func server(ctx context.Context, pool *pgxpool.Pool, l *memoryLog) error {
	for ctx.Err() == nil {
		store, policy, err := pgview.OpenLive(ctx, pool)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		inner, cancel := context.WithCancel(ctx)
		group, inner := errgroup.WithContext(inner)
		group.Go(func() error { return store.Watch(inner, func(int, int64) {}, cancel) })
		group.Go(func() error {
			runner := projections.NewRunner(l, store, projections.NewFold(policy), projections.RunnerOptions{Shared: true})
			return runner.Run(inner)
		})
		err = group.Wait()
		cancel()
		if !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return nil
}

func TestReadersSeeNoGapAndNoMixtureWhileARebuildReplacesALiveGeneration(t *testing.T) {
	t.Parallel()
	pool, fold := connect(t), viewtest.DefaultFold()
	parts := viewtest.Shuffled(6000, 200).Partition(2)
	l := newMemoryLog([][]eventstore.Record{nil, nil})
	half := func(p int) int { return len(parts[p]) / 2 }
	for p := range parts {
		l.append(p, parts[p][:half(p)]...)
	}
	fill(t, pool, l, fold)
	ctx, stop := context.WithCancel(t.Context())
	var group errgroup.Group
	group.Go(func() error { return server(ctx, pool, l) })
	group.Go(func() error { return read(ctx, pool) })
	rest := make(chan struct{})
	group.Go(func() error {
		defer close(rest)
		for p := range parts { // the log grows while it is loaded
			for i := half(p); i < len(parts[p]); i += 50 {
				l.append(p, parts[p][i:min(i+50, len(parts[p]))]...)
				if _, err := pool.Exec(ctx, "SELECT 1"); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for range 2 {
		done, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{Memory: 200_000})
		if err != nil || len(done.Differences) > 0 {
			t.Fatalf("%+v, %v", done, err)
		}
	}
	<-rest
	reached(t, pool, l)
	stop()
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	store := checkLive(t, pool, l)
	if s := summary(t, store); s.Events != 6000 || s.Digest != summaryOf(t, reference(t, l, fold)).Digest || store.Era() != 0 {
		t.Errorf("at the end, in era %d: %+v", store.Era(), s)
	}
}

func summaryOf(t *testing.T, store projections.Store) *projections.Summary {
	t.Helper()
	s, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reached waits until the live generation has folded the whole log.
func reached(t *testing.T, pool *pgxpool.Pool, l *memoryLog) {
	t.Helper()
	ends, err := l.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for value[int64](t, pool, "SELECT sum(next_offset)::bigint FROM rapport.checkpoints") < ends[0]+ends[1] {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// read asks as analysts and as the API do, until ctx ends. Every record of the log is an event that is accepted, so their
// number must be that of the positions in every answer, and it must never go down.
func read(ctx context.Context, pool *pgxpool.Pool) error {
	const query = "SELECT (SELECT sum(events) FROM rapport.customers)::bigint, (SELECT sum(next_offset) FROM rapport.checkpoints)::bigint"
	var latest int64
	for ctx.Err() == nil {
		var events, positions int64
		if err := pool.QueryRow(ctx, query).Scan(&events, &positions); err != nil {
			if ctx.Err() != nil {
				break
			}
			return fmt.Errorf("an analyst got: %w", err)
		}
		if events != positions || events < latest {
			return fmt.Errorf("an analyst saw %d events at positions that sum to %d, after %d events", events, positions, latest)
		}
		latest = events
		store, _, err := pgview.OpenLive(ctx, pool)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("a reader got: %w", err)
		}
		if err != nil {
			break
		}
		s, err := store.Summary(ctx)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("a reader got: %w", err)
		}
		if err == nil && (s.Events != s.Positions[0]+s.Positions[1] || s.Events < latest) {
			return fmt.Errorf("a reader saw %d events at %s after %d", s.Events, s.Positions, latest)
		}
	}
	return nil
}

func TestARebuildThatWasInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	pool, fold := connect(t), viewtest.DefaultFold()
	l := controlled(t, viewtest.Generate(50, 3000, 120).Partition(2))
	old := fill(t, pool, l, fold)
	random := rand.New(rand.NewPCG(50, 1))
	interrupted := 0
	for {
		ctx, cancel := context.WithCancel(t.Context())
		left := 1 + random.IntN(60)
		done, err := pgview.Rebuild(ctx, pool, l, pgview.RebuildOptions{Memory: 100_000, Parallel: 1, Progress: func(refold.Progress) {
			if left--; left == 0 {
				cancel()
			}
		}})
		cancel()
		if err == nil {
			if done.Generation != "rapport_g2" {
				t.Errorf("it ends with generation %s, want the one it began with", done.Generation)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		interrupted++
		if live := value[string](t, pool, "SELECT schema_name FROM rapport.generations WHERE state = 'live'"); live != old.Generation() {
			t.Fatalf("generation %s is live after an interruption", live)
		}
	}
	if interrupted < 3 {
		t.Errorf("it was interrupted %d times, which shows nothing", interrupted)
	}
	checkLive(t, pool, l)
}

func TestTwoRebuildsDoNotMeet(t *testing.T) {
	t.Parallel()
	pool, fold := connect(t), viewtest.DefaultFold()
	l := controlled(t, viewtest.Generate(51, 300, 20).Partition(1))
	fill(t, pool, l, fold)
	tried := false
	_, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{Progress: func(refold.Progress) {
		if tried {
			return
		}
		tried = true
		if _, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{}); !errors.Is(err, pgview.ErrRebuildRunning) {
			t.Errorf("the second one got the error %v, want ErrRebuildRunning", err)
		}
		if err := pgview.DropGeneration(t.Context(), pool, 2); !errors.Is(err, pgview.ErrRebuildRunning) {
			t.Errorf("dropping its generation got the error %v, want ErrRebuildRunning", err)
		}
		list, err := pgview.ListGenerations(t.Context(), pool)
		if err != nil || len(list) != 2 || list[1].Rebuild == nil || !list[1].Rebuild.Running || list[1].State != pgview.StateLoading {
			t.Errorf("the generations are %+v, %v", list, err)
		}
	}})
	if err != nil || !tried {
		t.Fatal(tried, err)
	}
}

func TestAGenerationThatDiffersIsShownOnlyWhenThatIsAccepted(t *testing.T) {
	t.Parallel()
	pool, fold := connect(t), viewtest.DefaultFold()
	l := controlled(t, viewtest.Generate(52, 600, 30).Partition(2))
	fill(t, pool, l, fold)
	execute(t, pool, "UPDATE rapport_g1.customers SET events = events + 1, digest1 = digest1 + 5 WHERE id = 'C00007'")
	execute(t, pool, "UPDATE rapport_g1.checkpoints SET digest1 = digest1 + 5 WHERE partition = (SELECT partition FROM rapport_g1.customers WHERE id = 'C00007')")
	for range 2 { // the second one goes on with the generation of the first
		_, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{})
		different, ok := errors.AsType[*pgview.DifferentError](err)
		if !ok || different.Generation != "rapport_g2" {
			t.Fatalf("the error is %v, want a DifferentError", err)
		}
		if shown := fmt.Sprintf("%+v", different.Differences); !strings.Contains(shown, "C00007") || !strings.Contains(shown, "events") || len(different.Differences) != 2 {
			t.Errorf("the differences are %s", shown)
		}
		list, err := pgview.ListGenerations(t.Context(), pool)
		if err != nil || list[0].State != pgview.StateLive || list[1].Rebuild.Phase != pgview.PhaseDifferent || list[1].Rebuild.Running {
			t.Errorf("the generations are %+v, %v", list, err)
		}
	}
	done, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{Accept: true})
	if err != nil || len(done.Differences) != 2 || done.Generation != "rapport_g2" {
		t.Fatalf("%+v, %v", done, err)
	}
	checkLive(t, pool, l)
}

func TestAnotherPolicyMakesAnotherEraAndARollbackGoesBack(t *testing.T) {
	t.Parallel()
	pool, fold := connect(t), viewtest.DefaultFold()
	history := viewtest.Generate(53, 900, 40)
	l := newMemoryLog(history.Partition(2))
	before := summary(t, fill(t, pool, l, fold))
	other := policy(t, "version: other\nlifecycle: {decline_gaps: 1.1, maturity_tenure_days: 3}")
	done, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{Policy: other.Policy()})
	if err != nil || done.Exact || done.Generation != "rapport_g2" {
		t.Fatalf("%+v, %v", done, err)
	}
	store := checkLive(t, pool, l)
	if s := summary(t, store); s.Digest == before.Digest || s.PolicyVersion != "other" || store.Era() != 1 {
		t.Errorf("under the other policy in era %d: %+v", store.Era(), s)
	}
	more := viewtest.Purchases(400, 30).Partition(2)
	for p := range more {
		l.append(p, more[p]...)
	}
	follow(t, store, l, other)

	back, err := pgview.Rollback(t.Context(), pool, l, 0, pgview.RebuildOptions{})
	if err != nil || back.Generation != "rapport_g1" || back.Replaced != "rapport_g2" {
		t.Fatalf("%+v, %v", back, err)
	}
	again := checkLive(t, pool, l)
	if again.Era() != 2 || back.Positions.String() != summary(t, again).Positions.String() {
		t.Errorf("after going back in era %d at %s: %+v", again.Era(), back.Positions, summary(t, again))
	}
	viewtest.Equal(t, again, reference(t, l, fold), history.Subjects())
	if _, err := pgview.Rollback(t.Context(), pool, l, 7, pgview.RebuildOptions{}); !errors.Is(err, pgview.ErrNoGeneration) {
		t.Errorf("going back to what does not exist got the error %v, want ErrNoGeneration", err)
	}
	if err := pgview.DropGeneration(t.Context(), pool, 1); err == nil {
		t.Error("the live generation could be dropped")
	}
	if err := pgview.DropGeneration(t.Context(), pool, 2); err != nil {
		t.Error(err)
	}
	if err := pgview.DropGeneration(t.Context(), pool, 2); !errors.Is(err, pgview.ErrNoGeneration) {
		t.Errorf("dropping it again got the error %v, want ErrNoGeneration", err)
	}
}

func TestAnEmptyDatabaseIsFilledByARebuild(t *testing.T) {
	t.Parallel()
	pool := connect(t)
	l := controlled(t, viewtest.Generate(54, 500, 20).Partition(2))
	done, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{})
	if err != nil || done.Replaced != "" || done.Records == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	checkLive(t, pool, l)
	// A server that is started then goes on with it.
	if store := open(t, pool, projections.NewFold(domain.DefaultPolicy()), pgview.Options{Partitions: 2}); store.Generation() != done.Generation {
		t.Errorf("a server goes on with %s, want %s", store.Generation(), done.Generation)
	}
}

func TestARebuildIsNeverAheadOfTheLiveGeneration(t *testing.T) {
	t.Parallel()
	pool, fold := connect(t), viewtest.DefaultFold()
	parts := viewtest.Purchases(400, 20).Partition(2)
	l := newMemoryLog([][]eventstore.Record{parts[0][:150], parts[1][:150]})
	fill(t, pool, l, fold)
	for p := range parts { // what the live generation has not folded
		l.append(p, parts[p][150:]...)
	}
	done, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{})
	if err != nil || done.Positions.String() != "0:150,1:150" {
		t.Fatalf("%+v, %v", done, err)
	}
	if s := summary(t, checkLive(t, pool, l)); s.Events != 300 {
		t.Errorf("the new generation has %d events, want the 300 that the live one had", s.Events)
	}
}

func TestALiveGenerationInTheMiddleOfAPolicyIsNotReplaced(t *testing.T) {
	t.Parallel()
	pool, fold := connect(t), viewtest.DefaultFold()
	l := newMemoryLog(viewtest.Purchases(200, 20).Partition(1))
	fill(t, pool, l, fold)
	execute(t, pool, "UPDATE rapport_g1.checkpoints SET sweep = 'C00010'")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waits := make(chan struct{})
	logger := onMessage("the switch waits", func() { close(waits) })
	ended := make(chan error, 1)
	go func() {
		_, err := pgview.Rebuild(ctx, pool, l, pgview.RebuildOptions{Logger: logger})
		ended <- err
	}()
	<-waits
	execute(t, pool, "UPDATE rapport_g1.checkpoints SET sweep = ''")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	checkLive(t, pool, l)
}

func TestALongQueryOfAnAnalystDelaysTheSwitchAndNobodyElse(t *testing.T) {
	t.Parallel()
	pool, fold := connect(t), viewtest.DefaultFold()
	l := newMemoryLog(viewtest.Purchases(200, 20).Partition(1))
	fill(t, pool, l, fold)
	analyst, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = analyst.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := analyst.Exec(t.Context(), "SELECT * FROM rapport.customers"); err != nil {
		t.Fatal(err)
	}
	waits := make(chan struct{})
	logger := onMessage("the switch waits", func() { close(waits) })
	ended := make(chan error, 1)
	go func() {
		_, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{Logger: logger})
		ended <- err
	}()
	<-waits
	if _, err := analyst.Exec(t.Context(), "SELECT * FROM rapport.moves"); err != nil {
		t.Errorf("the analyst got %v", err)
	}
	if err := analyst.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	checkLive(t, pool, l)
}

func TestAGenerationWithOtherCellsIsNotShown(t *testing.T) {
	t.Parallel()
	pool, fold := connect(t), viewtest.DefaultFold()
	l := controlled(t, viewtest.Generate(52, 600, 30).Partition(2))
	fill(t, pool, l, fold)
	execute(t, pool, "UPDATE rapport_g1.cells SET n1 = n1 + 5 WHERE partition = 1")
	_, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{})
	if _, ok := errors.AsType[*pgview.DifferentError](err); !ok {
		t.Fatalf("the error is %v, want a DifferentError", err)
	}
}
