package projections

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// redriveRecords is the most records of a queue that one batch of a redrive folds: what is held in memory and in one
// transaction does not grow with the queue.
const redriveRecords = 5000

// redrive folds the queue of a parked stream, in order. It takes as many batches as the queue needs, and stays in front
// of the record until the last of them: between two the stream is parked by the record that is next, so whoever goes on,
// also after a crash, finds what is left. When the fold panics again, the stream is parked by that record, with what lies
// behind it.
func (x *Folder) redrive(ctx context.Context, at Checkpoint, r *eventstore.Record, id string) (Checkpoint, error) {
	for at.Next == r.Offset {
		var err error
		if at, err = x.redriveBatch(ctx, at, r, id); err != nil {
			return at, fmt.Errorf("redrive stream %q: %w", id, err)
		}
	}
	return at, nil
}

func (x *Folder) redriveBatch(ctx context.Context, at Checkpoint, r *eventstore.Record, id string) (Checkpoint, error) {
	queue, err := x.readQueue(ctx, at.Partition, id)
	if err != nil {
		return at, err
	}
	name := func(yield func(string) bool) { yield(id) }
	return x.commit(ctx, at, name, func(_ context.Context, b Batch) error {
		c := b.Customer(id)
		if !c.Parked || !queue.take(x, b, c) {
			x.skip([]eventstore.Record{*r})
		}
		return nil
	})
}

// take folds the records into the stream, each under the policy of its place, and reports whether there are more for
// another batch.
func (q *parkedQueue) take(x *Folder, b Batch, c *Customer) (more bool) {
	defer func(inForce *Fold) { x.fold = inForce }(x.fold)
	// One customer alone: what is folded before a panic is kept by another attempt.
	x.fold, x.careful = q.fold, false
	x.changed(c)
	c.Parked = false
	released := &Released{Customer: c.ID, Through: -1}
	x.changes.Released = released
	missed := q.missed
	for i := range q.records {
		r := &q.records[i]
		if missed = x.makeUp(c, missed, r.Offset); c.Parked || x.parks(c, r) {
			return false
		}
		x.record(b, r)
		released.Through = r.Offset
	}
	if q.next == nil {
		// A panic for which no record is to blame leaves the stream parked where it was.
		where := eventstore.Record{Partition: q.parked.Partition, Offset: q.parked.Offset, RecordedAt: q.parked.At.Time()}
		if x.makeUp(c, missed, math.MaxInt64); !c.Parked {
			x.parks(c, &where)
		}
		return false
	}
	if x.makeUp(c, missed, q.next.Offset); c.Parked {
		return false
	}
	q.wait(x, c)
	return true
}

// makeUp applies the policies before an offset to a stream that they passed by, and returns the others. When the fold
// panicked on one of them, the stream is parked by it.
func (x *Folder) makeUp(c *Customer, missed []missedPolicy, before int64) []missedPolicy {
	for len(missed) > 0 && missed[0].place.Offset < before {
		p := &missed[0]
		if x.parks(c, &p.place) {
			break
		}
		x.current, x.effects.position = c.ID, p.place.Position()
		x.fold.Advance(c, p.at, &x.effects)
		x.fold = p.fold
		x.fold.Reconsider(c, p.at, &x.effects)
		missed = missed[1:]
	}
	return missed
}

// wait parks the stream by the next record until the next batch.
func (q *parkedQueue) wait(x *Folder, c *Customer) {
	c.Parked = true
	x.changes.Parked = append(x.changes.Parked, Parked{
		Partition: q.parked.Partition, Customer: c.ID, Offset: q.next.Offset, At: domain.InstantOf(q.next.RecordedAt), Error: q.parked.Error,
	})
	x.changes.Sweep = strconv.FormatInt(q.next.Offset, 10)
}
