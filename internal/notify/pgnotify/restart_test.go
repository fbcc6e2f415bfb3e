package pgnotify_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/kafkabus"
	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/notify/pgnotify"
)

const topic = "rapport.lifecycle"

// engine runs a deliverer on Kafka and PostgreSQL until the returned function is called.
func engine(t *testing.T, addr string, store notify.Store, attempted chan<- notify.Delivery) (stop func()) {
	t.Helper()
	subscriber, err := kafkabus.NewSubscriber(kafkabus.SubscriberConfig{
		Connection: kafkabus.Connection{Brokers: []string{addr}}, Group: "webhooks", DrainTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := subscriber.SubscribeInitialize(topic); err != nil {
		t.Fatal(err)
	}
	source := func() (message.Subscriber, error) { return subscriber, nil }
	d := notify.NewDeliverer(store, source, notify.Options{
		Topics: []string{topic}, Poll: 20 * time.Millisecond, Schedule: notify.Schedule{Delays: []time.Duration{50 * time.Millisecond}},
		AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, BreakerPause: 50 * time.Millisecond,
		Attempted: func(d notify.Delivery) {
			select {
			case attempted <- d:
			default:
			}
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

func publish(t *testing.T, p *kafkabus.Publisher, customer, id string) {
	t.Helper()
	ev := domain.Event{
		ID: id, Source: "rapport", Type: "lifecycle.started", Subject: customer, Time: domain.InstantOf(time.Now()),
		ExpectedVersion: domain.NoExpectation, Data: []byte(`{"to":"prospect"}`),
	}
	msg := message.NewMessage(ev.ID, wire.Encode(nil, &ev))
	msg.Metadata.Set(kafkabus.PartitionKey, customer)
	for _, h := range wire.Headers() {
		msg.Metadata.Set(h.Key, string(h.Value))
	}
	if err := p.Publish(topic, msg); err != nil {
		t.Fatal(err)
	}
}

func TestOutputsOfKafkaReachAReceiverThatWasDownAcrossARestart(t *testing.T) {
	t.Parallel()
	b, err := broker.Open(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	key := notify.NewKey()
	var up atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = notify.Verify([]notify.Key{key}, r.Header, body, time.Now())
		}
		if err != nil {
			t.Error(err)
		}
		if !up.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(server.Close)
	store, err := pgnotify.Open(t.Context(), connect(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Subscribe(t.Context(), notify.Subscription{
		ID: "a", URL: server.URL, Ordered: true, Secrets: []notify.Secret{{Key: key, CreatedAt: time.Now()}}, CreatedAt: time.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	publisher, err := kafkabus.NewPublisher(kafkabus.PublisherConfig{Connection: kafkabus.Connection{Brokers: []string{b.Addr()}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = publisher.Close() })

	attempted := make(chan notify.Delivery, 64)
	stop := engine(t, b.Addr(), store, attempted)
	publish(t, publisher, "ann", "1")
	first := <-attempted
	stop()
	if first.Status != notify.Pending || first.Log[0].Status != http.StatusBadGateway {
		t.Errorf("the first attempt left %+v", first)
	}
	publish(t, publisher, "ann", "2")
	up.Store(true)
	stop = engine(t, b.Addr(), store, attempted)
	defer stop()
	var taken []string
	for len(taken) < 2 {
		if d := <-attempted; d.Status == notify.Delivered {
			taken = append(taken, d.Event)
			if d.Event == "1" && d.ID != first.ID {
				t.Errorf("after the restart the id is %s, want %s", d.ID, first.ID)
			}
		}
	}
	if taken[0] != "1" || taken[1] != "2" {
		t.Errorf("the outputs were taken as %v", taken)
	}
}
