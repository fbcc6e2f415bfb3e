package notify

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// Redeliver sends a finished delivery again, with a schedule that begins anew and the same id, and returns it as it
// stands in the journal then, without HeldUntil when the subscriptions cannot be read. The errors are those of
// Queue.Redeliver, and of Journal.Delivery when the delivery cannot be read after that.
func (d *Deliverer) Redeliver(ctx context.Context, id string) (Delivery, error) {
	if err := d.store.Redeliver(ctx, id, instant(time.Now())); err != nil {
		return Delivery{}, err
	}
	d.dispatcher.wakeUp()
	found, err := d.store.Delivery(ctx, id)
	if err != nil {
		return Delivery{}, err
	}
	one := []Delivery{found}
	if err := d.tellHeld(ctx, one); err != nil {
		d.options.Logger.LogAttrs(ctx, slog.LevelWarn, "quiet hours of a redelivered webhook delivery are not known",
			slog.String("delivery", id), slog.Any("error", err))
	}
	return one[0], nil
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
	d.options.Attempted(ping)
	return ping, nil
}
