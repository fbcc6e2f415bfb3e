package projections_test

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

func purchase(customer, id string) eventstore.Record {
	ev := domain.Event{
		ID: id, Source: "test", Type: "purchase.recorded", Subject: customer, Time: domain.InstantOf(domain.Date(20_000).Time()),
		ExpectedVersion: domain.NoExpectation, Data: []byte(`{"amount":{"minor":1,"currency":"CNY"}}`),
	}
	return eventstore.Record{Key: []byte(customer), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
}

func appendAll(t *testing.T, log *eventstore.Log, records ...eventstore.Record) eventstore.Positions {
	t.Helper()
	if _, err := log.Append(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ends
}

func TestARunnerShowsWhatIsAppendedWhileItRunsAndStopsCleanly(t *testing.T) {
	t.Parallel()
	log := logtest.Embedded(t, 2)
	appendAll(t, log, purchase("a", "1"), purchase("b", "1"))
	store := memview.New(defaultFold, 2)
	progress := projections.NewProgress(2)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- projections.NewRunner(log, store, defaultFold, projections.RunnerOptions{Progress: progress}).Run(ctx)
	}()
	ends := appendAll(t, log, purchase("a", "2"), purchase("c", "1"))
	if err := progress.Wait(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	if s := summary(t, store); s.Events != 4 || s.Customers != 3 || s.Positions.String() != ends.String() {
		t.Errorf("%d events of %d customers at %s, want %s", s.Events, s.Customers, s.Positions, ends)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the runner ended with %v", err)
	}
}

func TestARunnerResumesAtTheCheckpoint(t *testing.T) {
	t.Parallel()
	log := logtest.Embedded(t, 2)
	store := memview.New(defaultFold, 2)
	runner := projections.NewRunner(log, store, defaultFold, projections.RunnerOptions{})
	for i, id := range []string{"1", "2", "3"} {
		if err := runner.RunUntil(t.Context(), appendAll(t, log, purchase("a", id))); err != nil {
			t.Fatal(err)
		}
		if s := summary(t, store); s.Events != int64(i+1) || s.Verdicts["duplicate"] != 0 {
			t.Errorf("run %d: %v", i, s.Verdicts)
		}
	}
}

func TestARunnerRefusesALogThatWasMadeAnew(t *testing.T) {
	t.Parallel()
	log := logtest.Embedded(t, 2)
	store := memview.New(defaultFold, 2)
	ends := appendAll(t, log, purchase("a", "1"), purchase("b", "1"))
	if err := projections.NewRunner(log, store, defaultFold, projections.RunnerOptions{}).RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	other := logtest.Embedded(t, 2)
	ends = appendAll(t, other, purchase("a", "7"), purchase("b", "7"), purchase("a", "8"), purchase("b", "8"))
	err := projections.NewRunner(other, store, defaultFold, projections.RunnerOptions{}).RunUntil(t.Context(), ends)
	if !errors.Is(err, projections.ErrOtherLog) {
		t.Errorf("got %v", err)
	}
	if s := summary(t, store); s.Events != 2 {
		t.Errorf("%d events", s.Events)
	}
}

func TestARunnerReplacedByAnotherOneStops(t *testing.T) {
	t.Parallel()
	log := logtest.Embedded(t, 2)
	store := memview.New(defaultFold, 2)
	progress := projections.NewProgress(2)
	done := make(chan error, 1)
	go func() {
		done <- projections.NewRunner(log, store, defaultFold, projections.RunnerOptions{Progress: progress}).Run(t.Context())
	}()
	if err := progress.Wait(t.Context(), appendAll(t, log, purchase("a", "1"), purchase("b", "1"))); err != nil {
		t.Fatal(err)
	}
	for p := range 2 {
		if _, err := store.Claim(t.Context(), p, ""); err != nil {
			t.Fatal(err)
		}
	}
	appendAll(t, log, purchase("a", "2"), purchase("b", "2"))
	if err := <-done; !errors.Is(err, projections.ErrFenced) {
		t.Errorf("the runner ended with %v", err)
	}
	if s := summary(t, store); s.Events != 2 {
		t.Errorf("%d events", s.Events)
	}
}

func TestProgressWakesWhoWaitsForAPosition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := projections.NewProgress(2)
		go func() {
			for next := range int64(5) {
				time.Sleep(time.Second)
				p.Report(0, next)
				p.Report(1, 2*next)
			}
		}()
		began := time.Now()
		if err := p.Wait(t.Context(), eventstore.Positions{2, 5}); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 4*time.Second {
			t.Errorf("woken after %s at %s", waited, p.Positions())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.Wait(ctx, eventstore.Positions{100}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// flaky is a store whose commits fail so many times.
type flaky struct {
	*memview.Store
	left atomic.Int64
}

func (s *flaky) Begin(ctx context.Context, at projections.Checkpoint, names iter.Seq[string]) (projections.Batch, error) {
	b, err := s.Store.Begin(ctx, at, names)
	if err == nil && s.left.Add(-1) >= 0 {
		return failingBatch{b}, nil
	}
	return b, err
}

func TestARunnerWaitsForAStoreThatFails(t *testing.T) {
	t.Parallel()
	log := logtest.Embedded(t, 2)
	ends := appendAll(t, log, purchase("a", "1"), purchase("a", "2"), purchase("b", "1"))
	store := &flaky{Store: memview.New(defaultFold, 2)}
	store.left.Store(3)
	progress := projections.NewProgress(2)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- projections.NewRunner(log, store, defaultFold, projections.RunnerOptions{Progress: progress}).Run(ctx)
	}()
	if err := progress.Wait(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	if s := summary(t, store); s.Events != 3 || progress.Failing() != 0 {
		t.Errorf("%d events, %d partitions fail", s.Events, progress.Failing())
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the runner ended with %v", err)
	}
}
