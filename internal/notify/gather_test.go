package notify

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// fragile is a store that panics when it is to keep the delivery of one event, and knows the most it was given at a time.
type fragile struct {
	*Memory
	breaksOn string

	mu   sync.Mutex
	most int
}

func (s *fragile) Add(ctx context.Context, deliveries []Delivery) (int, error) {
	if slices.ContainsFunc(deliveries, func(d Delivery) bool { return d.Event == s.breaksOn }) {
		panic("this one again")
	}
	s.mu.Lock()
	s.most = max(s.most, len(deliveries))
	s.mu.Unlock()
	return s.Memory.Add(ctx, deliveries)
}

func TestAmongOutputsThatComeTogetherOnlyTheOneWithoutHopeIsSetAside(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		tenth *message.Message
		// aside is how many are set aside, and most how many the store gets at a time.
		aside, most int
	}{
		{"none is without hope", output("ann", 10, time.Now()), 0, 21},
		{"one is malformed", message.NewMessage("bad", []byte("no output")), 1, 1},
		{"one makes the store panic", output("bad", 1, time.Now()), 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kafka, err := broker.Open(broker.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := kafka.Close(); err != nil {
					t.Error(err)
				}
			})
			store, aside := &fragile{Memory: NewMemory(), breaksOn: "bad-1"}, &poisoned{}
			if err := store.Subscribe(t.Context(), Subscription{ID: "a", URL: "https://example.com", Secrets: []Secret{{Key: NewKey()}}, CreatedAt: time.Now(), Ordered: true}); err != nil {
				t.Fatal(err)
			}
			connection := kafkabus.Connection{Brokers: []string{kafka.Addr()}}
			config := kafkabus.SubscriberConfig{Connection: connection, Group: "webhooks", Topic: kafkabus.TopicConfig{Partitions: 1}}
			publishAll(t, config, func(n int) *message.Message {
				if n == 10 {
					return c.tenth
				}
				return output("ann", n, time.Now())
			}, 21)
			delivered := make(chan string, 21)
			receiver := &receiver{answer: func(_ context.Context, _ *Subscription, d *Delivery) Attempt {
				delivered <- d.Event
				return status(204)
			}}
			d := newDeliverer(store, OutputsOf(config), Options{Topics: []string{topic}, Poison: aside}.withDefaults(), receiver)
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { d.Run(ctx) })
			var got, want []string
			for n := range 21 {
				if n != 10 || c.aside == 0 {
					got, want = append(got, <-delivered), append(want, fmt.Sprintf("ann-%d", n))
				}
			}
			cancel()
			running.Wait()
			if !slices.Equal(got, want) {
				t.Errorf("delivered are %q, want %q", got, want)
			}
			if len(aside.ids) != c.aside || store.most != c.most {
				t.Errorf("%q were set aside, and the store got %d at a time; want %d and %d", aside.ids, store.most, c.aside, c.most)
			}
		})
	}
}

// publishAll publishes n messages in one partition of a topic that it makes.
func publishAll(t *testing.T, config kafkabus.SubscriberConfig, messages func(n int) *message.Message, n int) {
	t.Helper()
	subscriber, err := kafkabus.NewSubscriber(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := subscriber.SubscribeInitialize(topic); err != nil {
		t.Fatal(err)
	}
	publisher, err := kafkabus.NewPublisher(kafkabus.PublisherConfig{Connection: config.Connection})
	if err != nil {
		t.Fatal(err)
	}
	all := make([]*message.Message, n)
	for i := range all {
		all[i] = messages(i)
	}
	if err := publisher.Publish(topic, all...); err != nil {
		t.Fatal(err)
	}
	if err := publisher.Close(); err != nil {
		t.Fatal(err)
	}
	if err := subscriber.Close(); err != nil {
		t.Fatal(err)
	}
}
