package memview

import (
	"context"
	"errors"

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
	if c.batch != p.batch {
		c.batch = p.batch
		p.undo = append(p.undo, undo{customer: c, before: c.Customer, fresh: !known})
	}
	return &c.Customer
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
	cp := &p.checkpoint
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

func (b *batch) end(undone bool) {
	p := b.part
	for i := range p.undo {
		u := &p.undo[i]
		switch {
		case u.fresh && (undone || u.customer.Stream.Version() == 0):
			u.customer.Customer = u.before
			delete(p.customers, u.customer.ID)
		case undone:
			u.customer.Customer = u.before
		}
	}
	// What lies behind the end keeps a batch's worth of old parts alive and is overwritten by the next one.
	p.undo = p.undo[:0]
	b.ended = true
	p.mu.Unlock()
}
