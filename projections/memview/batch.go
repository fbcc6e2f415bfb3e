package memview

import (
	"context"
	"errors"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// batch is the open batch of a partition, whose lock it holds.
type batch struct {
	part  *partition
	ended bool
}

// Customer returns the state of a customer, made on first use.
func (b *batch) Customer(id string) *projections.Customer {
	p := b.part
	c, known := p.customers[id]
	if !known {
		c = &customer{Customer: *projections.NewCustomer(id)}
		p.customers[c.ID] = c
	}
	return b.take(c, !known)
}

// take makes the customer part of the batch, so that it can be put back.
func (b *batch) take(c *customer, fresh bool) *projections.Customer {
	p := b.part
	if c.batch != p.batch {
		c.batch = p.batch
		p.undo = append(p.undo, undo{customer: c, before: c.Customer, fresh: fresh})
	}
	return &c.Customer
}

// Due returns the customers whose timers are due.
func (b *batch) Due(_ context.Context, until domain.Instant, limit int) ([]*projections.Customer, error) {
	p := b.part
	if p.dues == nil {
		p.dues = newDues(p.customers)
	}
	var due []*projections.Customer
	for _, c := range p.dues.until(until, limit) {
		due = append(due, b.take(c, false))
	}
	return due, nil
}

// After returns the streams that come after an id.
func (b *batch) After(_ context.Context, id string, limit int) ([]*projections.Customer, error) {
	p := b.part
	var ids []string
	for known := range p.customers {
		if known > id {
			ids = append(ids, known)
		}
	}
	slices.Sort(ids)
	streams := make([]*projections.Customer, min(limit, len(ids)))
	for i := range streams {
		streams[i] = b.take(p.customers[ids[i]], false)
	}
	return streams, nil
}

// Commit makes the batch visible.
func (b *batch) Commit(_ context.Context, changes *projections.Changes) (projections.Checkpoint, error) {
	if b.ended {
		return projections.Checkpoint{}, errors.New("commit batch: it has ended")
	}
	p := b.part
	for i := range p.undo {
		if c := p.undo[i].customer; !c.dirty && c.Events > 0 {
			c.dirty = true
			p.dirty = append(p.dirty, c)
		}
	}
	for _, m := range changes.Effects.Moves {
		if c := p.customers[m.Customer]; c != nil {
			m.Customer = c.ID
			c.moves = append(c.moves, m)
		}
	}
	p.rollups.Add(&changes.Effects.Rollups)
	p.quarantine = append(p.quarantine, changes.Quarantined...)
	for _, r := range changes.Resolved {
		for i := range p.quarantine {
			if p.quarantine[i].Offset == r.Offset {
				p.quarantine[i].Resolve(r)
			}
		}
	}
	p.park(changes)
	if changes.Fold != nil {
		p.fold = changes.Fold
	}
	if changes.Policy != nil {
		p.policies = append(p.policies, *changes.Policy)
	}
	cp := &p.checkpoint
	cp.Sweep = changes.Sweep
	cp.Next, cp.Last, cp.Newest, cp.Recorded = changes.Next, changes.Last, changes.Newest, changes.Recorded
	b.end(false)
	return p.checkpoint, nil
}

// Rollback ends the batch and puts every state back.
func (b *batch) Rollback() {
	if !b.ended {
		b.end(true)
	}
}

// park keeps the parked customers and their queues up to date: what is released goes before what is parked again.
func (p *partition) park(changes *projections.Changes) {
	for _, id := range changes.Released {
		p.parked = slices.DeleteFunc(p.parked, func(k projections.Parked) bool { return k.Customer == id })
		p.queued = slices.DeleteFunc(p.queued, func(q projections.Queued) bool { return q.Customer == id })
	}
	for _, k := range changes.Parked {
		k.Customer = p.customers[k.Customer].ID
		p.parked = append(p.parked, k)
	}
	for _, q := range changes.Queued {
		q.Customer = p.customers[q.Customer].ID
		p.queued = append(p.queued, q)
	}
}

func (b *batch) end(undone bool) {
	p := b.part
	if !undone && p.dues != nil {
		for i := range p.undo {
			if c := p.undo[i].customer; c.NextDue() != p.undo[i].before.NextDue() {
				p.dues.add(c)
			}
		}
		p.dues.settle(p.customers)
	}
	for i := range p.undo {
		u := &p.undo[i]
		switch {
		case u.fresh && (undone || u.customer.Stream.Version() == 0 && !u.customer.Parked):
			u.customer.Customer = u.before
			delete(p.customers, u.customer.ID)
		case undone:
			u.customer.Customer = u.before
		}
	}
	// What lies behind the end keeps a batch's worth of old parts alive and is overwritten by the next one. In a small
	// partition that would be a good part of its memory.
	p.undo = p.undo[:0]
	if cap(p.undo) > len(p.customers)/8 {
		p.undo = nil
	}
	b.ended = true
	p.mu.Unlock()
}
