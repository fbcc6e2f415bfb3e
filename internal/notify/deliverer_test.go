package notify

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
)

func TestAFailingEndpointIsTriedForTwoDaysAndTheDeliveryCanBeSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		b := begin(t, NewMemory(), Options{BreakerFailures: 1000}, func(context.Context, *Subscription, *Delivery) Attempt {
			if up.Load() {
				return status(http.StatusOK)
			}
			return status(http.StatusInternalServerError)
		}, Subscription{ID: "a"})
		defer b.stop()
		begun := time.Now()
		b.publish(output("ann", 1, begun))
		time.Sleep(7 * 24 * time.Hour)

		seen := b.receiver.requests("a")
		delays := Schedule{}.withDefaults().Delays
		if len(seen) != 9 {
			t.Fatalf("there were %d requests, want 9", len(seen))
		}
		for i := 1; i < len(seen)-1; i++ {
			gap, want := seen[i].at.Sub(seen[i-1].at), delays[i-1]
			if gap < want-want/10 || gap > want+want/10+time.Second {
				t.Errorf("request %d came %s after the one before, want %s and a tenth more or less", i+1, gap, want)
			}
		}
		if last := seen[8].at.Sub(seen[0].at); last < 48*time.Hour || last > 48*time.Hour+time.Second {
			t.Errorf("the last request came after %s, want 48 h", last)
		}
		d := b.journal("a")[0]
		if d.Status != Dead || d.Reason != ReasonExhausted || d.Attempts != 9 || len(d.Log) != 9 || d.Log[8].Status != 500 {
			t.Errorf("the delivery is %+v, want a dead one with 9 attempts", d)
		}

		up.Store(true)
		if _, err := b.Redeliver(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if d = b.journal("a")[0]; d.Status != Delivered || d.Attempts != 10 || d.Tries != 1 {
			t.Errorf("after it was asked for again the delivery is %+v, want a delivered one", d)
		}
		for _, q := range b.receiver.requests("a") {
			if q.id != d.ID {
				t.Errorf("a request had id %s, want %s on each", q.id, d.ID)
			}
		}
	})
}

func TestAnEndpointThatIsGoneIsDisabledAndWhatWaitsIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := begin(t, NewMemory(), Options{PerEndpoint: 1}, func(context.Context, *Subscription, *Delivery) Attempt {
			time.Sleep(time.Second) // in which the others are filed
			return status(http.StatusGone)
		}, Subscription{ID: "a"})
		defer b.stop()
		now := time.Now()
		b.publish(output("ann", 1, now), output("ann", 2, now), output("ann", 3, now))
		time.Sleep(time.Hour)
		b.publish(output("ann", 4, time.Now()))
		time.Sleep(72 * time.Hour)
		s, err := b.store.Subscription(t.Context(), "a")
		if err != nil || s.Disabled != DisabledGone || s.DisabledAt.IsZero() {
			t.Errorf("the endpoint is disabled as %q, %v", s.Disabled, err)
		}
		states := make(map[Status]int)
		for _, d := range b.journal("a") {
			states[d.Status]++
		}
		if seen := len(b.receiver.requests("a")); seen != states[Dead] || states[Dead] != 1 || states[Pending] != 2 {
			t.Errorf("after %d requests the deliveries are %v, want one dead and two pending", seen, states)
		}
	})
}

func TestAPauseThatTheReceiverAsksForHoldsForTheWholeEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := true
		b := begin(t, NewMemory(), Options{PerEndpoint: 1}, func(context.Context, *Subscription, *Delivery) Attempt {
			a := status(http.StatusOK)
			if first {
				a = status(http.StatusTooManyRequests)
				a.RetryAfterMS = (20 * time.Minute).Milliseconds()
			}
			first = false
			return a
		}, Subscription{ID: "a"})
		defer b.stop()
		begun := instant(time.Now())
		b.publish(output("ann", 1, begun))
		synctest.Wait()
		b.publish(output("bob", 1, begun))
		time.Sleep(time.Hour)
		seen := b.receiver.requests("a")
		if len(seen) != 3 || seen[1].at.Sub(begun) < 20*time.Minute || seen[1].at.Sub(begun) > 20*time.Minute+time.Second {
			t.Errorf("the requests are %v, want one now and two after 20 minutes", seen)
		}
	})
}

func TestAnEndpointThatFailsInARowIsLeftAloneAndHarmsNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		b := begin(t, NewMemory(), Options{}, func(_ context.Context, s *Subscription, _ *Delivery) Attempt {
			if s.ID == "bad" && !up.Load() {
				return status(http.StatusBadGateway)
			}
			return status(http.StatusOK)
		}, Subscription{ID: "bad"}, Subscription{ID: "good"})
		defer b.stop()
		for i := range 40 {
			b.publish(output("ann", i, time.Now()))
		}
		time.Sleep(time.Second / 2)
		if n := len(b.receiver.requests("good")); n != 40 {
			t.Errorf("the good endpoint got %d requests at once, want 40", n)
		}
		early := len(b.receiver.requests("bad"))
		if early < 5 || early > 5+4 {
			t.Errorf("the bad endpoint got %d requests before it was left alone, want 5 and those in flight", early)
		}
		time.Sleep(10 * time.Minute)
		if n := len(b.receiver.requests("bad")) - early; n < 8 || n > 10 {
			t.Errorf("in ten minutes the bad endpoint got %d requests, want one a minute", n)
		}
		up.Store(true)
		time.Sleep(12 * time.Hour)
		for _, d := range b.journal("bad") {
			if d.Status != Delivered {
				t.Errorf("delivery %s is %s, want it delivered after the endpoint was back", d.ID, d.Status)
			}
		}
	})
}

