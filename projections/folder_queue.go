package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// parkedQueue is what waits behind a parked stream.
type parkedQueue struct {
	parked Parked
	// records are the first that wait, and next is the one after them, nil when there is none.
	records []eventstore.Record
	next    *eventstore.Record
	// fold is the one that was in force where the stream was parked, and missed are those that came into force since.
	fold   *Fold
	missed []missedPolicy
}

// missedPolicy is a policy that was published while a stream was parked.
type missedPolicy struct {
	place eventstore.Record
	at    domain.Instant
	fold  *Fold
}

// readQueue reads the first records that wait behind a stream. Of one that is not parked there are none.
func (x *Folder) readQueue(ctx context.Context, partition int, id string) (*parkedQueue, error) {
	q := new(parkedQueue)
	page, err := x.store.Parked(ctx, ParkedFilter{Stream: id})
	if err != nil || len(page.Items) == 0 {
		return q, err
	}
	q.parked = page.Items[0]
	if err := q.readPolicies(ctx, x, partition); err != nil {
		return nil, err
	}
	offsets, err := x.store.Queue(ctx, partition, id, redriveRecords+1)
	if err != nil || len(offsets) == 0 {
		return q, err
	}
	if x.options.Records == nil {
		return nil, errors.New("records cannot be read")
	}
	if q.records, err = x.options.Records.Read(ctx, partition, offsets); err != nil {
		return nil, err
	}
	if len(q.records) > redriveRecords {
		q.records, q.next = q.records[:redriveRecords], &q.records[redriveRecords]
	}
	return q, nil
}

// readPolicies finds the policies that concern the queue, in the order of their places.
func (q *parkedQueue) readPolicies(ctx context.Context, x *Folder, partition int) error {
	policies, err := x.store.Policies(ctx)
	if err != nil {
		return err
	}
	before := missedPolicy{fold: x.base, place: eventstore.Record{Offset: -1}}
	for i := range policies {
		for _, at := range policies[i].Positions {
			if at.Partition != partition || at.Offset < before.place.Offset {
				continue
			}
			p, err := x.missedPolicy(&policies[i], at)
			switch {
			case err != nil:
				return fmt.Errorf("policy published at %s: %w", at, err)
			case at.Offset < q.parked.Offset:
				before = p
			default:
				q.missed = append(q.missed, p)
			}
		}
	}
	q.fold = before.fold
	slices.SortFunc(q.missed, func(a, b missedPolicy) int { return cmp.Compare(a.place.Offset, b.place.Offset) })
	return nil
}

// missedPolicy returns a published policy as one that a stream missed at the place.
func (x *Folder) missedPolicy(p *PolicyView, at eventstore.Position) (missedPolicy, error) {
	fold, err := x.under(p.Document)
	place := eventstore.Record{Partition: at.Partition, Offset: at.Offset, RecordedAt: p.PublishedAt.Time()}
	return missedPolicy{place: place, at: p.PublishedAt, fold: fold}, err
}
