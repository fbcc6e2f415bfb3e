package pgnotify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/kafkabus"
	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/notify/pgnotify"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// The load of the benchmark: as many endpoints, each of one org unit, and outputs in a second, each for one of them.
const (
	benchEndpoints = 100
	benchRate      = 2000
	benchBeat      = 10 * time.Millisecond
)

// BenchmarkPublishedToReceived measures the time from the publishing of an output to its arrival at an endpoint that answers
// at once, at a steady rate, with one endpoint in a hundred that never answers in time.
func BenchmarkPublishedToReceived(b *testing.B) {
	b.Run("file", func(b *testing.B) {
		store, err := notify.OpenFile(b.Context(), filepath.Join(b.TempDir(), "webhooks.ndjson"))
		if err != nil {
			b.Fatal(err)
		}
		defer store.Close()
		deliver(b, store)
	})
	b.Run("postgresql", func(b *testing.B) {
		pool, err := pg.Open(b.Context(), pgtest.Database(b), pg.Options{MaxConns: 8})
		if err != nil {
			b.Fatal(err)
		}
		defer pool.Close()
		store, err := pgnotify.Open(b.Context(), pool)
		if err != nil {
			b.Fatal(err)
		}
		deliver(b, store)
	})
}

// arrivals are the times that outputs took.
type arrivals struct {
	mu   sync.Mutex
	took []time.Duration
	all  chan struct{}
	want int
}

// ServeHTTP takes an output.
func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/u-0" {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		return
	}
	var ev struct{ Time time.Time }
	if json.NewDecoder(r.Body).Decode(&ev) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took = append(a.took, time.Since(ev.Time))
	if len(a.took) == a.want {
		close(a.all)
	}
}

func deliver(b *testing.B, store notify.Store) {
	b.Helper()
	kafka, err := broker.Open(broker.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer kafka.Close()
	connection := kafkabus.Connection{Brokers: []string{kafka.Addr()}}
	config := kafkabus.SubscriberConfig{Connection: connection, Group: "webhooks", Topic: kafkabus.TopicConfig{Partitions: 4}}
	subscriber, err := kafkabus.NewSubscriber(config)
	if err != nil {
		b.Fatal(err)
	}
	if err := subscriber.SubscribeInitialize(topic); err != nil {
		b.Fatal(err)
	}
	publisher, err := kafkabus.NewPublisher(kafkabus.PublisherConfig{Connection: connection})
	if err != nil {
		b.Fatal(err)
	}
	defer publisher.Close()
	got := &arrivals{all: make(chan struct{}), want: b.N - (b.N+benchEndpoints-1)/benchEndpoints}
	server := httptest.NewServer(got)
	defer server.Close()
	for i := range benchEndpoints {
		unit := fmt.Sprint("u-", i)
		if err := store.Subscribe(b.Context(), notify.Subscription{
			ID: unit, URL: server.URL + "/" + unit, OrgUnit: unit, Secrets: []notify.Secret{{Key: notify.NewKey()}}, CreatedAt: time.Now(),
		}); err != nil {
			b.Fatal(err)
		}
	}
	d := notify.NewDeliverer(store, func() (message.Subscriber, error) { return subscriber, nil }, notify.Options{
		Topics: []string{topic}, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: 5 * time.Second, Drain: time.Second,
	})
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx) })
	b.ResetTimer()
	emit(b, publisher)
	if got.want > 0 {
		<-got.all
	}
	b.StopTimer()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	cancel()
	running.Wait()
	slices.Sort(got.took)
	at := func(part float64) float64 {
		return float64(got.took[int(part*float64(len(got.took)-1))].Microseconds()) / 1000
	}
	if len(got.took) > 0 {
		b.ReportMetric(at(0.5), "p50-ms")
		b.ReportMetric(at(0.99), "p99-ms")
	}
	b.ReportMetric(float64(memory.HeapInuse>>20), "heap-MiB")
}

// emit publishes outputs at the rate of the benchmark, stamped with the time at which they are.
func emit(b *testing.B, publisher *kafkabus.Publisher) {
	b.Helper()
	beat := time.NewTicker(benchBeat)
	defer beat.Stop()
	for n := 0; n < b.N; {
		var messages []*message.Message
		for end := min(b.N, n+int(benchRate*benchBeat/time.Second)); n < end; n++ {
			customer := fmt.Sprint("c-", n)
			ev := domain.Event{
				ID: fmt.Sprint("o-", n), Source: "rapport", Type: "lifecycle.started", Subject: customer, Time: domain.InstantOf(time.Now()),
				OrgUnit: fmt.Sprint("u-", n%benchEndpoints), ExpectedVersion: domain.NoExpectation, Data: []byte(`{"to":"prospect","cause":"interaction"}`),
			}
			msg := message.NewMessage(ev.ID, wire.Encode(nil, &ev))
			msg.Metadata.Set(kafkabus.PartitionKey, customer)
			for _, h := range wire.Headers() {
				msg.Metadata.Set(h.Key, string(h.Value))
			}
			messages = append(messages, msg)
		}
		if err := publisher.Publish(topic, messages...); err != nil {
			b.Fatal(err)
		}
		<-beat.C
	}
}
