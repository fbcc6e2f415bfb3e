package projections

import (
	"cmp"
	"context"
	"errors"
	"iter"
)

// commit opens a batch for the named customers, lets work fill it, publishes the outputs and commits. When the fold
// panics on a customer, the batch is done again with that customer parked. From then on other customers on whom it panics
// are parked on the way, so that the work does not grow with their number.
func (x *Folder) commit(ctx context.Context, at Checkpoint, names iter.Seq[string], work func(context.Context, Batch) error) (Checkpoint, error) {
	defer func() { x.park, x.careful, x.foresee = nil, false, false }()
	for {
		next, err := x.attempt(ctx, at, names, work)
		var p *panicked
		if !errors.As(err, &p) {
			return next, err
		}
		if _, again := x.park[p.customer]; again || p.customer == "" {
			return at, err
		}
		x.note(p)
		x.careful, x.foresee = true, x.foresee || p.offset == unknownOffset
	}
}

// note keeps that the batch parks a customer.
func (x *Folder) note(p *panicked) {
	if x.park == nil {
		x.park = make(map[string]*panicked)
	}
	x.park[p.customer] = p
}

func (x *Folder) attempt(ctx context.Context, at Checkpoint, names iter.Seq[string], work func(context.Context, Batch) error) (next Checkpoint, err error) {
	if err := ctx.Err(); err != nil {
		return at, err
	}
	b, err := x.store.Begin(ctx, at, names)
	if err != nil {
		return at, err
	}
	defer b.Rollback()
	defer func() {
		if p := x.blamed(recover()); p != nil {
			next, err = at, p
		}
	}()
	x.begin(at)
	if err := work(ctx, b); err != nil {
		return at, err
	}
	x.current = ""
	if p := x.lookOut(); p != nil {
		return at, p
	}
	return x.finish(ctx, at, b)
}

// finish publishes the outputs and the states of the batch and commits it.
func (x *Folder) finish(ctx context.Context, at Checkpoint, b Batch) (next Checkpoint, err error) {
	if x.options.Outlet != nil && len(x.effects.Outputs) > 0 {
		if err := x.options.Outlet.Publish(ctx, x.effects.Outputs); err != nil {
			return at, err
		}
	}
	if err := x.register(ctx, at); err != nil {
		return at, err
	}
	x.changes.Fold = x.fold
	if x.changes.Policy != nil {
		if x.changes.Fold, err = x.under(x.changes.Policy.Document); err != nil {
			return at, err
		}
	}
	if next, err = b.Commit(ctx, &x.changes); err != nil {
		return at, err
	}
	x.fold = x.changes.Fold
	if x.options.Outcomes != nil {
		x.options.Outcomes.publish(at.Partition, at.Next, x.folded)
	}
	return next, nil
}

// blamed returns a recovered panic with the customer and the record at hand, nil when there was none.
func (x *Folder) blamed(value any) *panicked {
	switch value := value.(type) {
	case nil:
		return nil
	case *panicked:
		return value
	default:
		p := newPanicked(x.current, value)
		p.offset = x.effects.position.Offset
		return p
	}
}

// try lets f fold into one customer. In a careful attempt a panic of the fold undoes what f did, and is noted: then try
// returns false, and the customer is to be parked.
func (x *Folder) try(c *Customer, f func()) (done bool) {
	if !x.careful {
		f()
		return true
	}
	customer, changes, effects := *c, x.changes, x.effects
	x.effects = Effects{publish: effects.publish, position: effects.position}
	defer func() {
		if p := x.blamed(recover()); p != nil {
			x.note(p)
			*c, x.changes, x.effects = customer, changes, effects
			return
		}
		effects.add(&x.effects)
		x.effects, done = effects, true
	}()
	f()
	return true
}

// lookOut looks for customers of the batch on whom the fold panics when it looks ahead, once it did so for one of them.
// The store would find them one by one, each at the price of the batch. It notes them, and returns one.
func (x *Folder) lookOut() (found *panicked) {
	if !x.foresee {
		return nil
	}
	fold := cmp.Or(x.changes.Coming, x.fold)
	for _, c := range x.changes.Changed {
		p := fold.panicAhead(c)
		if p == nil || x.park[c.ID] != nil {
			continue
		}
		if found != nil {
			x.note(found)
		}
		found = p
	}
	return found
}

// panicAhead returns the panic of the fold on what silence will bring the customer, nil when there is none.
func (f *Fold) panicAhead(c *Customer) (p *panicked) {
	defer func() { p, _ = recover().(*panicked) }()
	f.Outlook(c)
	return nil
}
