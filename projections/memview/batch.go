package memview

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// batch is the open batch of a partition. It works on copies of the customers, which the commit puts in place of what
// readers see, unless the store was made to be filled in place.
type batch struct {
	part             *partition
	at               projections.Checkpoint
	inPlace          bool
	committed, ended bool
}

// taken is a customer that is part of a batch, nil when it is new, what the batch works on, and when the timer was due
// before.
type taken struct {
	customer *customer
	work     *projections.Customer
	due      domain.Instant
}

// Customer returns the state of a customer, made on first use.
func (b *batch) Customer(id string) *projections.Customer {
	p := b.part
	if c := p.customers.get(id); c != nil {
		return b.take(c)
	}
	work := p.fresh[id]
	if work == nil {
		work = p.copies.of(projections.NewCustomer(id))
		p.fresh[work.ID] = work
		p.taken = append(p.taken, taken{work: work})
	}
	return work
}

// take makes the customer part of the batch and returns what to work on.
func (b *batch) take(c *customer) *projections.Customer {
	p := b.part
	if c.taken == 0 {
		work := &c.Customer
		if !b.inPlace {
			work = p.copies.of(work)
		}
		p.taken = append(p.taken, taken{c, work, c.NextDue()})
		c.taken = uint32(len(p.taken))
	}
	return p.taken[c.taken-1].work
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
		p.order = p.ids()
	}
	from, found := slices.BinarySearch(p.order, id)
	if found {
		from++
	}
	streams := make([]*projections.Customer, min(limit, len(p.order)-from))
	for i := range streams {
		streams[i] = b.take(p.customers.get(p.order[from+i]))
	}
	return streams, nil
}

// ids returns the ids of the streams in order.
func (p *partition) ids() []string {
	ids := make([]string, 0, p.customers.len())
	for c := range p.customers.all() {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	return ids
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
	b.committed = true
	p.install()
	if changes.Sweep == "" {
		p.order = nil
	}
	for _, m := range changes.Effects.Moves {
		if c := p.customers.get(m.Customer); c != nil {
			c.moves = c.moves.with(&m, p.version(m.Policy))
		}
	}
	p.rollups.Add(&changes.Effects.Rollups)
	p.digest = p.digest.Add(projections.DigestOfCells(changes.Effects.Rollups.Cells))
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
	for _, t := range p.taken {
		c := t.customer
		switch {
		case c == nil && t.work.Stream.Version() == 0 && !t.work.Parked:
			continue
		case c == nil:
			c = p.customers.add(t.work)
		case t.work != &c.Customer:
			c.Customer = *t.work
		}
		c.dirty = c.dirty || c.Events > 0
		if p.dues != nil && c.NextDue() != t.due {
			p.dues.add(c)
		}
	}
	if p.dues != nil {
		p.dues.settle(&p.customers)
	}
}

// Rollback ends the batch. After Commit it lets go of what the batch worked with.
func (b *batch) Rollback() {
	if b.ended {
		return
	}
	b.ended = true
	p := b.part
	p.torn = b.inPlace && !b.committed && len(p.taken) > 0
	for _, t := range p.taken {
		if t.customer != nil {
			t.customer.taken = 0
		}
	}
	clear(p.fresh)
	clear(p.taken) // they keep copies alive
	// What a batch needed serves the next one. In a small partition it would be a good part of its memory, which counts where
	// the partition is kept when it is filled.
	p.taken = p.taken[:0]
	if !b.inPlace && cap(p.taken) > p.customers.len()/32 {
		p.taken, p.fresh = nil, make(map[string]*projections.Customer)
	}
	p.copies.release(p.customers.len() / 32)
	p.writing.Unlock()
}

// due returns the customers with a timer at or before the instant. A reader may be looking at the timers too.
func (p *partition) due(until domain.Instant, limit int) []*customer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dues == nil {
		p.dues = newDues(&p.customers)
	}
	return p.dues.until(until, limit)
}

// copies is memory for copies of customers whose places do not change.
type copies struct {
	blocks [][]projections.Customer
	used   int
}

// blockCustomers is how many copies one block holds.
const blockCustomers = 16

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

// release takes all copies back, and keeps memory for at most so many, but for one block in any case.
func (k *copies) release(most int) {
	k.used = 0
	if n := max(most/blockCustomers, 1); len(k.blocks) > n {
		clear(k.blocks[n:])
		k.blocks = k.blocks[:n]
	}
}

// park keeps the parked customers and their queues up to date: what is released goes before what is parked again.
func (p *partition) park(changes *projections.Changes) {
	if r := changes.Released; r != nil {
		p.parked = slices.DeleteFunc(p.parked, func(k projections.Parked) bool { return k.Customer == r.Customer })
		p.queued = slices.DeleteFunc(p.queued, func(q projections.Queued) bool { return q.Customer == r.Customer && q.Offset <= r.Through })
	}
	for _, k := range changes.Parked {
		k.Customer = p.customers.get(k.Customer).ID
		p.parked = append(p.parked, k)
	}
	for _, q := range changes.Queued {
		q.Customer = p.customers.get(q.Customer).ID
		p.queued = append(p.queued, q)
	}
}
