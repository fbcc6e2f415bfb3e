package notify

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// levelOf names a level of the deliveries to one subscription.
type levelOf struct{ subscription, level string }

// put takes in a delivery at its place.
func (m *Memory) put(d *Delivery) {
	m.seq = max(m.seq, d.Seq)
	m.deliveries[d.ID] = d
	m.file(d)
}

// file puts a delivery among the pending ones of its subscription, or takes it from there to the finished ones, as its
// state says.
func (m *Memory) file(d *Delivery) {
	m.pending[d.Subscription] = refiled(m.pending[d.Subscription], d)
	if d.Level != "" {
		of := levelOf{d.Subscription, d.Level}
		m.levels[of] = refiled(m.levels[of], d)
	}
	if d.Status == Pending {
		return
	}
	m.finished = append(m.finished, ended{d, d.FinishedAt})
	for len(m.finished) > maxFinished {
		oldest := m.finished[0]
		m.finished = m.finished[1:]
		if kept := m.deliveries[oldest.delivery.ID]; kept == oldest.delivery && kept.Status != Pending && kept.FinishedAt.Equal(oldest.at) {
			delete(m.deliveries, kept.ID)
		}
	}
}

// refiled returns a list of pending deliveries with a delivery at its place, or without it when it has ended.
func refiled(list []*Delivery, d *Delivery) []*Delivery {
	at, found := slices.BinarySearchFunc(list, d.Seq, func(p *Delivery, seq int64) int { return cmp.Compare(p.Seq, seq) })
	switch {
	case d.Status == Pending && !found:
		return slices.Insert(list, at, d)
	case d.Status != Pending && found:
		return slices.Delete(list, at, at+1)
	}
	return list
}

// Due implements Queue.
func (m *Memory) Due(_ context.Context, now time.Time, quiet map[string][]string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []string
	for _, id := range slices.Sorted(maps.Keys(m.subscriptions)) {
		if m.subscriptions[id].Disabled == "" && m.anyDue(id, now, quiet) {
			due = append(due, id)
		}
	}
	return due, nil
}

// anyDue reports whether something of a subscription is due. What quiet hours hold, which may be much, is not gone through.
func (m *Memory) anyDue(id string, now time.Time, quiet map[string][]string) bool {
	isDue := func(d *Delivery) bool { return d.due(now) }
	spared, isQuiet := quiet[id]
	if !isQuiet {
		return slices.ContainsFunc(m.pending[id], isDue)
	}
	return slices.ContainsFunc(spared, func(level string) bool { return slices.ContainsFunc(m.levels[levelOf{id, level}], isDue) })
}

// due reports whether a pending delivery is to be sent by itself now.
func (d *Delivery) due(now time.Time) bool { return d.DigestAt.IsZero() && !d.NextAttempt.After(now) }
