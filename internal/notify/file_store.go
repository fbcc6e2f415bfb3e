package notify

import (
	"context"
	"time"
)

// Subscribe implements Directory.
func (f *File) Subscribe(ctx context.Context, s Subscription) error {
	return f.record(true, func() (*entry, error) { return &entry{Subscription: save(s)}, f.Memory.Subscribe(ctx, s) })
}

// Change implements Directory.
func (f *File) Change(ctx context.Context, id string, change func(*Subscription) error) (s Subscription, err error) {
	err = f.record(true, func() (*entry, error) {
		if s, err = f.Memory.Change(ctx, id, change); err != nil {
			return nil, err
		}
		return &entry{Subscription: save(s)}, nil
	})
	return s, err
}

// Unsubscribe implements Directory.
func (f *File) Unsubscribe(ctx context.Context, id string, now time.Time) error {
	return f.record(true, func() (*entry, error) { return &entry{Unsubscribed: id, At: now}, f.Memory.Unsubscribe(ctx, id, now) })
}

// Add implements Queue.
func (f *File) Add(ctx context.Context, deliveries []Delivery) (added int, err error) {
	err = f.record(true, func() (*entry, error) {
		if added, err = f.Memory.Add(ctx, deliveries); err != nil || added == 0 {
			return nil, err
		}
		e := new(entry)
		for i := range deliveries {
			e.Added = append(e.Added, saveDelivery(&deliveries[i]))
		}
		return e, nil
	})
	return added, err
}

// Settle implements Queue.
func (f *File) Settle(ctx context.Context, d Delivery) error {
	return f.record(false, func() (*entry, error) {
		saved := savedDelivery{Delivery: d} // the body does not change
		return &entry{Delivery: &saved}, f.Memory.Settle(ctx, d)
	})
}

// Redeliver implements Queue.
func (f *File) Redeliver(ctx context.Context, id string, now time.Time) error {
	return f.record(true, func() (*entry, error) { return &entry{Redelivered: id, At: now}, f.Memory.Redeliver(ctx, id, now) })
}

// RedeliverDead implements Queue.
func (f *File) RedeliverDead(ctx context.Context, subscription string, now time.Time) (n int, err error) {
	err = f.record(true, func() (*entry, error) {
		n, err = f.Memory.RedeliverDead(ctx, subscription, now)
		return &entry{RedeliveredDead: subscription, At: now}, err
	})
	return n, err
}
