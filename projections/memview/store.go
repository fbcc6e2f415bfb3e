// Package memview keeps views in memory. It is the store of the embedded mode, of as-of replays and of tests: it holds
// nothing on disk and is filled from the log at every start.
package memview

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

var _ projections.Store = (*Store)(nil)

// Store is a projections.Store in memory. A batch works on copies, so readers of a partition wait for its commit only.
type Store struct {
	options    Options
	fold       *projections.Fold
	partitions []*partition
	// standings is held by the caller that sums the partitions; latest is the last result, which stays true as long as
	// the checkpoints do, which it was made at: a control record may take several batches in front of one position.
	standings sync.Mutex
	latest    *projections.Standing
	latestAt  []projections.Checkpoint
}

// Options say how a store is kept.
type Options struct {
	// At is "now" in every answer: silence up to it has its effect. Default: the newest occurred_at.
	At domain.Instant
	// InPlace lets batches work on the customers themselves, which is for stores that nobody reads until they are filled. A
	// batch that is not committed leaves its partition half changed, and projections.ErrTorn is returned for every other one. Default:
	// batches work on copies.
	InPlace bool
}

// partition is what one partition was folded into.
type partition struct {
	// writing is held by an open batch from Begin to its end; mu is held by a commit, and by readers.
	writing    sync.Mutex
	mu         sync.RWMutex
	checkpoint projections.Checkpoint
	customers  streams
	rollups    projections.Rollups
	digest     projections.Digest
	quarantine []projections.Quarantine
	parked     []projections.Parked
	queued     []projections.Queued
	policies   []projections.PublishedPolicy
	owner      string
	// fold is the fold in force, by which readers see.
	fold *projections.Fold
	// dues orders the customers by their next timer. It is nil until the first tick asks for them: a replay without ticks
	// does not pay for it.
	dues *dues
	// policy is the version of the policy that produced the latest move.
	policy *string
	// taken, fresh and copies are those of the open batch: the customers it works on, the new ones among them, and memory
	// for their copies.
	taken  []taken
	fresh  map[string]*projections.Customer
	copies copies
	// torn says that a batch worked in place and was not committed.
	torn bool
	// order is the ids of the streams in order, while a sweep goes through them.
	order []string
}

// customer is the state of a stream with its rows.
type customer struct {
	projections.Customer
	moves  moves
	digest projections.Digest
	// taken is the place of the customer among those of the open batch, from 1; 0 when it is not among them. The writer of
	// the partition alone looks at it.
	taken uint32
	// dirty says that digest is older than the state. There are many customers: the order of the fields leaves no gap.
	dirty bool
}

// New returns an empty store for the given number of partitions, which reads through the given fold.
func New(fold *projections.Fold, partitions int) *Store {
	return NewWith(fold, partitions, Options{})
}

// NewWith is New with options.
func NewWith(fold *projections.Fold, partitions int, options Options) *Store {
	s := &Store{options: options, fold: fold}
	for p := range partitions {
		s.partitions = append(s.partitions, &partition{
			checkpoint: projections.Checkpoint{Partition: p},
			customers:  newStreams(),
			fresh:      make(map[string]*projections.Customer),
			fold:       fold,
		})
	}
	return s
}

// Claim makes the caller the writer of a partition.
func (s *Store) Claim(_ context.Context, p int, owner string) (*projections.Resume, error) {
	part, err := s.partition(p)
	if err != nil {
		return nil, err
	}
	part.mu.Lock()
	defer part.mu.Unlock()
	part.checkpoint.Epoch++
	part.owner = owner
	resume := &projections.Resume{Checkpoint: part.checkpoint}
	if n := len(part.policies); n > 0 {
		latest := part.policies[n-1]
		resume.Policy = &latest
	}
	return resume, nil
}

// Begin opens a batch on a partition, when the one before has ended.
func (s *Store) Begin(_ context.Context, at projections.Checkpoint, _ iter.Seq[string]) (projections.Batch, error) {
	part, err := s.partition(at.Partition)
	if err != nil {
		return nil, err
	}
	part.writing.Lock()
	if err := part.begin(at); err != nil {
		part.writing.Unlock()
		return nil, fmt.Errorf("begin batch on partition %d at offset %d: %w", at.Partition, at.Next, err)
	}
	return &batch{part: part, at: at, inPlace: s.options.InPlace}, nil
}

