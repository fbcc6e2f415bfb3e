package memview

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// batch is the open batch of a partition. It works on copies of the customers, which the commit puts in place of what
// readers see.
type batch struct {
	part  *partition
	at    projections.Checkpoint
	ended bool
}

// Customer returns the state of a customer, made on first use.
func (b *batch) Customer(id string) *projections.Customer {
	p := b.part
	c := p.customers[id]
	if c == nil {
		c = p.fresh[id]
	}
	if c == nil {
		c = &customer{Customer: *projections.NewCustomer(id)}
		p.fresh[c.ID] = c
	}
	return b.take(c)
}

// take makes the customer part of the batch and returns the copy to work on.
func (b *batch) take(c *customer) *projections.Customer {
	p := b.part
	if c.batch != p.batch {
		c.batch, c.work = p.batch, p.copies.of(&c.Customer)
		p.taken = append(p.taken, c)
	}
	return c.work
}

// Due returns the customers whose timers are due.
func (b *batch) Due(_ context.Context, until domain.Instant, limit int) ([]*projections.Customer, error) {
	p := b.part
	var due []*projections.Customer
	for _, c := range p.due(until, limit) {
		due = append(due, b.take(c))
	}
	return due, nil
}

// After returns the streams that come after an id.
func (b *batch) After(_ context.Context, id string, limit int) ([]*projections.Customer, error) {
	p := b.part
	// Between the batches of a sweep no stream is added.
	if id == "" || p.order == nil {
		p.order = slices.Sorted(maps.Keys(p.customers))
	}
	from, found := slices.BinarySearch(p.order, id)
	if found {
		from++
	}
	streams := make([]*projections.Customer, min(limit, len(p.order)-from))
	for i := range streams {
		streams[i] = b.take(p.customers[p.order[from+i]])
	}
	return streams, nil
}

// Commit makes the batch visible.
func (b *batch) Commit(_ context.Context, changes *projections.Changes) (projections.Checkpoint, error) {
	if b.ended {
		return projections.Checkpoint{}, errors.New("commit batch: it has ended")
	}
	defer b.Rollback()
	p := b.part
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isAt(b.at) {
		return projections.Checkpoint{}, fmt.Errorf("commit batch on partition %d at offset %d: %w", b.at.Partition, b.at.Next, projections.ErrFenced)
	}
	p.install()
	if changes.Sweep == "" {
		p.order = nil
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
	return p.checkpoint, nil
}

// install puts the copies of the batch in place. A stream that was named and has nothing is not kept.
func (p *partition) install() {
	for _, c := range p.taken {
		before := c.NextDue()
		c.Customer = *c.work
		if p.fresh[c.ID] == c {
			if c.Stream.Version() == 0 && !c.Parked {
				continue
			}
			p.customers[c.ID] = c
		}
		if !c.dirty && c.Events > 0 {
			c.dirty = true
			p.dirty = append(p.dirty, c)
		}
		if p.dues != nil && c.NextDue() != before {
			p.dues.add(c)
		}
	}
	if p.dues != nil {
		p.dues.settle(p.customers)
	}
}

// Rollback ends the batch. After Commit it lets go of what the batch worked with.
func (b *batch) Rollback() {
	if b.ended {
		return
	}
	b.ended = true
	p := b.part
	for _, c := range p.taken {
		c.work = nil
	}
	clear(p.fresh)
	// What a batch needed serves the next one. In a small partition it would be a good part of its memory.
	p.taken = p.taken[:0]
	if cap(p.taken) > len(p.customers)/32 {
		p.taken, p.fresh = nil, make(map[string]*customer)
	}
	p.copies.release(len(p.customers) / 32)
	p.writing.Unlock()
}

// due returns the customers with a timer at or before the instant. A reader may be looking at the timers too.
func (p *partition) due(until domain.Instant, limit int) []*customer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dues == nil {
		p.dues = newDues(p.customers)
	}
	return p.dues.until(until, limit)
}

// copies is memory for copies of customers whose places do not change.
type copies struct {
	blocks [][]projections.Customer
	used   int
}

// blockCustomers is how many copies one block holds.
const blockCustomers = 64

// of returns a copy of the customer.
func (k *copies) of(c *projections.Customer) *projections.Customer {
	block, place := k.used/blockCustomers, k.used%blockCustomers
	if block == len(k.blocks) {
		k.blocks = append(k.blocks, make([]projections.Customer, blockCustomers))
	}
	k.used++
	work := &k.blocks[block][place]
	*work = *c
	return work
}

// release takes all copies back, and keeps memory for at most so many.
func (k *copies) release(most int) {
	k.used = 0
	if n := most / blockCustomers; len(k.blocks) > n {
		clear(k.blocks[n:])
		k.blocks = k.blocks[:n]
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
