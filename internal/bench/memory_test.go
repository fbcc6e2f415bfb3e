package bench

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// BenchmarkMemoryPerCustomer folds ten events a customer and reports what one customer takes in the memory store, and what
// an event costs there: decoding, folding and two collections of the heap.
func BenchmarkMemoryPerCustomer(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("customers=%d", n), func(b *testing.B) {
			lives(b, 1) // the tables that all stores share are made once
			var bytes float64
			events := 0
			for b.Loop() {
				before := heap()
				store := lives(b, n)
				events += 10 * n
				bytes = float64(heap()-before) / float64(n)
				runtime.KeepAlive(store)
			}
			b.ReportMetric(bytes, "B/customer")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// recorded is when the log took the events: after all of them occurred.
var recorded = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// heap returns the bytes in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// lives returns a store with n customers of ten events each.
func lives(b *testing.B, n int) *memview.Store {
	b.Helper()
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, 1)
	folder := projections.NewFolder(fold, store, projections.FolderOptions{PartitionOf: func([]byte) int { return 0 }})
	at, err := folder.Claim(b.Context(), 0)
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < 10*n; from += batch {
		records := eventsOf(n, from, min(batch, 10*n-from))
		for i := range records {
			records[i].Offset = int64(from + i)
			records[i].RecordedAt = recorded
		}
		if at, err = folder.Fold(b.Context(), at, records); err != nil {
			b.Fatal(err)
		}
	}
	return store
}
