package memview

import (
	"context"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Positions returns how far each partition was folded.
func (s *Store) Positions(context.Context) (eventstore.Positions, error) {
	pos := make(eventstore.Positions, len(s.partitions))
	for i, p := range s.partitions {
		p.mu.RLock()
		pos[i] = p.checkpoint.Next
		p.mu.RUnlock()
	}
	return pos, nil
}

// Summary returns the counts of the whole.
func (s *Store) Summary(context.Context) (*projections.Summary, error) {
	return s.fold.Summary(s.standing()), nil
}

// Lifecycle returns the report on stages and moves.
func (s *Store) Lifecycle(_ context.Context, filter projections.LifecycleFilter) (*projections.LifecycleReport, error) {
	return s.fold.Lifecycle(s.standing(), filter), nil
}

// Customer returns one customer.
func (s *Store) Customer(_ context.Context, id string) (*projections.CustomerView, error) {
	defer s.lockAll()()
	p, c := s.of(id)
	if c == nil || !c.IsCustomer() {
		return nil, fmt.Errorf("customer %q: %w", id, projections.ErrNotFound)
	}
	v := s.partitions[p].fold.View(&c.Customer, c.moves.of(c.ID), max(s.newest(), c.Now))
	v.Position = eventstore.Position{Partition: p, Offset: lastOffset(c)}
	v.Positions = s.positions()
	return v, nil
}

// Stream returns where the records of a stream are.
func (s *Store) Stream(_ context.Context, id string) (*projections.StreamView, error) {
	defer s.lockAll()()
	p, c := s.of(id)
	if c == nil {
		return nil, fmt.Errorf("stream %q: %w", id, projections.ErrNotFound)
	}
	control := slices.Clone(c.Touched)
	for _, published := range s.partitions[p].policies {
		control = append(control, published.Offset)
	}
	slices.Sort(control)
	return &projections.StreamView{
		ID: c.ID, Partition: p, Offsets: slices.Collect(c.Customer.Stream.Offsets()), Control: slices.Compact(control),
		Positions: s.positions(),
	}, nil
}

func lastOffset(c *customer) int64 {
	last := int64(-1)
	for o := range c.Customer.Stream.Offsets() {
		last = o
	}
	return last
}

// Customers returns a page of customers.
func (s *Store) Customers(_ context.Context, filter projections.CustomerFilter) (*projections.CustomerPage, error) {
	selection, err := projections.NewSelection(filter)
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	defer s.lockAll()()
	page := &projections.CustomerPage{AsOf: s.newest(), Positions: s.positions()}
	for _, p := range s.partitions {
		for c := range p.customers.all() {
			if c.IsCustomer() && c.Events > 0 && selection.Wants(&c.Customer) {
				selection.Add(p.fold.Item(&c.Customer, page.AsOf))
			}
		}
	}
	page.Items, page.Next = selection.Page()
	return page, nil
}

// Quarantined returns a page of the records that were set aside.
func (s *Store) Quarantined(_ context.Context, filter projections.QuarantineFilter) (*projections.QuarantinePage, error) {
	defer s.lockAll()()
	var all []projections.Quarantine
	for _, p := range s.partitions {
		all = append(all, p.quarantine...)
	}
	page, err := projections.PageOfQuarantine(all, filter)
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	return page, nil
}

// lockAll takes the read locks of all partitions and returns their release, for answers that must be of one moment.
func (s *Store) lockAll() (unlock func()) {
	for _, p := range s.partitions {
		p.mu.RLock()
	}
	return func() {
		for _, p := range s.partitions {
			p.mu.RUnlock()
		}
	}
}
