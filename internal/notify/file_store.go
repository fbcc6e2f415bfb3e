package notify

import (
	"context"
	"slices"
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
func (f *File) Settle(ctx context.Context, deliveries []Delivery) (lost []string, err error) {
	err = f.record(false, func() (*entry, error) {
		if lost, err = f.Memory.Settle(ctx, deliveries); err != nil || len(lost) == len(deliveries) {
			return nil, err
		}
		e := new(entry)
		for i := range deliveries {
			if !slices.Contains(lost, deliveries[i].ID) {
				e.Settled = append(e.Settled, savedDelivery{Delivery: deliveries[i]}) // the body does not change
			}
		}
		return e, nil
	})
	return lost, err
}

// MakeDigest implements Queue.
func (f *File) MakeDigest(_ context.Context, held HeldDigest, limit int, now time.Time, compose func([]Delivery) (Delivery, error)) (n int, err error) {
	err = f.record(true, func() (*entry, error) {
		digest, members, err := f.makeDigest(held, limit, now, compose)
		if n = len(members); err != nil || n == 0 {
			return nil, err
		}
		return &entry{Digest: &savedDigest{saveDelivery(&digest), members}, At: now}, nil
	})
	return n, err
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
