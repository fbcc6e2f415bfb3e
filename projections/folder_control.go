package projections

import (
	"context"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// sweepCustomers is the most customers that one batch of a control record changes: what is held in memory and in one
// transaction does not grow with the number of customers.
const sweepCustomers = 5000

// foldControl applies the control record that the records begin with, and returns how many records it passed: several
// when ticks follow one another, and none when more batches are needed for the one in front.
func (x *Folder) foldControl(ctx context.Context, at Checkpoint, records []eventstore.Record) (Checkpoint, int, error) {
	r := &records[0]
	recorded := domain.InstantOf(r.RecordedAt)
	if known := x.options.Bound.Known; known != 0 && recorded > known {
		at, err := x.passBy(ctx, at, records)
		return at, 1, err
	}
	data, err := x.readSafely(r, recorded)
	if err != nil {
		at, err = x.refuse(ctx, at, r, err)
		return at, 1, err
	}
	if bound := x.options.Bound.At; bound != 0 && x.event.Time > bound {
		at, err := x.passBy(ctx, at, records)
		return at, 1, err
	}
	published := x.event.Time
	n := 1
	switch d := data.(type) {
	case *domain.ClockTicked:
		if d.At != x.event.Time {
			at, err = x.refuse(ctx, at, r, &domain.Invalid{Problems: []domain.Problem{{Pointer: "/data/at", Rule: "time", Message: "is not the time of the record"}}})
			return at, 1, err
		}
		at, n, err = x.tick(ctx, at, records, x.ticks(records, d.At))
	case *domain.PolicyPublished:
		at, err = x.publish(ctx, at, r, d, published)
	case *domain.ModelFitted:
		at, err = x.fitted(ctx, at, r, d, published)
	case *domain.QuarantineRedriven:
		at, err = x.resolve(ctx, at, r, Resolution{Offset: d.Offset, Status: StatusRedriven, Position: strings.Clone(d.Position)})
	case *domain.QuarantineDiscarded:
		at, err = x.resolve(ctx, at, r, Resolution{Offset: d.Offset, Status: StatusDiscarded, Reason: strings.Clone(d.Reason)})
	case *domain.StreamRedriven:
		at, err = x.redrive(ctx, at, r, strings.Clone(d.Stream))
	default:
		at, err = x.passBy(ctx, at, records)
	}
	return at, n, err
}

// passBy moves the checkpoint behind the first of the records, which changes nothing.
func (x *Folder) passBy(ctx context.Context, at Checkpoint, records []eventstore.Record) (Checkpoint, error) {
	return x.commit(ctx, at, none, func(context.Context, Batch) error {
		x.skip(records[:1])
		return nil
	})
}

// skip passes records that have no verdict.
func (x *Folder) skip(records []eventstore.Record) {
	for i := range records {
		x.pass(&records[i])
		if x.options.Outcomes != nil {
			x.folded = append(x.folded, Outcome{})
		}
	}
}

// refuse sets a control record aside.
func (x *Folder) refuse(ctx context.Context, at Checkpoint, r *eventstore.Record, cause error) (Checkpoint, error) {
	return x.commit(ctx, at, none, func(context.Context, Batch) error {
		outcome := x.setAside(r, domain.InstantOf(r.RecordedAt), Outcome{Verdict: eventstore.Quarantined, Problems: problems(cause)})
		x.pass(r)
		if x.options.Outcomes != nil {
			x.folded = append(x.folded, outcome)
		}
		return nil
	})
}

// ticks returns the instants that the records reach that are ticks, from the first record, which is one, to the last
// before another kind of record. They do not decrease.
func (x *Folder) ticks(records []eventstore.Record, first domain.Instant) []domain.Instant {
	reached := []domain.Instant{first}
	for i := 1; i < len(records) && isControl(&records[i]); i++ {
		r := &records[i]
		recorded := domain.InstantOf(r.RecordedAt)
		if known := x.options.Bound.Known; known != 0 && recorded > known {
			break
		}
		data, err := x.readSafely(r, recorded)
		d, ok := data.(*domain.ClockTicked)
		if err != nil || !ok || d.At != x.event.Time || x.options.Bound.At != 0 && x.event.Time > x.options.Bound.At {
			break
		}
		reached = append(reached, max(reached[i-1], d.At))
	}
	return reached
}

// tick fires the timers that are due by the first of some ticks by which one is due, and passes that tick and those
// before it; when so many are due that it takes several batches, it stays in front of the tick until the last of them. It
// returns how many ticks it passed.
func (x *Folder) tick(ctx context.Context, at Checkpoint, records []eventstore.Record, reached []domain.Instant) (Checkpoint, int, error) {
	passed := 0
	next, err := x.commit(ctx, at, none, func(ctx context.Context, b Batch) error {
		last := len(reached) - 1
		first, err := b.Due(ctx, reached[last], 1)
		if err != nil {
			return err
		}
		if len(first) == 0 {
			passed = last + 1
			x.skip(records[:passed])
			x.changes.Newest = max(x.changes.Newest, reached[last])
			return nil
		}
		k, _ := slices.BinarySearch(reached, first[0].NextDue())
		due, err := b.Due(ctx, reached[k], sweepCustomers)
		if err != nil {
			return err
		}
		for _, c := range due {
			x.fire(c, &records[k], reached[k])
		}
		passed = k
		if len(due) < sweepCustomers {
			passed = k + 1
		}
		if passed > 0 {
			x.skip(records[:passed])
			x.changes.Newest = max(x.changes.Newest, reached[passed-1])
		}
		if passed == k {
			// Whoever compares views waits for the last batch of the tick.
			x.changes.Sweep = due[len(due)-1].ID
		}
		return nil
	})
	return next, passed, err
}

func (x *Folder) fire(c *Customer, r *eventstore.Record, until domain.Instant) {
	x.effects.position = r.Position()
	x.current = c.ID
	advance := func() {
		x.fold.Advance(c, until, &x.effects)
		c.touch(r.Offset)
	}
	if !x.parks(c, r) && !x.try(c, advance) {
		x.parks(c, r)
	}
	x.changed(c)
}

// touch notes that the control record at the offset changed the customer.
func (c *Customer) touch(offset int64) {
	if n := len(c.Touched); n == 0 || c.Touched[n-1] < offset {
		c.Touched = append(c.Touched, offset)
	}
}

// publish puts a policy in force. One that says nothing of models keeps those in force.
func (x *Folder) publish(ctx context.Context, at Checkpoint, r *eventstore.Record, d *domain.PolicyPublished, from domain.Instant) (Checkpoint, error) {
	policy, err := x.known.parse(strings.Clone(d.Document))
	if err == nil && policy.Version != d.Version {
		err = &domain.Invalid{Problems: []domain.Problem{{Pointer: "/data/version", Rule: "version", Message: "is not that of the document"}}}
	}
	if err != nil {
		return x.refuse(ctx, at, r, err)
	}
	effective, err := x.known.after(x.fold.policy, policy)
	if err != nil {
		return x.refuse(ctx, at, r, err)
	}
	document := strings.Clone(d.Document)
	if effective != policy {
		document = x.known.document(effective)
	}
	return x.enforce(ctx, at, r, PublishedPolicy{At: from, Version: effective.Version, Document: document})
}

// fitted puts a fitted model in force, as a part of the policy in force. The one that is in force already changes nothing.
func (x *Folder) fitted(ctx context.Context, at Checkpoint, r *eventstore.Record, d *domain.ModelFitted, from domain.Instant) (Checkpoint, error) {
	role, model, err := d.Fitted()
	if err != nil {
		return x.refuse(ctx, at, r, err)
	}
	if before, ok := x.fold.policy.Models[string(role)]; ok && before.Equal(model) {
		return x.passBy(ctx, at, []eventstore.Record{*r})
	}
	policy, err := x.known.with(x.fold.policy, role, model)
	if err != nil {
		return x.refuse(ctx, at, r, err)
	}
	return x.enforce(ctx, at, r, PublishedPolicy{At: from, Version: policy.Version, Document: x.known.document(policy)})
}

// enforce puts a policy in force: first the partition's time moves to its instant under the policy before, then every
// stream is looked at anew, in batches. Readers see by the new policy after the last of them.
func (x *Folder) enforce(ctx context.Context, at Checkpoint, r *eventstore.Record, policy PublishedPolicy) (Checkpoint, error) {
	policy.Offset = r.Offset
	fold, err := x.under(policy.Document)
	if err != nil {
		return x.refuse(ctx, at, r, err)
	}
	for {
		var swept int
		next, err := x.commit(ctx, at, none, func(ctx context.Context, b Batch) error {
			x.changes.Coming = fold
			streams, err := b.After(ctx, at.Sweep, sweepCustomers)
			if err != nil {
				return err
			}
			x.effects.position = r.Position()
			for _, c := range streams {
				x.changes.Sweep = c.ID
				x.reconsider(c, r, fold, policy.At)
			}
			if swept = len(streams); swept < sweepCustomers {
				x.changes.Policy = &policy
				if x.changes.Newest != 0 {
					x.changes.Newest = max(x.changes.Newest, policy.At)
				}
				x.skip([]eventstore.Record{*r})
			}
			return nil
		})
		if err != nil {
			return next, err
		}
		if swept < sweepCustomers {
			return next, x.sweptRegister(ctx, next)
		}
		at = next
	}
}

func (x *Folder) reconsider(c *Customer, r *eventstore.Record, fold *Fold, from domain.Instant) {
	x.current = c.ID
	due, moved := c.NextDue(), false
	look := func() {
		x.fold.Advance(c, from, &x.effects)
		moved = fold.reconsider(c, x.fold, from, &x.effects)
	}
	if x.parks(c, r) || !x.try(c, look) && x.parks(c, r) || moved || c.NextDue() != due {
		x.changed(c)
	}
}

// resolve notes what became of a quarantined record.
func (x *Folder) resolve(ctx context.Context, at Checkpoint, r *eventstore.Record, resolution Resolution) (Checkpoint, error) {
	resolution.At = x.event.Time
	resolution.Actor = legible(x.event.Actor)
	return x.commit(ctx, at, none, func(context.Context, Batch) error {
		x.changes.Resolved = append(x.changes.Resolved, resolution)
		x.skip([]eventstore.Record{*r})
		return nil
	})
}
