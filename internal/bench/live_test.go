package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/bench/naive"
	"github.com/rapport-crm/rapport/internal/outputs"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/pgview"
)

// liveWindow is how much the engine fetches and folds at a time into a database.
const liveWindow = 4 << 20

// durable returns a pool on a PostgreSQL of its own that syncs its commits.
func durable(b *testing.B) *pg.Pool {
	b.Helper()
	server := pgtest.Server(b, &pgtest.Options{Settings: map[string]string{"shared_buffers": "512MB", "max_wal_size": "4GB"}})
	pool, err := pg.Open(b.Context(), server.URL(), pg.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return pool
}

// views returns empty views in a PostgreSQL.
func views(b *testing.B, l *eventstore.Log) (*pgview.Store, *projections.Fold) {
	b.Helper()
	fold := projections.NewFold(domain.DefaultPolicy())
	store, err := pgview.Open(b.Context(), durable(b), fold, pgview.Options{Partitions: l.Partitions()})
	if err != nil {
		b.Fatal(err)
	}
	return store, fold
}

// share returns the positions that cover at most n events of the log, as many in each partition.
func share(ends eventstore.Positions, n int) eventstore.Positions {
	at := ends.Clone()
	for p := range at {
		at[p] = min(at[p], int64(n/len(at)))
	}
	return at
}

// BenchmarkLive folds the log into PostgreSQL as a serving engine does that catches up: checkpointed batches, commits
// synced.
func BenchmarkLive(b *testing.B) {
	live(b, log(b), func(*pgview.Store) projections.Register { return nil })
}

// BenchmarkLiveWithStates is BenchmarkLive with the state of each customer that a batch changed published on a topic. The
// topic is not compacted, which the embedded broker could not do; that is work of a broker afterwards.
func BenchmarkLiveWithStates(b *testing.B) {
	l := log(b)
	outlet, err := eventstore.OpenOutlet(b.Context(), eventstore.Config{Brokers: l.Brokers(), Partitions: l.Partitions()},
		eventstore.OutletTopic{Name: domain.CustomersTopic})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := outlet.Close(); err != nil {
			b.Error(err)
		}
	})
	var states atomic.Int64
	count := func(_ string, n int) { states.Add(int64(n)) }
	live(b, l, func(store *pgview.Store) projections.Register {
		return outputs.NewCustomers(outlet, store, outputs.Options{Era: store.Era, Count: count})
	})
	b.ReportMetric(float64(states.Load())/float64(b.N), "states/op")
}

// live folds a share of the log into views of PostgreSQL, and puts states into the register of each.
func live(b *testing.B, l *eventstore.Log, register func(*pgview.Store) projections.Register) {
	b.Helper()
	ends, err := l.Ends(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	until := share(ends, 400_000)
	n := 0
	for b.Loop() {
		b.StopTimer()
		store, fold := views(b, l)
		b.StartTimer()
		options := projections.RunnerOptions{WindowBytes: liveWindow, Register: register(store)}
		runner := projections.NewRunner(l, store, fold, options)
		if err := runner.RunUntil(b.Context(), until); err != nil {
			b.Fatal(err)
		}
		n += total(until)
	}
	report(b, n)
}

// BenchmarkNaivePeer is BenchmarkLive with the peer that a user would write: one handler call and one transaction for each
// message.
func BenchmarkNaivePeer(b *testing.B) {
	l := log(b)
	const events = 20_000
	n := 0
	for b.Loop() {
		b.StopTimer()
		peer, err := naive.New(b.Context(), naive.Config{
			Brokers: l.Brokers(), Topic: l.Topic(), Group: "naive." + uuid.NewString(), Pool: durable(b),
		})
		if err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(b.Context())
		done := make(chan error, 1)
		b.StartTimer()
		go func() { done <- peer.Run(ctx) }()
		for peer.Handled() < events {
			time.Sleep(time.Millisecond)
		}
		b.StopTimer()
		n += int(peer.Handled())
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	report(b, n)
}

// BenchmarkVisible appends 5,000 events a second and reports how long after its append an event is in the views of a
// PostgreSQL.
func BenchmarkVisible(b *testing.B) {
	const rate, round = 5000, 50
	l := ownLog(b)
	store, fold := views(b, l)
	progress := projections.NewProgress(l.Partitions())
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	runner := projections.NewRunner(l, store, fold, projections.RunnerOptions{Progress: progress, WindowBytes: liveWindow})
	go func() { done <- runner.Run(ctx) }()
	var waits []time.Duration
	results := make(chan time.Duration, 1<<16)
	n := 0
	b.ResetTimer()
	for b.Loop() {
		pending := 0
		beat := time.NewTicker(round * time.Second / rate)
		for range 5 * rate / round {
			<-beat.C
			began := time.Now()
			appended, err := l.Append(ctx, eventsOf(customers, n, round))
			if err != nil {
				b.Fatal(err)
			}
			n += round
			pending++
			go func() {
				for _, a := range appended {
					at := make(eventstore.Positions, l.Partitions())
					at[a.Position.Partition] = a.Position.Offset + 1
					if err := progress.Wait(ctx, at); err != nil {
						return
					}
				}
				results <- time.Since(began)
			}()
		}
		beat.Stop()
		for range pending {
			waits = append(waits, <-results)
		}
	}
	b.StopTimer()
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		b.Fatal(err)
	}
	slices.Sort(waits)
	report(b, n)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkTimeline reads the 100 newest events of a customer, which lie 10,000 records apart, from the log.
func BenchmarkTimeline(b *testing.B) {
	l := log(b)
	ends, err := l.Ends(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, l.Partitions())
	if err := projections.NewRunner(l, store, fold, projections.RunnerOptions{}).RunUntil(b.Context(), ends); err != nil {
		b.Fatal(err)
	}
	reader := replay.NewReader(l, store, func() *projections.Fold { return fold })
	runtime.GC()
	b.ResetTimer()
	for b.Loop() {
		page, err := reader.Timeline(b.Context(), rareCustomer, replay.TimelineRequest{Limit: 100})
		if err != nil || len(page.Items) == 0 {
			b.Fatal(fmt.Errorf("%d items: %w", len(page.Items), err))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/page")
	b.ReportMetric(0, "ns/op")
}
