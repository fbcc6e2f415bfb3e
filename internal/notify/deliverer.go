package notify

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// sender makes one request; see client.
type sender interface {
	send(ctx context.Context, s *Subscription, d *Delivery) Attempt
	close()
}

// Deliverer reads outputs and delivers them. Several may work on one store: each delivery is claimed by one at a time.
type Deliverer struct {
	store      Store
	subscriber message.Subscriber
	options    Options
	sender     sender
	dispatcher *dispatcher
}

// NewDeliverer returns a deliverer that reads from the subscriber, which must deliver the messages of one customer one
// after the other, each when the one before was acknowledged. Run closes the subscriber.
func NewDeliverer(store Store, subscriber message.Subscriber, options Options) *Deliverer {
	options = options.withDefaults()
	return newDeliverer(store, subscriber, options, newClient(options))
}

func newDeliverer(store Store, subscriber message.Subscriber, options Options, s sender) *Deliverer {
	return &Deliverer{
		store: store, subscriber: subscriber, options: options, sender: s, dispatcher: newDispatcher(store, options, s),
	}
}

// Run reads and delivers until ctx ends, and returns nil after the requests in flight came to an end or were cut off and
// put back. An error means that the outputs cannot be read. It may be called once.
func (d *Deliverer) Run(ctx context.Context) error {
	defer d.sender.close()
	group, ctx := errgroup.WithContext(ctx)
	in := &intake{store: d.store, options: d.options, filed: d.dispatcher.wakeUp}
	group.Go(func() error { return in.run(ctx, d.subscriber) })
	group.Go(func() error { d.dispatcher.run(ctx); return nil })
	group.Go(func() error { d.prune(ctx); return nil })
	return group.Wait()
}

// Redeliver sends a finished delivery again, with a schedule that begins anew and the same id. The errors are those of
// Queue.Redeliver.
func (d *Deliverer) Redeliver(ctx context.Context, id string) error {
	if err := d.store.Redeliver(ctx, id, instant(time.Now())); err != nil {
		return err
	}
	d.dispatcher.wakeUp()
	return nil
}

// RedeliverDead sends all dead deliveries of a subscription again and returns their number.
func (d *Deliverer) RedeliverDead(ctx context.Context, subscription string) (int, error) {
	n, err := d.store.RedeliverDead(ctx, subscription, instant(time.Now()))
	d.dispatcher.wakeUp()
	return n, err
}

// TypePing is the type of pings.
const TypePing = "webhook.ping"

// Ping sends one event of type webhook.ping to an endpoint, at once and once, whether or not the endpoint is in use, and
// returns the delivery as it stands in the journal.
func (d *Deliverer) Ping(ctx context.Context, subscription string) (Delivery, error) {
	s, err := d.store.Subscription(ctx, subscription)
	if err != nil {
		return Delivery{}, fmt.Errorf("ping: %w", err)
	}
	now := instant(time.Now())
	ev := domain.Event{
		ID: uuid.NewString(), Source: "rapport", Type: TypePing, Subject: s.ID, Time: domain.InstantOf(now),
		ExpectedVersion: domain.NoExpectation, Data: []byte(`{}`),
	}
	ping := newDelivery(&s, &news{id: ev.ID, kind: ev.Type, body: wire.Encode(nil, &ev)}, now)
	a := d.sender.send(ctx, &s, &ping)
	ping.record(a)
	if a.Error == "" {
		ping.finish(Delivered, "", instant(time.Now()))
	} else {
		ping.finish(Dead, ReasonPing, instant(time.Now()))
	}
	// The journal should know of the request also when nobody waits for its outcome any more.
	if _, err := d.store.Add(context.WithoutCancel(ctx), []Delivery{ping}); err != nil {
		return Delivery{}, fmt.Errorf("ping: %w", err)
	}
	return ping, nil
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