func TestAnOrderedSubscriptionHoldsBackTheSameCustomerOnly(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var failures atomic.Int32
			b := begin(t, NewMemory(), Options{}, func(_ context.Context, _ *Subscription, d *Delivery) Attempt {
				if d.Event == "ann-1" && failures.Add(1) <= 2 {
					return status(http.StatusInternalServerError)
				}
				return status(http.StatusOK)
			}, Subscription{ID: "a", Ordered: ordered})
			defer b.stop()
			now := time.Now()
			b.publish(output("ann", 1, now), output("ann", 2, now), output("bob", 1, now), output("ann", 3, now), output("bob", 2, now))
			synctest.Wait()
			var waiting []string
			for _, d := range b.journal("a") {
				if d.Status == Pending {
					waiting = append(waiting, d.Event)
				}
			}
			want := []string{"ann-1"}
			if ordered {
				want = []string{"ann-1", "ann-2", "ann-3"}
			}
			if !slices.Equal(waiting, want) {
				t.Errorf("ordered %t: %v wait, want %v", ordered, waiting, want)
			}
			time.Sleep(time.Hour)
			taken := b.journal("a")
			slices.SortStableFunc(taken, func(x, y Delivery) int { return x.FinishedAt.Compare(y.FinishedAt) })
			var ann []string
			for _, d := range taken {
				if d.Status != Delivered {
					t.Errorf("delivery of %s is %s", d.Event, d.Status)
				}
				if d.Customer == "ann" {
					ann = append(ann, d.Event)
				}
			}
			if ordered && !slices.Equal(ann, []string{"ann-1", "ann-2", "ann-3"}) {
				t.Errorf("the ordered deliveries were taken as %v", ann)
			}
		})
	}
}

func TestASlowEndpointHarmsNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := Options{Concurrency: 10, PerEndpoint: 4}
		b := begin(t, NewMemory(), o, func(ctx context.Context, s *Subscription, _ *Delivery) Attempt {
			if s.ID != "good" {
				time.Sleep(15 * time.Second)
				return Attempt{Error: "no complete answer in time"}
			}
			return status(http.StatusOK)
		}, Subscription{ID: "slow"}, Subscription{ID: "slower"}, Subscription{ID: "good"})
		defer b.stop()
		begun := time.Now()
		for i := range 100 {
			b.publish(output("ann", i, begun))
		}
		time.Sleep(2 * time.Second)
		for _, d := range b.journal("good") {
			if d.Status != Delivered || d.FinishedAt.Sub(begun) > time.Second {
				t.Errorf("delivery of %s to the good endpoint is %s after %s", d.Event, d.Status, d.FinishedAt.Sub(begun))
			}
		}
		if n := len(b.receiver.requests("slow")); n != 4 {
			t.Errorf("the slow endpoint has %d requests, want 4", n)
		}
	})
}

func TestARequestCutOffByTheEndOfTheProgramIsMadeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := NewMemory()
		told := func(d Delivery) { t.Errorf("somebody is told of a request that did not come to an end: %+v", d) }
		b := begin(t, store, Options{Drain: time.Second, Attempted: told}, func(ctx context.Context, _ *Subscription, _ *Delivery) Attempt {
			<-ctx.Done()
			return Attempt{Error: "cut off"}
		}, Subscription{ID: "a"})
		b.publish(output("ann", 1, time.Now()))
		synctest.Wait()
		b.stop()
		first := b.receiver.requests("a")
		if d := b.journal("a")[0]; d.Status != Pending || d.Attempts != 0 || len(first) != 1 {
			t.Errorf("after the end the delivery is %+v, want a pending one without attempts", d)
		}
		b = begin(t, store, Options{}, fine)
		defer b.stop()
		time.Sleep(time.Second)
		if d := b.journal("a")[0]; d.Status != Delivered || b.receiver.requests("a")[0].id != first[0].id {
			t.Errorf("the next program has the delivery as %+v, want it delivered with the same id", d)
		}
	})
}

