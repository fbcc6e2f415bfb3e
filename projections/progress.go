package projections

import (
	"context"
	"fmt"
	"sync"

	"github.com/rapport-crm/rapport/eventstore"
)

// Progress says how far the partitions were folded and lets readers wait for a position. It is safe for concurrent use.
type Progress struct {
	mu      sync.Mutex
	next    eventstore.Positions
	failing map[int]error
	changed chan struct{}
}

// NewProgress returns the progress of the given number of partitions, all at their start.
func NewProgress(partitions int) *Progress {
	return &Progress{next: make(eventstore.Positions, partitions), failing: make(map[int]error), changed: make(chan struct{})}
}

// Report says that the partition was folded up to the offset next. Progress does not go back: an offset before one that
// was reported is a late report of another observer.
func (p *Progress) Report(partition int, next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.failing, partition)
	if p.next[partition] >= next {
		return
	}
	p.next[partition] = next
	close(p.changed)
	p.changed = make(chan struct{})
}

// fail says that the views of the partition could not be written; the next report takes that back.
func (p *Progress) fail(partition int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failing[partition] = err
}

// Failing returns how many partitions could not be written the last time they were tried.
func (p *Progress) Failing() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.failing)
}

// Positions returns how far each partition was folded.
func (p *Progress) Positions() eventstore.Positions {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next.Clone()
}

// Wait returns once all the given positions were folded, or with ctx's error.
func (p *Progress) Wait(ctx context.Context, until eventstore.Positions) error {
	for {
		p.mu.Lock()
		reached, changed := p.next.Reached(until), p.changed
		p.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for position %s: %w", until, context.Cause(ctx))
		}
	}
}
