package eventstore

import (
	"context"
	"time"
)

// Delays between repeats of a failed request.
const (
	minDelay = 20 * time.Millisecond
	maxDelay = time.Second
	// maxAttempts, with these delays, span some four seconds, longer than a leader takes to move.
	maxAttempts = 9
)

// backoff waits longer after each failure. The zero value is ready for use.
type backoff struct {
	delay time.Duration
}

// wait blocks for the next delay. It returns ctx's error when ctx ends first.
func (b *backoff) wait(ctx context.Context) error {
	b.delay = min(max(2*b.delay, minDelay), maxDelay)
	timer := time.NewTimer(b.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
