package faults

import (
	"context"
	"fmt"
	"time"
)

// contend appends to one stream, each event with the version that the client believes the stream has.
func contend(ctx context.Context, c *clientOf, stream string) {
	var version int64
	for c.open(ctx, 60*time.Millisecond) {
		ev := newPurchase(c.mint(), stream, c.moment(c.dice.Float64()), version, c.dice)
		c.sending(ev)
		for again := true; again; {
			op := c.attempt(ctx, ev, version)
			switch op.outcome {
			case accepted, conflict:
				version, again = op.version, false
			case duplicate:
				// Others may have appended since; where the stream is now shows when the next event is refused.
				version, again = max(version+1, op.version), false
			default:
				// The event may have been accepted or may yet be: a careful client sends it again, a careless one goes on.
				again = c.dice.IntN(2) == 0 && c.open(ctx, retryPause)
				if !again {
					version = c.learn(ctx, stream, version)
				}
			}
		}
	}
}

// attempt sends the event once and adds the operation to the history.
func (c *clientOf) attempt(ctx context.Context, ev event, expected int64) operation {
	op := operation{client: c.number, stream: ev.customer, id: ev.id, expected: expected, call: time.Since(c.from).Nanoseconds()}
	result, err := post(ctx, c.node(), ev, "wait=3")
	op.answer = time.Since(c.from).Nanoseconds()
	switch {
	case err != nil:
		c.suspect(err)
	case result.version == 0:
		// Taken by the log, but nobody could tell the verdict in time.
	case result.status == "accepted":
		op.outcome, op.version = accepted, result.version
	case result.status == "duplicate":
		op.outcome, op.version = duplicate, result.version
	case result.status == "conflict":
		op.outcome, op.version = conflict, result.version
	default:
		c.suspect(&refusedError{fmt.Sprintf("event %s became %+v", ev.id, result)})
	}
	if err == nil {
		c.heard(result)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = append(c.history, op)
	return op
}

// learn returns the version that a node shows, or the one that is known when that is newer or nobody answers.
func (c *clientOf) learn(ctx context.Context, stream string, known int64) int64 {
	view, err := get[struct {
		Version int64 `json:"version"`
	}](ctx, c.node()+"/v1/customers/"+stream)
	if err != nil {
		return known
	}
	return max(known, view.Version)
}
