package projections

import (
	"cmp"
	"context"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Register takes the states of customers on their way to those who keep a table of them. The writer of a partition puts
// the state of every customer that a batch changed before it commits the batch.
type Register interface {
	// Current reports whether the register has the state that every customer of the partition had at the checkpoint, or a
	// later one. The writer that has just claimed the partition asks it, and puts all of them when it has not.
	Current(ctx context.Context, at Checkpoint) (bool, error)

	// Filled notes that it has. From here on the writer of the checkpoint's epoch puts every change.
	Filled(ctx context.Context, at Checkpoint) error

	// Put returns once all states are acknowledged in their order. Their Sequence is for the register to set. The same
	// states, or earlier ones of the same customers and then these, may be put again after a failure, also by another
	// process.
	Put(ctx context.Context, states []domain.CustomerState) error
}

// claimRegister fills the register for a writer that has just claimed the partition. In the middle of a sweep it leaves that
// to the end of the sweep: until then some customers are as the coming policy makes them and the others are not.
func (x *Folder) claimRegister(ctx context.Context, at Checkpoint) error {
	x.unfilled = false
	switch {
	case x.options.Register == nil:
		return nil
	case at.Sweep != "":
		x.unfilled = true
		return nil
	default:
		return x.fillRegister(ctx, at)
	}
}

// sweptRegister fills the register after a sweep when claimRegister left it to that.
func (x *Folder) sweptRegister(ctx context.Context, at Checkpoint) error {
	if !x.unfilled {
		return nil
	}
	x.unfilled = false
	return x.fillRegister(ctx, at)
}

// fillRegister puts the states of all customers of a partition, unless the register has them.
func (x *Folder) fillRegister(ctx context.Context, at Checkpoint) error {
	current, err := x.options.Register.Current(ctx, at)
	if err != nil {
		return fmt.Errorf("fill the register of customers: %w", err)
	}
	last, more := "", !current && at.Next > 0
	for more {
		if last, more, err = x.fillFrom(ctx, at, last); err != nil {
			return fmt.Errorf("fill the register of customers: %w", err)
		}
	}
	if err := x.options.Register.Filled(ctx, at); err != nil {
		return fmt.Errorf("fill the register of customers: %w", err)
	}
	return nil
}

// fillFrom puts the states of some customers that come after the given one. It returns the last stream that was looked
// at, and whether there may be more.
func (x *Folder) fillFrom(ctx context.Context, at Checkpoint, after string) (last string, more bool, err error) {
	b, err := x.store.Begin(ctx, at, none)
	if err != nil {
		return "", false, err
	}
	defer b.Rollback()
	streams, err := b.After(ctx, after, sweepCustomers)
	if err != nil || len(streams) == 0 {
		return "", false, err
	}
	x.states = x.fold.appendStates(x.states[:0], streams, eventstore.Position{Partition: at.Partition, Offset: at.Next - 1})
	err = x.options.Register.Put(ctx, x.states)
	return streams[len(streams)-1].ID, len(streams) == sweepCustomers, err
}

// register puts the states of the customers that the batch changed.
func (x *Folder) register(ctx context.Context, at Checkpoint) error {
	if x.options.Register == nil || len(x.changes.Changed) == 0 {
		return nil
	}
	fold := cmp.Or(x.changes.Coming, x.fold)
	// In the middle of a control record the batch stays in front of it.
	position := eventstore.Position{Partition: at.Partition, Offset: max(x.changes.Next-1, 0)}
	x.states = fold.appendStates(x.states[:0], x.changes.Changed, position)
	if len(x.states) == 0 {
		return nil
	}
	return x.options.Register.Put(ctx, x.states)
}

// appendStates appends the states of those streams that are customers with a life, as they are at the position.
func (f *Fold) appendStates(dst []domain.CustomerState, streams []*Customer, position eventstore.Position) []domain.CustomerState {
	at := position.String()
	for _, c := range streams {
		if c.IsCustomer() && c.Events > 0 {
			dst = append(dst, f.State(c))
			dst[len(dst)-1].Position = at
		}
	}
	return dst
}

// State returns the customer as of its own time, without a place: Sequence and Position are empty.
func (f *Fold) State(c *Customer) domain.CustomerState {
	l, t := &c.Lifecycle, &c.Trade
	s := domain.CustomerState{
		ID: c.ID, Version: c.Events, AsOf: c.Now, PolicyVersion: f.policy.Version, OrgUnit: c.OrgUnit(),
		Stage: l.Stage.String(), Since: l.Since, Reason: l.Reason.String(), Inferred: l.Inferred, WonBack: l.WonBack,
		Risk: l.Risk.String(), ValueClass: f.className(c.class), Purchases: t.Purchases, LastPurchaseAt: t.LastPurchase, LastEventAt: c.Last, OpenMatters: int64(len(c.Matters.Open)),
		Parked: c.Parked,
	}
	for _, sum := range t.sums() {
		s.Sums = append(s.Sums, domain.CurrencySum(sum))
	}
	if c.Profile != nil {
		s.Name, s.Owners = c.Profile.Name, c.Profile.Owners
	}
	if c.Contacts != nil {
		s.LastContactAt = c.Contacts.Last.At
	}
	return s
}
