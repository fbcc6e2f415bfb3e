package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// Feed publishes what happens after the history, each event when its time has come: life goes on speed times as fast as
// the clock until it has reached the present, and with the clock from then on. It is a producer like any other: it
// writes CloudEvents to the topic of the log through a Watermill publisher, whose messages carry the record key in the
// metadata partitionKey. It returns when ctx ends or a message could not be published.
func (g *Generator) Feed(ctx context.Context, publisher message.Publisher, topic, partitionKey string, speed float64) error {
	clock := pace{began: time.Now(), from: g.options.End.Time(), speed: speed}
	for ev := range g.Live() {
		if err := clock.wait(ctx, ev.Time.Time()); err != nil {
			return err
		}
		if err := publisher.Publish(topic, messageOf(&ev, partitionKey)); err != nil {
			return fmt.Errorf("feed event %s: %w", ev.ID, err)
		}
	}
	return nil
}

// messageOf returns the event as a message whose record is a structured CloudEvent.
func messageOf(ev *domain.Event, partitionKey string) *message.Message {
	msg := message.NewMessage(ev.ID, wire.Encode(nil, ev))
	msg.Metadata.Set(partitionKey, ev.Subject)
	msg.Metadata.Set("content-type", wire.ContentType)
	return msg
}

// pace runs a time that starts at from, goes speed times as fast as the clock, and never overtakes it.
type pace struct {
	began, from time.Time
	speed       float64
}

// wait returns once the time has come, or with ctx's error.
func (p pace) wait(ctx context.Context, until time.Time) error {
	for {
		left := p.left(time.Now(), until)
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// left returns how long the clock has to run before the time comes.
func (p pace) left(now, until time.Time) time.Duration {
	fast := time.Duration(float64(until.Sub(p.from))/p.speed) - now.Sub(p.began)
	return max(fast, until.Sub(now))
}
