package notify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Add implements Queue.
func (m *Memory) Add(_ context.Context, deliveries []Delivery) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	added := 0
	for i := range deliveries {
		_, subscribed := m.subscriptions[deliveries[i].Subscription]
		if m.deliveries[deliveries[i].ID] != nil || !subscribed {
			continue
		}
		added++
		d := cloneDelivery(&deliveries[i])
		d.Seq = m.seq + 1
		if d.Status == Pending && len(m.pending[d.Subscription]) >= maxPending {
			d.finish(Dead, ReasonOverflow, d.CreatedAt)
		}
		m.put(&d)
	}
	return added, nil
}

// Claim implements Queue.
func (m *Memory) Claim(_ context.Context, claims []Claim, now, until time.Time) ([]Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []*Delivery
	for _, c := range claims {
		found = append(found, m.due(c, now)...)
	}
	slices.SortFunc(found, func(a, b *Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	var claimed []Delivery
	for _, d := range found {
		d.Claim++
		d.NextAttempt = until
		claimed = append(claimed, cloneDelivery(d))
	}
	return claimed, nil
}

// due returns what a claim asks for. The list may be long when an endpoint was down for a day, so it is gone through once,
// and only as many as are asked for are kept in order.
func (m *Memory) due(c Claim, now time.Time) []*Delivery {
	var first []*Delivery
	seen := make(map[string]bool)
	for _, d := range m.pending[c.Subscription] {
		held := c.Ordered && seen[d.Customer]
		if c.Ordered {
			seen[d.Customer] = true
		}
		if held || !d.due(now) || !c.wants(d) || len(first) == c.Limit && !d.NextAttempt.Before(first[len(first)-1].NextAttempt) {
			continue
		}
		at := len(first)
		for at > 0 && d.NextAttempt.Before(first[at-1].NextAttempt) {
			at--
		}
		first = slices.Insert(first, at, d)
		first = first[:min(c.Limit, len(first))]
	}
	return first
}

// wants reports whether a delivery is of one of the levels that are asked for.
func (c *Claim) wants(d *Delivery) bool {
	return len(c.Levels) == 0 || slices.Contains(c.Levels, d.Level)
}

// Settle implements Queue.
func (m *Memory) Settle(_ context.Context, deliveries []Delivery) (lost []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range deliveries {
		d := &deliveries[i]
		kept, ok := m.deliveries[d.ID]
		if !ok || kept.Status != Pending || kept.Claim != d.Claim {
			lost = append(lost, d.ID)
			continue
		}
		seq := kept.Seq
		*kept = cloneDelivery(d)
		kept.Seq = seq
		kept.Claim++
		m.file(kept)
	}
	return lost, nil
}

// Redeliver implements Queue.
func (m *Memory) Redeliver(_ context.Context, id string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.deliveries[id]
	if ok {
		_, ok = m.subscriptions[d.Subscription]
	}
	switch {
	case !ok:
		return fmt.Errorf("redeliver %s: %w", id, ErrNotFound)
	case d.Status == Pending:
		return fmt.Errorf("redeliver %s: %w", id, ErrPending)
	}
	d.reopen(now)
	m.file(d)
	return nil
}

// RedeliverDead implements Queue.
func (m *Memory) RedeliverDead(_ context.Context, subscription string, now time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.subscriptions[subscription]; !ok {
		return 0, fmt.Errorf("redeliver dead deliveries of %s: %w", subscription, ErrNotFound)
	}
	n := 0
	for _, d := range m.deliveries {
		if d.Subscription == subscription && d.Status == Dead {
			d.reopen(now)
			m.file(d)
			n++
		}
	}
	return n, nil
}