// begin numbers the next batch. The caller holds writing.
func (p *partition) begin(at projections.Checkpoint) error {
	if p.torn {
		return projections.ErrTorn
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if !p.isAt(at) {
		return projections.ErrFenced
	}
	return nil
}

// isAt reports whether the checkpoint is the latest one of the latest writer. The caller holds the lock.
func (p *partition) isAt(at projections.Checkpoint) bool {
	c := &p.checkpoint
	return c.Epoch == at.Epoch && c.Next == at.Next && c.Sweep == at.Sweep
}

func (s *Store) partition(p int) (*partition, error) {
	if p < 0 || p >= len(s.partitions) {
		return nil, fmt.Errorf("partition %d of %d does not exist", p, len(s.partitions))
	}
	return s.partitions[p], nil
}

// of returns the partition that holds the stream and its state, or nil. The caller holds the locks.
func (s *Store) of(id string) (int, *customer) {
	for i, p := range s.partitions {
		if c := p.customers.get(id); c != nil {
			return i, c
		}
	}
	return 0, nil
}

// standing sums the partitions as of now. One caller at a time does so, and settles the digests; readers of single
// customers go on meanwhile.
func (s *Store) standing() *projections.Standing {
	var st *projections.Standing
	s.withStanding(func(now *projections.Standing) { st = now })
	return st
}

// withStanding calls use with the sum of the partitions, which stay as they are until it returns.
func (s *Store) withStanding(use func(*projections.Standing)) {
	s.standings.Lock()
	defer s.standings.Unlock()
	defer s.lockAll()()
	use(s.sum())
}

// sum returns the sum of the partitions. The caller holds standings and the read locks.
func (s *Store) sum() *projections.Standing {
	at := s.checkpoints()
	if s.latest != nil && slices.Equal(s.latestAt, at) {
		return s.latest
	}
	st := &projections.Standing{AsOf: s.newest(), Positions: s.positions()}
	var ahead projections.Effects
	var buf []byte
	for _, p := range s.partitions {
		counted := p.rollups
		counted.Cells = nil
		st.Rollups.Add(&counted)
		for c := range p.customers.all() {
			if c.dirty {
				buf = p.settle(c, buf)
			}
			if due := c.NextDue(); due != 0 && due <= st.AsOf {
				buf = p.lookAhead(c, st, &ahead, buf)
			}
		}
		st.Digest = st.Digest.Add(p.digest)
	}
	st.SilentCells, ahead.Rollups.Cells = ahead.Rollups.Cells, nil
	st.Rollups.Add(&ahead.Rollups)
	st.Digest = st.Digest.Add(st.Rollups.Digest()).Add(projections.DigestOfCells(st.SilentCells))
	st.Policy = s.latestPolicy()
	s.latest, s.latestAt = st, at
	return st
}

// checkpoints returns those of all partitions. The caller holds the locks.
func (s *Store) checkpoints() []projections.Checkpoint {
	all := make([]projections.Checkpoint, len(s.partitions))
	for i, p := range s.partitions {
		all[i] = p.checkpoint
	}
	return all
}

// lookAhead adds what silence alone has brought the customer by now.
func (p *partition) lookAhead(c *customer, st *projections.Standing, ahead *projections.Effects, buf []byte) []byte {
	snapshot, _ := p.fold.LookAhead(&c.Customer, st.AsOf, ahead)
	var before, after projections.Digest
	before, buf = c.Customer.Digest(buf)
	after, buf = snapshot.Digest(buf)
	st.Digest = st.Digest.Sub(before).Add(after)
	for i := range ahead.Moves {
		st.Digest = st.Digest.Add(ahead.Moves[i].Digest())
	}
	clear(ahead.Moves)
	ahead.Moves = ahead.Moves[:0]
	return buf
}

// latestPolicy returns the policy that was published last in any partition, or the one the store began with.
func (s *Store) latestPolicy() *domain.Policy {
	policy, at := s.fold.Policy(), domain.Instant(0)
	for _, p := range s.partitions {
		if n := len(p.policies); n > 0 && p.policies[n-1].At > at {
			policy, at = p.fold.Policy(), p.policies[n-1].At
		}
	}
	return policy
}

// settle brings the digest of the partition up to date with a customer that changed since the last time. The caller holds
// standings and a read lock, which keeps batches out.
func (p *partition) settle(c *customer, buf []byte) []byte {
	d, buf := c.Digest(buf)
	for _, m := range c.moves.of(c.ID) {
		d = d.Add(m.Digest())
	}
	p.digest = p.digest.Sub(c.digest).Add(d)
	c.digest, c.dirty = d, false
	return buf
}

// positions returns the checkpoints. The caller holds the locks of all partitions.
func (s *Store) positions() eventstore.Positions {
	pos := make(eventstore.Positions, len(s.partitions))
	for i, p := range s.partitions {
		pos[i] = p.checkpoint.Next
	}
	return pos
}

// newest returns "now": the newest occurred_at that any partition has accepted, unless the store has one of its own.
// The caller holds the locks.
func (s *Store) newest() domain.Instant {
	if s.options.At != 0 {
		return s.options.At
	}
	var at domain.Instant
	for _, p := range s.partitions {
		at = max(at, p.checkpoint.Newest)
	}
	return at
}
