package pgview

import (
	"sync"

	"github.com/rapport-crm/rapport/projections"
)

// entry is a customer in memory, as the database has it when no batch is open.
type entry struct {
	customer projections.Customer
	// stored says that the database has a row.
	stored bool
	// digest is that of the row: the state and the moves. state is that of the state alone.
	digest, state projections.Digest
	// sealed is the number of chunks of the stream's index that the database has sealed.
	sealed int
}

// weight is how many customers the entry counts for: a chunk of the index takes about as much memory as a customer.
func (e *entry) weight() int { return 1 + e.customer.Stream.Chunks() }

// partition holds what the writer of a partition keeps in memory between batches.
type partition struct {
	number   int
	capacity int
	mu       sync.Mutex
	kept     *cache
}

// take hands the cache to a batch, or an empty one when what is kept is not of the given checkpoint. Until the batch
// gives it back nobody else has it: a batch that fails leaves nothing behind.
func (p *partition) take(at projections.Checkpoint) *cache {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.kept
	p.kept = nil
	if c == nil || c.at.Epoch != at.Epoch || c.at.Next != at.Next || c.at.Sweep != at.Sweep {
		c = &cache{at: at, half: p.capacity / 2}
	}
	return c
}

// keep puts the cache of a committed batch back, or drops what is kept when c is nil. A later writer's cache is not
// replaced by that of an earlier one.
func (p *partition) keep(c *cache) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c == nil || p.kept == nil || p.kept.at.Epoch <= c.at.Epoch {
		p.kept = c
	}
}

// cache holds customers in two halves: an entry that is used moves to the young half, and when that is full the old
// half is forgotten and the young one becomes old. So the customers used last stay, at the cost of a map access each.
type cache struct {
	// at is the checkpoint whose states the cache holds.
	at         projections.Checkpoint
	half       int
	young, old map[string]*entry
	weight     int
}

// find returns the customer, or nil.
func (c *cache) find(id string) *entry {
	if e := c.young[id]; e != nil {
		return e
	}
	e := c.old[id]
	if e != nil {
		delete(c.old, id)
		c.put(e)
	}
	return e
}

// put adds a customer or notes that it was used.
func (c *cache) put(e *entry) {
	if c.half == 0 {
		return
	}
	if c.weight+e.weight() > c.half {
		c.old, c.young, c.weight = c.young, nil, 0
	}
	if c.young == nil {
		c.young = make(map[string]*entry)
	}
	if c.young[e.customer.ID] == nil {
		c.weight += e.weight()
		c.young[e.customer.ID] = e
	}
}
