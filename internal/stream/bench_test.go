package stream_test

import (
	"runtime"
	"testing"

	"github.com/rapport-crm/rapport/internal/stream"
)

// BenchmarkAThousandClients publishes 2,000 outputs that 1,000 clients of one process get: 2 million Server-Sent Events.
func BenchmarkAThousandClients(b *testing.B) {
	const clients, outputs = 1000, 2000
	c := setup(b, 4)
	h, _ := c.hub(b, stream.Options{})
	var before, after runtime.MemStats
	for b.Loop() {
		ready, done := serveMany(b, h, clients, outputs)
		ready.Wait()
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range outputs / 100 {
			c.publish(b, 100)
		}
		done.Wait()
		runtime.ReadMemStats(&after)
	}
	b.ReportMetric(float64(clients*outputs)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(before.HeapInuse+before.StackInuse)/clients, "B/client-waiting")
	b.ReportMetric(float64(after.HeapInuse>>20), "MiB-heap-after")
}
