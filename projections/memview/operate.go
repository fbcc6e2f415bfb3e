package memview

import (
	"context"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Queue returns the first records that wait behind a parked stream.
func (s *Store) Queue(_ context.Context, p int, stream string, limit int) ([]int64, error) {
	part, err := s.partition(p)
	if err != nil {
		return nil, err
	}
	part.mu.RLock()
	defer part.mu.RUnlock()
	var offsets []int64
	for _, q := range part.queued {
		if len(offsets) == limit {
			break
		}
		if q.Customer == stream {
			offsets = append(offsets, q.Offset)
		}
	}
	return offsets, nil
}

// Partitions returns where each partition stands.
func (s *Store) Partitions(context.Context) ([]projections.PartitionView, error) {
	views := make([]projections.PartitionView, len(s.partitions))
	for i, p := range s.partitions {
		views[i] = p.view(i)
	}
	return views, nil
}

func (p *partition) view(number int) projections.PartitionView {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dues == nil {
		p.dues = newDues(&p.customers)
	}
	c := &p.checkpoint
	return projections.PartitionView{
		Partition: number, Next: c.Next, Recorded: c.Recorded, Newest: c.Newest, Owner: p.owner, Epoch: c.Epoch,
		Due: p.dues.next(), PolicyVersion: p.fold.Policy().Version,
	}
}

// Resolve returns what became of a record.
func (s *Store) Resolve(_ context.Context, at eventstore.Position, stream, _ string) (projections.Outcome, error) {
	p, err := s.partition(at.Partition)
	if err != nil {
		return projections.Outcome{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if at.Offset >= p.checkpoint.Next {
		return projections.Outcome{}, fmt.Errorf("resolve record %s: the partition was folded up to %d", at, p.checkpoint.Next)
	}
	for i := range p.quarantine {
		if p.quarantine[i].Offset == at.Offset {
			return p.quarantine[i].Outcome(), nil
		}
	}
	for _, q := range p.queued {
		if q.Offset == at.Offset {
			return projections.Outcome{}, nil
		}
	}
	c := p.customers.get(stream)
	if c == nil {
		return projections.Outcome{}, nil
	}
	return c.Customer.OutcomeAt(at.Offset), nil
}

// Parked returns a page of the parked customers.
func (s *Store) Parked(_ context.Context, filter projections.ParkedFilter) (*projections.ParkedPage, error) {
	defer s.lockAll()()
	var all []projections.Parked
	for _, p := range s.partitions {
		all = append(all, p.parked...)
	}
	page, err := projections.PageOfParked(all, filter)
	if err != nil {
		return nil, fmt.Errorf("list parked customers: %w", err)
	}
	for i := range page.Items {
		k := &page.Items[i]
		// A store may hold a partition of the log under another number.
		for _, p := range s.partitions {
			k.Queue += p.waiting(k.Customer)
		}
	}
	return page, nil
}

// waiting returns how many records wait behind a stream.
func (p *partition) waiting(stream string) (n int64) {
	for _, q := range p.queued {
		if q.Customer == stream {
			n++
		}
	}
	return n
}

// Backlog says how much waits for somebody to look at it.
func (s *Store) Backlog(context.Context) (*projections.Backlog, error) {
	defer s.lockAll()()
	b := new(projections.Backlog)
	older := func(a, b domain.Instant) domain.Instant {
		if a == 0 {
			return b
		}
		return min(a, b)
	}
	for _, p := range s.partitions {
		for i := range p.quarantine {
			if p.quarantine[i].Status == projections.StatusOpen {
				b.Quarantined++
				b.OldestQuarantined = older(b.OldestQuarantined, p.quarantine[i].Recorded)
			}
		}
		for i := range p.parked {
			b.OldestParked = older(b.OldestParked, p.parked[i].At)
		}
		b.Parked += int64(len(p.parked))
		b.Queued += int64(len(p.queued))
	}
	return b, nil
}

// Policies returns the published policies.
func (s *Store) Policies(context.Context) ([]projections.PolicyView, error) {
	defer s.lockAll()()
	policies := make(projections.PolicyList, 0)
	for i, p := range s.partitions {
		for _, published := range p.policies {
			policies.Add(i, published)
		}
	}
	policies.Sort()
	return policies, nil
}
