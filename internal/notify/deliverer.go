package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// sender makes one request; see client.
type sender interface {
	send(ctx context.Context, s *Subscription, d *Delivery) Attempt
	close()
}

// Source opens a subscriber that delivers the messages of one customer one after the other, each when the one before was
// acknowledged. Who asked for it closes it.
type Source func() (message.Subscriber, error)

// OutputsOf returns a source of subscribers on Kafka, which gather the outputs that are there.
func OutputsOf(config kafkabus.SubscriberConfig) Source {
	config.Gather = gatherOutputs
	return func() (message.Subscriber, error) { return kafkabus.NewSubscriber(config) }
}

// Deliverer reads outputs and delivers them. Several may work on one store: each delivery is claimed by one at a time. Its
// methods may be called concurrently.
type Deliverer struct {
	store      Store
	options    Options
	roster     *roster
	sender     sender
	intake     *intake
	digester   *digester
	dispatcher *dispatcher
}

// NewDeliverer returns a deliverer that reads from subscribers of the source. It starts nothing.
func NewDeliverer(store Store, source Source, options Options) *Deliverer {
	options = options.withDefaults()
	return newDeliverer(store, source, options, senders{newClient(options), newPostman(options)})
}

func newDeliverer(store Store, source Source, options Options, s sender) *Deliverer {
	r := &roster{store: store, every: options.Poll}
	p := newDispatcher(store, r, options, s)
	return &Deliverer{
		store: store, options: options, roster: r, sender: s, dispatcher: p,
		intake:   &intake{store: store, roster: r, source: source, options: options, filed: p.wakeUp},
		digester: &digester{store: store, options: options, made: p.wakeUp},
	}
}

// Run reads and delivers until ctx ends, and returns after the requests in flight came to an end or were cut off and put
// back. Outputs that cannot be read and a store that is away are waited for. It may be called once.
func (d *Deliverer) Run(ctx context.Context) {
	defer d.sender.close()
	var work sync.WaitGroup
	work.Go(func() { d.intake.run(ctx) })
	work.Go(func() { d.dispatcher.run(ctx) })
	work.Go(func() { d.digester.run(ctx) })
	work.Go(func() { d.prune(ctx) })
	work.Wait()
}

// pruneEvery is the time between two looks for deliveries that are old enough to go.
const pruneEvery = time.Hour

func (d *Deliverer) prune(ctx context.Context) {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if _, err := d.store.Prune(ctx, now.Add(-d.options.KeepDelivered), now.Add(-d.options.KeepDead)); err != nil && ctx.Err() == nil {
				d.options.Logger.LogAttrs(ctx, slog.LevelWarn, "old deliveries were not deleted", slog.Any("error", err))
			}
		}
	}
}