func TestWhatAProgramThatCrashedHadClaimedIsSentByAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := NewMemory()
		b := begin(t, store, Options{}, fine, Subscription{ID: "a"})
		b.stop()
		now := instant(time.Now())
		lost := Delivery{ID: "1", Subscription: "a", Status: Pending, CreatedAt: now, NextAttempt: now}
		if _, err := store.Add(t.Context(), []Delivery{lost}); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Claim(t.Context(), []Claim{{Subscription: "a", Limit: 1}}, now, now.Add(Options{}.withDefaults().lease())); err != nil {
			t.Fatal(err)
		}
		b = begin(t, store, Options{}, fine)
		defer b.stop()
		time.Sleep(2 * time.Minute)
		seen := b.receiver.requests("a")
		if len(seen) != 1 || seen[0].at.Sub(now) < time.Minute || b.journal("a")[0].Status != Delivered {
			t.Errorf("the requests are %v, want one after the lease of a minute", seen)
		}
	})
}

func TestARepeatedOutputIsDeliveredOnceAndEachSubscriptionHasItsOwnID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := begin(t, NewMemory(), Options{}, fine, Subscription{ID: "a"}, Subscription{ID: "b"})
		defer b.stop()
		now := time.Now()
		b.publish(output("ann", 1, now), output("ann", 2, now), output("ann", 1, now), output("ann", 2, now))
		synctest.Wait()
		a, other := b.receiver.requests("a"), b.receiver.requests("b")
		if len(a) != 2 || len(other) != 2 || a[0].id == a[1].id || a[0].id == other[0].id {
			t.Errorf("the requests are %v and %v, want two each with ids of their own", a, other)
		}
		if _, err := uuid.Parse(a[0].id); err != nil {
			t.Errorf("the id is %q: %v", a[0].id, err)
		}
	})
}

func TestHistoryIsNotNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := begin(t, NewMemory(), Options{}, fine, Subscription{ID: "quiet"}, Subscription{ID: "asked", OldNews: true})
		defer b.stop()
		for i := range 50 {
			b.publish(output("ann", i, time.Now().Add(-time.Duration(i+4)*24*time.Hour)))
		}
		b.publish(output("ann", 50, time.Now()))
		synctest.Wait()
		if quiet, asked := len(b.receiver.requests("quiet")), len(b.receiver.requests("asked")); quiet != 1 || asked != 51 {
			t.Errorf("of 50 old outputs and a new one %d and %d were sent, want 1 and 51", quiet, asked)
		}
	})
}

// failing is a store that refuses the first deliveries.
type failing struct {
	*Memory
	left atomic.Int32
}

func (f *failing) Add(ctx context.Context, d []Delivery) (int, error) {
	if f.left.Add(-1) >= 0 {
		return 0, errors.New("the store is away")
	}
	return f.Memory.Add(ctx, d)
}

func TestAnOutputWaitsForTheStoreToComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &failing{Memory: NewMemory()}
		store.left.Store(23)
		b := begin(t, store, Options{}, fine, Subscription{ID: "a"})
		defer b.stop()
		b.publish(output("ann", 1, time.Now()), output("ann", 2, time.Now()))
		synctest.Wait()
		if n := len(b.receiver.requests("a")); n != 2 {
			t.Errorf("%d outputs were delivered, want 2", n)
		}
	})
}

func TestAMessageThatIsNoOutputIsSetAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		poison := &poisoned{}
		b := begin(t, NewMemory(), Options{Poison: poison}, fine, Subscription{ID: "a"})
		defer b.stop()
		b.publish(message.NewMessage("bad", []byte("{")), output("ann", 1, time.Now()))
		synctest.Wait()
		if len(poison.ids) != 1 || poison.ids[0] != "rapport.webhooks.poison/bad" || len(b.receiver.requests("a")) != 1 {
			t.Errorf("%v were set aside, %d delivered; want the bad one and one", poison.ids, len(b.receiver.requests("a")))
		}
	})
}

type poisoned struct{ ids []string }

func (p *poisoned) Publish(topic string, messages ...*message.Message) error {
	for _, msg := range messages {
		p.ids = append(p.ids, topic+"/"+msg.UUID)
	}
	return nil
}

func (*poisoned) Close() error { return nil }

func TestAPingIsSentOnceAlsoToADisabledEndpointAndStandsInTheJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		code := http.StatusOK
		b := begin(t, NewMemory(), Options{}, func(context.Context, *Subscription, *Delivery) Attempt { return status(code) },
			Subscription{ID: "a", Disabled: "by hand"})
		defer b.stop()
		if d, err := b.Ping(t.Context(), "a"); err != nil || d.Status != Delivered || d.Type != TypePing || d.Log[0].Status != 200 {
			t.Errorf("the ping is %+v, %v", d, err)
		}
		code = http.StatusNotFound
		if d, err := b.Ping(t.Context(), "a"); err != nil || d.Status != Dead || d.Reason != ReasonPing || d.Log[0].Status != 404 {
			t.Errorf("the ping that fails is %+v, %v", d, err)
		}
		time.Sleep(72 * time.Hour)
		if n, kept := len(b.receiver.requests("a")), len(b.journal("a")); n != 2 || kept != 2 {
			t.Errorf("there were %d requests and %d deliveries, want 2 and 2", n, kept)
		}
		if _, err := b.Ping(t.Context(), "b"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a ping to nobody has error %v", err)
		}
	})
}
