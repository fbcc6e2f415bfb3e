package eventstore

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Assignment is what one generation of a group gives a member.
type Assignment struct {
	// Generation numbers the generations of the group, upwards.
	Generation int32
	// Member is the member's id in the group.
	Member string
	// Partitions are the member's, in ascending order.
	Partitions []int

	commits *commits
}

// Commit tells the group how far the member's partitions are covered, so that Kafka's tools show its lag. It returns at
// once: what was told last is sent every second and when assigned has returned, and again later when that fails.
// Nothing in this package reads the committed positions. It may be called concurrently.
func (a Assignment) Commit(covered Positions) {
	if a.commits != nil {
		a.commits.note(covered)
	}
}

// commits sends the positions of one generation.
type commits struct {
	topic      string
	partitions []int
	send       func(map[string]map[int]int64) error
	logger     *slog.Logger

	mu      sync.Mutex
	covered map[int]int64
	// sending keeps two flushes from overtaking one another. It comes before mu.
	sending sync.Mutex
}

// note remembers how far the partitions of the generation are covered.
func (c *commits) note(covered Positions) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.partitions {
		if p < len(covered) {
			if c.covered == nil {
				c.covered = make(map[int]int64)
			}
			c.covered[p] = covered[p]
		}
	}
}

// take returns what is to be sent and forgets it.
func (c *commits) take() map[int]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	covered := c.covered
	c.covered = nil
	return covered
}

// giveBack takes back what could not be sent, unless something newer was noted.
func (c *commits) giveBack(covered map[int]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p, next := range c.covered {
		covered[p] = next
	}
	c.covered = covered
}

// flush sends what was noted.
func (c *commits) flush(ctx context.Context) {
	c.sending.Lock()
	defer c.sending.Unlock()
	covered := c.take()
	if len(covered) == 0 {
		return
	}
	if err := c.send(map[string]map[int]int64{c.topic: covered}); err != nil {
		c.giveBack(covered)
		c.logger.LogAttrs(ctx, slog.LevelDebug, "positions were not committed to the group", slog.Any("error", err))
	}
}

// run flushes from time to time until the generation has ended.
func (c *commits) run(ended context.Context) {
	tick := time.NewTicker(commitInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.flush(ended)
		case <-ended.Done():
			return
		}
	}
}
