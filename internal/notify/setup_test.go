package notify

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "rapport.lifecycle"

// receiver answers requests in virtual time.
type receiver struct {
	// answer returns the status, and may take its time; 0 is no answer.
	answer func(ctx context.Context, s *Subscription, d *Delivery) Attempt

	mu   sync.Mutex
	seen []request
}

type request struct {
	at               time.Time
	id, to, customer string
}

func (r *receiver) send(ctx context.Context, s *Subscription, d *Delivery) Attempt {
	at := instant(time.Now())
	r.mu.Lock()
	r.seen = append(r.seen, request{at, d.ID, s.ID, d.Customer})
	r.mu.Unlock()
	a := r.answer(ctx, s, d)
	a.At = at
	return a
}

func (r *receiver) close() {}

// requests returns the requests to an endpoint so far.
func (r *receiver) requests(to string) []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []request
	for _, q := range r.seen {
		if q.to == to {
			list = append(list, q)
		}
	}
	return list
}

func status(code int) Attempt {
	a := Attempt{Status: code}
	if err := judge(code); err != nil {
		a.Error = err.Error()
	}
	return a
}

// bench is a deliverer at work, with a memory store and a Go channel in place of Kafka.
type bench struct {
	t        *testing.T
	store    Store
	channel  *gochannel.GoChannel
	receiver *receiver
	*Deliverer
	stop func()
}

// begin starts a deliverer in a bubble of virtual time. The subscriptions are added first.
func begin(t *testing.T, store Store, o Options, answer func(context.Context, *Subscription, *Delivery) Attempt, subscriptions ...Subscription) *bench {
	t.Helper()
	for _, s := range subscriptions {
		s.URL, s.Secrets, s.CreatedAt = "https://example.com", []Secret{{Key: NewKey()}}, instant(time.Now())
		if err := store.Subscribe(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	b := &bench{t: t, store: store, receiver: &receiver{answer: answer}}
	b.channel = gochannel.NewGoChannel(gochannel.Config{BlockPublishUntilSubscriberAck: true}, watermill.NopLogger{})
	o.Topics = []string{topic}
	b.Deliverer = newDeliverer(store, fromChannel(b.channel), o.withDefaults(), b.receiver)
	b.dispatcher.gather = 0 // in virtual time nothing comes meanwhile
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { b.Run(ctx) })
	b.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	synctest.Wait()
	return b
}

// fromChannel reads from a Go channel in place of Kafka.
func fromChannel(c *gochannel.GoChannel) Source {
	return func() (message.Subscriber, error) { return c, nil }
}

// output returns a message as the engine publishes it.
func output(customer string, n int, at time.Time) *message.Message {
	ev := domain.Event{
		ID: fmt.Sprintf("%s-%d", customer, n), Source: "rapport", Type: "lifecycle.started", Subject: customer, Time: domain.InstantOf(at),
		ExpectedVersion: domain.NoExpectation, Data: []byte(`{"to":"prospect"}`),
		Extensions: []domain.Extension{{Name: "sequence", Value: fmt.Sprintf("%016d", n)}},
	}
	msg := message.NewMessage(ev.ID, wire.Encode(nil, &ev))
	for _, h := range wire.Headers() {
		msg.Metadata.Set(h.Key, string(h.Value))
	}
	return msg
}

// publish returns when the messages were acknowledged.
func (b *bench) publish(messages ...*message.Message) {
	b.t.Helper()
	if err := b.channel.Publish(topic, messages...); err != nil {
		b.t.Fatal(err)
	}
}

// journal returns the deliveries to an endpoint, the oldest first.
func (b *bench) journal(to string) []Delivery {
	b.t.Helper()
	page, err := b.store.Deliveries(b.t.Context(), Filter{Subscription: to, Limit: 10_000})
	if err != nil {
		b.t.Fatal(err)
	}
	list := make([]Delivery, 0, len(page.Items))
	for i := range page.Items {
		list = append(list, page.Items[len(page.Items)-1-i])
	}
	return list
}

func always(code int) func(context.Context, *Subscription, *Delivery) Attempt {
	return func(context.Context, *Subscription, *Delivery) Attempt { return status(code) }
}

var fine = always(http.StatusNoContent)
