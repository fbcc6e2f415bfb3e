package demo

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// recorder is a publisher that notes when what was published.
type recorder struct {
	events []domain.Event
	at     []time.Time
}

func (r *recorder) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		var ev domain.Event
		headers := []wire.Header{{Key: "content-type", Value: []byte(m.Metadata.Get("content-type"))}}
		if err := wire.Decode(&ev, []byte(m.Metadata.Get("key")), m.Payload, headers); err != nil {
			return err
		}
		r.events, r.at = append(r.events, ev), append(r.at, time.Now())
	}
	return nil
}

func (r *recorder) Close() error { return nil }

func TestLifeGoesOnFasterThanTheClockUntilItReachesThePresent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const speed = 8640
		lead := 10 * 24 * time.Hour
		time.Sleep(20 * 365 * 24 * time.Hour) // a bubble begins in 2000
		began := time.Now()
		g, err := New(Options{Customers: 50, Days: 100, End: domain.InstantOf(began.Add(-lead))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour)
		defer cancel()
		var r recorder
		if err := g.Feed(ctx, &r, "rapport.events", "key", speed); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("the feed ended with %v", err)
		}
		var fast, present int
		var newest domain.Instant
		for i, ev := range r.events {
			if ev.Time < newest {
				continue // it is recorded late, and comes with what was recorded before it
			}
			newest = ev.Time
			clock := time.Duration(float64(ev.Time.Time().Sub(began.Add(-lead))) / speed)
			switch due := began.Add(clock); {
			case due.After(ev.Time.Time()): // before the present was reached
				fast++
				if early := due.Sub(r.at[i]); early > time.Microsecond || early < -time.Second {
					t.Fatalf("event %d of %s came at %s, want %s", i, ev.Time, r.at[i], due)
				}
			default:
				present++
				if r.at[i].Before(ev.Time.Time()) {
					t.Fatalf("event %d of %s came at %s, before its time", i, ev.Time, r.at[i])
				}
			}
		}
		if fast == 0 || present == 0 {
			t.Errorf("%d events came fast, %d with the clock", fast, present)
		}
	})
}
