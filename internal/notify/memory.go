package notify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Bounds on what Memory keeps.
const (
	// maxPending is how many deliveries may be pending for an endpoint; more die at once.
	maxPending = 50_000
	// maxFinished is how many finished deliveries stay in the journal, the latest.
	maxFinished = 20_000
)

// Memory is a Store in the memory of the process, which forgets everything when it ends; File keeps it. Of an endpoint at
// most 50,000 deliveries are pending, more die with the reason "overflow", and the journal has the latest 20,000 finished
// ones. NewMemory makes one.
type Memory struct {
	mu            sync.Mutex
	subscriptions map[string]Subscription
	deliveries    map[string]*Delivery
	// pending are the pending deliveries of each subscription in the order of their places.
	pending map[string][]*Delivery
	// levels are those of them that have a level, by it.
	levels map[levelOf][]*Delivery
	// finished are the deliveries that came to an end, in the order of that. Some may be pending again, or gone.
	finished []ended
	seq      int64
}

// ended is the end of a delivery.
type ended struct {
	delivery *Delivery
	at       time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		subscriptions: make(map[string]Subscription), deliveries: make(map[string]*Delivery),
		pending: make(map[string][]*Delivery), levels: make(map[levelOf][]*Delivery),
	}
}

// Subscribe implements Directory.
func (m *Memory) Subscribe(_ context.Context, s Subscription) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.subscriptions[s.ID]; ok {
		return fmt.Errorf("subscribe %s: %w", s.ID, ErrExists)
	}
	m.subscriptions[s.ID] = cloneSubscription(s)
	return nil
}

// Change implements Directory.
func (m *Memory) Change(_ context.Context, id string, f func(*Subscription) error) (Subscription, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.subscriptions[id]
	if !ok {
		return Subscription{}, fmt.Errorf("change subscription %s: %w", id, ErrNotFound)
	}
	s = cloneSubscription(s)
	if err := f(&s); err != nil {
		return Subscription{}, err
	}
	s.ID = id
	m.subscriptions[id] = cloneSubscription(s)
	return s, nil
}

// Unsubscribe implements Directory.
func (m *Memory) Unsubscribe(_ context.Context, id string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.subscriptions[id]; !ok {
		return fmt.Errorf("unsubscribe %s: %w", id, ErrNotFound)
	}
	delete(m.subscriptions, id)
	for _, d := range slices.Clone(m.pending[id]) {
		d.finish(Dead, ReasonUnsubscribed, now)
		m.file(d)
	}
	delete(m.pending, id)
	maps.DeleteFunc(m.levels, func(of levelOf, _ []*Delivery) bool { return of.subscription == id })
	return nil
}

// Subscription implements Directory.
func (m *Memory) Subscription(_ context.Context, id string) (Subscription, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.subscriptions[id]
	if !ok {
		return Subscription{}, fmt.Errorf("read subscription %s: %w", id, ErrNotFound)
	}
	return cloneSubscription(s), nil
}

// Subscriptions implements Directory.
func (m *Memory) Subscriptions(context.Context) ([]Subscription, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Subscription
	for _, id := range slices.Sorted(maps.Keys(m.subscriptions)) {
		all = append(all, cloneSubscription(m.subscriptions[id]))
	}
	return all, nil
}

// Delivery implements Journal.
func (m *Memory) Delivery(_ context.Context, id string) (Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.deliveries[id]
	if !ok {
		return Delivery{}, fmt.Errorf("read delivery %s: %w", id, ErrNotFound)
	}
	return cloneDelivery(d), nil
}

// Deliveries implements Journal.
func (m *Memory) Deliveries(_ context.Context, f Filter) (Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := cmp.Or(f.Limit, DefaultPage)
	var found []*Delivery
	for _, d := range m.deliveries {
		if f.matches(d) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b *Delivery) int { return cmp.Compare(b.Seq, a.Seq) })
	var page Page
	for _, d := range found[:min(limit, len(found))] {
		page.Items = append(page.Items, cloneDelivery(d))
	}
	if len(found) > limit {
		page.Next = found[limit-1].Seq
	}
	return page, nil
}

// Backlog implements Journal.
func (m *Memory) Backlog(context.Context) (map[string]Backlog, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	waiting := make(map[string]Backlog)
	for id, list := range m.pending {
		if len(list) > 0 {
			oldest := slices.MinFunc(list, func(a, b *Delivery) int { return a.CreatedAt.Compare(b.CreatedAt) })
			waiting[id] = Backlog{Pending: len(list), Oldest: oldest.CreatedAt}
		}
	}
	return waiting, nil
}

func (f Filter) matches(d *Delivery) bool {
	return (f.Subscription == "" || f.Subscription == d.Subscription) && (f.Type == "" || f.Type == d.Type) &&
		(f.Customer == "" || f.Customer == d.Customer) && (f.Status == "" || f.Status == d.Status) &&
		(f.Before == 0 || d.Seq < f.Before)
}

// Prune implements Journal.
func (m *Memory) Prune(_ context.Context, delivered, dead time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.deliveries)
	maps.DeleteFunc(m.deliveries, func(_ string, d *Delivery) bool {
		return (d.Status == Delivered || d.Status == Digested) && d.FinishedAt.Before(delivered) || d.Status == Dead && d.FinishedAt.Before(dead)
	})
	return n - len(m.deliveries), nil
}

func cloneSubscription(s Subscription) Subscription {
	s.Types, s.Secrets, s.Quiet = slices.Clone(s.Types), slices.Clone(s.Secrets), s.Quiet.clone()
	return s
}

func cloneDelivery(d *Delivery) Delivery {
	c := *d
	c.Log = slices.Clone(d.Log)
	return c
}
