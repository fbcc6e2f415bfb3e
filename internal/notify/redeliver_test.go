package notify

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// unlisted is a store that cannot list its subscriptions while it is away.
type unlisted struct {
	*Memory
	away atomic.Bool
}

func (s *unlisted) Subscriptions(ctx context.Context) ([]Subscription, error) {
	if s.away.Load() {
		return nil, errors.New("no list")
	}
	return s.Memory.Subscriptions(ctx)
}

func TestARedeliveryIsAnsweredAlsoWhenNobodyKnowsHowLongItIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &unlisted{Memory: NewMemory()}
		b := begin(t, store, Options{}, fine, Subscription{ID: "a"})
		defer b.stop()
		b.publish(output("ann", 1, time.Now()))
		synctest.Wait()
		id := b.journal("a")[0].ID
		store.away.Store(true)
		sleepUntil(time.Now().Add(time.Minute)) // what was known of the subscriptions is too old
		if d, err := b.Redeliver(t.Context(), id); err != nil || d.ID != id || d.Status != Pending {
			t.Errorf("the redelivery is %+v, %v, want a pending one", d, err)
		}
		store.away.Store(false)
		sleepUntil(time.Now().Add(time.Minute))
		if got := len(b.receiver.requests("a")); got != 2 {
			t.Errorf("%d requests were made, want 2", got)
		}
	})
}
