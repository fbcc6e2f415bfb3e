package kafkabus

import (
	"context"
	"time"
)

// Delays between repeats of a failed request.
const (
	minDelay = 20 * time.Millisecond
	maxDelay = time.Second
)

// backoff waits longer after each failure. The zero value is ready for use.
type backoff struct{ delay time.Duration }

// wait blocks for the next delay. It returns ctx's error when ctx ends first.
func (b *backoff) wait(ctx context.Context) error {
	b.delay = min(max(2*b.delay, minDelay), maxDelay)
	return pause(ctx, b.delay)
}

// reset makes the next delay the shortest again.
func (b *backoff) reset() { b.delay = 0 }

// pause blocks for d. It returns ctx's error when ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
