package notify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// HeldDigests implements Queue.
func (m *Memory) HeldDigests(_ context.Context, now time.Time) ([]HeldDigest, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var held []HeldDigest
	for _, id := range slices.Sorted(maps.Keys(m.subscriptions)) {
		if m.subscriptions[id].Disabled != "" {
			continue
		}
		times := make(map[time.Time]bool)
		for _, d := range m.pending[id] {
			if !d.DigestAt.IsZero() && !d.DigestAt.After(now) {
				times[d.DigestAt] = true
			}
		}
		for _, at := range slices.SortedFunc(maps.Keys(times), time.Time.Compare) {
			held = append(held, HeldDigest{Subscription: id, At: at})
		}
	}
	return held, nil
}

// MakeDigest implements Queue.
func (m *Memory) MakeDigest(_ context.Context, held HeldDigest, limit int, now time.Time, compose func([]Delivery) (Delivery, error)) (int, error) {
	_, members, err := m.makeDigest(held, limit, now, compose)
	return len(members), err
}

// makeDigest returns the digest and the ids of its members, none when there is nothing to do.
func (m *Memory) makeDigest(held HeldDigest, limit int, now time.Time, compose func([]Delivery) (Delivery, error)) (digest Delivery, members []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, subscribed := m.subscriptions[held.Subscription]
	if !subscribed || s.Disabled != "" {
		return Delivery{}, nil, nil
	}
	var found []Delivery
	for _, d := range m.pending[held.Subscription] {
		if d.DigestAt.Equal(held.At) && len(found) < limit {
			found = append(found, cloneDelivery(d))
			members = append(members, d.ID)
		}
	}
	if len(found) == 0 {
		return Delivery{}, nil, nil
	}
	if digest, err = compose(found); err != nil {
		return Delivery{}, nil, fmt.Errorf("make digest of %s: %w", held.Subscription, err)
	}
	digest.Seq = m.seq + 1
	m.digest(&digest, members, now)
	return digest, members, nil
}

// digest takes in a digest and ends its members.
func (m *Memory) digest(digest *Delivery, members []string, now time.Time) {
	for _, id := range members {
		if d, known := m.deliveries[id]; known && d.Status == Pending {
			d.finish(Digested, "", now)
			m.file(d)
		}
	}
	if m.deliveries[digest.ID] == nil {
		kept := cloneDelivery(digest)
		m.put(&kept)
	}
}
