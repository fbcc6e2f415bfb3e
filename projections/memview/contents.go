package memview

import (
	"iter"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// Contents is what a partition was folded into, for those who carry it elsewhere. What it hands out is the store's own:
// it may be read until the next batch of the partition is opened.
type Contents struct {
	// Checkpoint says how far the partition was folded.
	Checkpoint projections.Checkpoint
	// Fold is the fold in force.
	Fold *projections.Fold
	// Rollups are the counts of the partition as the last event of each customer left them.
	Rollups *projections.Rollups
	// Quarantine are the records that were set aside, in order of offset.
	Quarantine []projections.Quarantine
	// Parked are the parked customers and Queued the records behind them, each customer's in order.
	Parked []projections.Parked
	Queued []projections.Queued
	// Policies are the policies that were published, in order of offset.
	Policies []projections.PublishedPolicy

	part *partition
}

// Contents returns what a partition was folded into.
func (s *Store) Contents(p int) (*Contents, error) {
	part, err := s.partition(p)
	if err != nil {
		return nil, err
	}
	part.mu.RLock()
	defer part.mu.RUnlock()
	return &Contents{
		Checkpoint: part.checkpoint, Fold: part.fold, Rollups: &part.rollups, Quarantine: part.quarantine,
		Parked: part.parked, Queued: part.queued, Policies: part.policies, part: part,
	}, nil
}

// Len returns the number of streams.
func (c *Contents) Len() int { return c.part.customers.len() }

// Streams returns the streams with their moves, in no order.
func (c *Contents) Streams() iter.Seq2[*projections.Customer, []projections.Move] {
	return func(yield func(*projections.Customer, []projections.Move) bool) {
		for stream := range c.part.customers.all() {
			if !yield(&stream.Customer, stream.moves.of(stream.ID)) {
				return
			}
		}
	}
}

// Stream returns a stream with its moves, nil when there is none with this id.
func (c *Contents) Stream(id string) (*projections.Customer, []projections.Move) {
	stream := c.part.customers.get(id)
	if stream == nil {
		return nil, nil
	}
	return &stream.Customer, stream.moves.of(stream.ID)
}

// Due returns when the next timer of a partition fires, zero when none is set.
func (s *Store) Due(p int) (domain.Instant, error) {
	part, err := s.partition(p)
	if err != nil {
		return 0, err
	}
	part.mu.Lock()
	defer part.mu.Unlock()
	if part.dues == nil {
		part.dues = newDues(&part.customers)
	}
	return part.dues.next(), nil
}

// Standing returns the sum of the partitions as of now. The digest is that of what people see.
func (s *Store) Standing() *projections.Standing { return s.standing() }
