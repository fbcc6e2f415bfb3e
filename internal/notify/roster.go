package notify

import (
	"context"
	"sync"
	"time"
)

// roster knows the subscriptions as they were a moment ago, so that not every output and every request asks the store.
type roster struct {
	store Directory
	// every is how old what is known may be.
	every time.Duration

	mu     sync.Mutex
	known  []Subscription
	readAt time.Time
}

// current returns the subscriptions in the order of their ids. The slice is shared and must not be changed.
func (r *roster) current(ctx context.Context) ([]Subscription, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if !r.readAt.IsZero() && now.Sub(r.readAt) < r.every {
		return r.known, nil
	}
	subscriptions, err := r.store.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	r.known, r.readAt = subscriptions, now
	return subscriptions, nil
}

// forget makes the next call ask the store.
func (r *roster) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readAt = time.Time{}
}
