package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/kafkatest"
)

// clients is how many append at a time in the benchmarks of verdicts.
const clients = 64

// BenchmarkVerdictHTTP posts single events with Prefer: wait from 64 clients. The clients take their share of the
// machine; BenchmarkVerdictDoor shows what is left without them.
func BenchmarkVerdictHTTP(b *testing.B) {
	onBrokers(b, func(s *server) {
		req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/v1/events", bytes.NewReader(oneOfMany()))
		if err != nil {
			s.t.Error(err)
			return
		}
		req.Header.Set("Content-Type", one)
		req.Header.Set("Prefer", "wait")
		res, err := s.client.Do(req)
		if err != nil {
			s.t.Error(err)
			return
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusCreated {
			s.t.Error(res.Status, err)
		}
	})
}

// BenchmarkVerdictDoor appends single events and waits for their verdicts from 64 goroutines, without HTTP.
func BenchmarkVerdictDoor(b *testing.B) {
	onBrokers(b, func(s *server) {
		events := make([]domain.Event, 1)
		if err := wire.DecodeJSON(&events[0], oneOfMany()); err != nil {
			s.t.Error(err)
			return
		}
		results, err := s.opts.Ingest.Append(s.t.Context(), events)
		if err != nil {
			s.t.Error(err)
			return
		}
		if s.opts.Ingest.Await(s.t.Context(), results); !results[0].Judged {
			s.t.Errorf("there is no verdict on %s", results[0].Position)
		}
	})
}

// oneOfMany returns an event with an id of its own, of one of 10,000 customers. It takes little of the time that is
// measured.
func oneOfMany() []byte {
	n := ids.Add(1)
	return fmt.Appendf(nil, `{"specversion":"1.0","id":"0199a1b2-0000-7000-8000-%012d","source":"urn:test","type":"purchase.recorded",`+
		`"subject":"c%d","time":"2026-03-01T09:30:00Z","data":{"amount":{"minor":12900,"currency":"CNY"},"quantity":1}}`, n, n%10_000)
}

// onBrokers runs a benchmark over each kind of embedded broker and over Apache Kafka, which leaves syncs to the operating
// system; step is what each client does, over and over.
func onBrokers(b *testing.B, step func(*server)) {
	b.Helper()
	for _, on := range []struct {
		name   string
		disk   bool
		noSync bool
	}{{"memory", false, false}, {"nosync", true, true}, {"synced", true, false}} {
		b.Run(on.name, func(b *testing.B) {
			opts := broker.Options{NoSync: on.noSync}
			if on.disk {
				opts.Dir = b.TempDir()
			}
			measure(b, setupOn(b, opts), step)
		})
	}
	b.Run("kafka", func(b *testing.B) {
		topic := fmt.Sprintf("verdicts-%d", ids.Add(1))
		measure(b, setupAt(b, eventstore.Config{Brokers: []string{kafkatest.Broker(b)}, Topic: topic, Partitions: 3}), step)
	})
}

// measure lets the clients take steps and reports how many in all and how long one takes.
func measure(b *testing.B, s *server, step func(*server)) {
	b.Helper()
	s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = clients
	var mu sync.Mutex
	var all []time.Duration
	b.SetParallelism((clients + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var took []time.Duration
		for pb.Next() {
			start := time.Now()
			step(s)
			took = append(took, time.Since(start))
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, took...)
	})
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
}
