package notify

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
)

func TestWhatIsReadBeginsWithTheFirstSubscriptionAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		channel := gochannel.NewGoChannel(gochannel.Config{BlockPublishUntilSubscriberAck: true, Persistent: true}, watermill.NopLogger{})
		var opened atomic.Int32
		source := func() (message.Subscriber, error) {
			if opened.Add(1) <= 3 {
				return nil, errors.New("kafka is away")
			}
			return channel, nil
		}
		receiver := &receiver{answer: fine}
		d := newDeliverer(NewMemory(), source, Options{Topics: []string{topic}}.withDefaults(), receiver)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go d.Run(ctx)
		time.Sleep(time.Hour)
		if n := opened.Load(); n != 0 {
			t.Errorf("the outputs were opened %d times while nobody wanted them", n)
		}
		s, err := d.Subscribe(t.Context(), Subscription{URL: "https://example.com"})
		if err != nil {
			t.Fatal(err)
		}
		if err := channel.Publish(topic, output("ann", 1, time.Now())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if n := len(receiver.requests(s.ID)); n != 1 || opened.Load() != 4 {
			t.Errorf("%d requests after the outputs were opened %d times, want 1 and 4", n, opened.Load())
		}
	})
}

func TestADisabledEndpointGetsWhatWaitsWhenItIsEnabled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := begin(t, NewMemory(), Options{}, fine, Subscription{ID: "a"})
		defer b.stop()
		if _, err := b.store.Add(t.Context(), []Delivery{{ID: "1", Subscription: "a", Status: Pending, CreatedAt: time.Now(), NextAttempt: time.Now().Add(time.Minute)}}); err != nil {
			t.Fatal(err)
		}
		s, err := b.Disable(t.Context(), "a")
		if err != nil || s.Disabled != DisabledByHand || s.DisabledAt.IsZero() {
			t.Errorf("the endpoint is disabled as %q, %v", s.Disabled, err)
		}
		b.publish(output("ann", 1, time.Now()))
		time.Sleep(time.Hour)
		if n := len(b.receiver.requests("a")); n != 0 {
			t.Errorf("a disabled endpoint got %d requests", n)
		}
		if s, err = b.Enable(t.Context(), "a"); err != nil || s.Disabled != "" {
			t.Errorf("the endpoint is disabled as %q, %v", s.Disabled, err)
		}
		synctest.Wait()
		b.publish(output("ann", 2, time.Now()))
		synctest.Wait()
		var events []string
		for _, d := range b.journal("a") {
			events = append(events, string(d.Status)+d.Event)
		}
		if len(events) != 2 || events[0] != "delivered" || events[1] != "deliveredann-2" {
			t.Errorf("the deliveries are %v, want what waited and what came after", events)
		}
	})
}

func TestABrokenEndpointIsTriedAtOnceWhenItIsEnabled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		b := begin(t, NewMemory(), Options{BreakerPause: time.Hour}, func(context.Context, *Subscription, *Delivery) Attempt {
			if up.Load() {
				return status(http.StatusOK)
			}
			return status(http.StatusBadGateway)
		}, Subscription{ID: "a"})
		defer b.stop()
		for i := range 10 {
			b.publish(output("ann", i, time.Now()))
		}
		time.Sleep(time.Minute)
		if state := b.state("a"); state != Broken {
			t.Errorf("the endpoint is %s, want it broken", state)
		}
		up.Store(true)
		if _, err := b.Enable(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		for _, d := range b.journal("a") {
			if d.Status != Delivered {
				t.Errorf("delivery of %s is %s", d.Event, d.Status)
			}
		}
		if state := b.state("a"); state != InUse {
			t.Errorf("the endpoint is %s, want it in use", state)
		}
	})
}

// state returns how an endpoint fares now.
func (b *bench) state(id string) State {
	b.t.Helper()
	e, err := b.Endpoint(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return e.State(time.Now())
}

func TestAnEndpointThatAsksForAPauseIsPausedUntilThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := begin(t, NewMemory(), Options{PerEndpoint: 1}, func(context.Context, *Subscription, *Delivery) Attempt {
			a := status(http.StatusTooManyRequests)
			a.RetryAfterMS = time.Hour.Milliseconds()
			return a
		}, Subscription{ID: "a"})
		defer b.stop()
		b.publish(output("ann", 1, time.Now()))
		time.Sleep(59 * time.Minute)
		if state := b.state("a"); state != Paused {
			t.Errorf("the endpoint is %s, want it paused", state)
		}
		time.Sleep(time.Minute)
		all, err := b.Endpoints(t.Context())
		if err != nil || len(all) != 1 || all[0].Pending != 1 || all[0].Oldest.IsZero() {
			t.Errorf("the endpoints are %+v, %v", all, err)
		}
	})
}

func TestSecretsRotateAndChangesAreCheckedWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := begin(t, NewMemory(), Options{MaxSubscriptions: 2}, fine, Subscription{ID: "a"})
		defer b.stop()
		s, err := b.Subscribe(t.Context(), Subscription{URL: "https://example.com"})
		if err != nil || s.ID == "" || len(s.Secrets) != 1 || s.CreatedAt.IsZero() {
			t.Fatalf("the new subscription is %+v, %v", s, err)
		}
		if _, err := b.Subscribe(t.Context(), Subscription{URL: "https://example.com"}); !errors.Is(err, ErrFull) {
			t.Errorf("one too many has error %v", err)
		}
		rotated, err := b.Rotate(t.Context(), s.ID, time.Hour)
		if err != nil || len(rotated.Secrets) != 2 || string(rotated.Secrets[1].Key) != string(s.Secrets[0].Key) {
			t.Errorf("after the rotation it is %+v, %v", rotated, err)
		}
		_, err = b.Edit(t.Context(), s.ID, func(s *Subscription) error { s.Ordered, s.MinLevel = true, "huge"; return nil })
		if got := faults(err); len(got) != 1 || got[0] != "/min_level oneof" {
			t.Errorf("a faulty change has faults %v", got)
		}
		edited, err := b.Edit(t.Context(), s.ID, func(s *Subscription) error { s.OrgUnit = "north"; return nil })
		if err != nil || edited.Ordered || edited.OrgUnit != "north" {
			t.Errorf("after the changes it is %+v, %v", edited, err)
		}
		if err := b.Unsubscribe(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Endpoint(t.Context(), s.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("after its end the error is %v", err)
		}
	})
}

func TestOldNewsIsCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type count struct{ filed, quiet int }
		var counted []count
		b := begin(t, NewMemory(), Options{Filed: func(filed, quiet int) { counted = append(counted, count{filed, quiet}) }}, fine,
			Subscription{ID: "a"}, Subscription{ID: "b", OldNews: true}, Subscription{ID: "c", Types: []string{"churn.*"}})
		defer b.stop()
		b.publish(output("ann", 1, time.Now()), output("ann", 2, time.Now().Add(-73*time.Hour)))
		synctest.Wait()
		if len(counted) != 2 || counted[0] != (count{2, 0}) || counted[1] != (count{1, 1}) {
			t.Errorf("counted %v, want 2 filed, then 1 filed and 1 quiet", counted)
		}
	})
}
