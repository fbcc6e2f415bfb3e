package bench

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/refold"
)

// BenchmarkRebuild folds a log with ten events a customer into a new generation in a durable PostgreSQL, from the first
// fetch to the switch: fold, COPY, keys and indexes.
func BenchmarkRebuild(b *testing.B) {
	l := rebuildLog(b, size(b))
	for _, memory := range []int64{8 << 30, 2 << 30, 256 << 20} {
		b.Run(fmt.Sprintf("memory=%dMiB", memory>>20), func(b *testing.B) { rebuild(b, l, memory) })
	}
}

func rebuild(b *testing.B, l *eventstore.Log, memory int64) {
	b.Helper()
	// As the verb does.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory))
	var peak atomic.Uint64
	var times *phases
	n := 0
	for b.Loop() {
		b.StopTimer()
		server := pgtest.Server(b, &pgtest.Options{Settings: map[string]string{"shared_buffers": "512MB", "max_wal_size": "4GB"}})
		pool, err := pg.Open(b.Context(), server.URL(), pg.Options{})
		if err != nil {
			b.Fatal(err)
		}
		times = newPhases(b, pool, times)
		b.StartTimer()
		done, err := pgview.Rebuild(b.Context(), pool, l, pgview.RebuildOptions{
			Memory: memory / 5 * 3, Progress: func(refold.Progress) { noteHeap(&peak) }, Logger: slog.New(times),
		})
		b.StopTimer()
		if err != nil {
			b.Fatal(err)
		}
		n += int(done.Records)
		times.end("")
		pool.Close()
		server.Stop()
		b.StartTimer()
	}
	report(b, n)
	times.report(n)
	b.ReportMetric(float64(peak.Load()>>20), "MiB-heap")
}

// noteHeap raises peak to the memory of the heap that is in use.
func noteHeap(peak *atomic.Uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	for now := sample[0].Value.Uint64(); ; {
		before := peak.Load()
		if now <= before || peak.CompareAndSwap(before, now) {
			return
		}
	}
}

// rebuildLog returns a log of n events, ten a customer, in an embedded broker on disk.
func rebuildLog(b *testing.B, n int) *eventstore.Log {
	b.Helper()
	br, err := broker.Open(broker.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closing(b, br) })
	l, err := openLog(br)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closing(b, l) })
	var group errgroup.Group
	group.SetLimit(3)
	for i := 0; i < n; i += batch {
		group.Go(func() error {
			_, err := l.Append(b.Context(), eventsOf(max(n/10, 1), i, min(batch, n-i)))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return l
}
