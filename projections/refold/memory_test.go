package refold_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/rapport-crm/rapport/projections/refold"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// heap returns the bytes in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// This test is not parallel: it looks at the memory of the process.
func TestTheEstimateOfMemoryIsNearWhatTheStreamsTake(t *testing.T) {
	for name, history := range map[string]*viewtest.History{
		"ten purchases each":   viewtest.Purchases(100_000, 10_000),
		"one purchase each":    viewtest.Purchases(20_000, 20_000),
		"long streams":         viewtest.Purchases(100_000, 50),
		"events of every kind": viewtest.Generate(1, 30_000, 3000),
	} {
		l := &log{parts: history.Partition(1), window: 4000}
		before := heap()
		err := refold.Partition(t.Context(), l, 0, l.ends()[0], refold.Options{Fold: viewtest.DefaultFold()}, func(_ context.Context, pass *refold.Pass) error {
			took, estimate := heap()-before, pass.Bytes()
			t.Logf("%s: %d bytes, estimated as %d", name, took, estimate)
			if took > estimate+estimate/4 || took < estimate/4 {
				t.Errorf("%s: the streams take %d bytes and were estimated at %d", name, took, estimate)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
