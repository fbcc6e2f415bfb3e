package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/rapport-crm/rapport/eventstore"
)

// replayMost is how many records are read from Kafka at a time for one client.
const replayMost = 512

// replay reads the next records between the cursor and the ring from Kafka. Where there are none left it joins the ring.
// When the ring has moved on meanwhile, the client is behind once more, by less than before unless outputs come faster
// than it reads.
func (s *Subscription) replay(ctx context.Context) error {
	s.session.mu.RLock()
	fault, until := s.session.fault, s.session.ring.tail.clone()
	s.session.mu.RUnlock()
	if fault != nil {
		return fault
	}
	for t := range s.cursor {
		for p, next := range s.cursor[t] {
			if next < until[t][p] {
				return s.fetch(ctx, t, p, min(until[t][p], next+replayMost))
			}
		}
	}
	return s.join()
}

// fetch takes the records of a partition from the cursor up to an offset. Only so many clients do so at a time, and none
// of them holds that while it writes to its client.
func (s *Subscription) fetch(ctx context.Context, topic, partition int, until int64) error {
	if err := s.hub.replays.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.hub.replays.Release(1)
	covered := s.cursor[topic]
	opt := eventstore.FollowOptions{Until: until, WindowBytes: s.hub.opts.WindowBytes}
	for batch, err := range s.hub.logs[topic].Follow(ctx, partition, covered[partition], opt) {
		if errors.Is(err, eventstore.ErrTrimmed) {
			return fmt.Errorf("%w: %w", ErrGone, err)
		}
		if err != nil {
			return err
		}
		for i := range batch.Records {
			rec := &batch.Records[i]
			covered[partition] = rec.Offset + 1
			if o := s.hub.read(ctx, topic, rec); o != nil && s.filter.matches(o) {
				s.events = append(s.events, o.withID(s.cursor))
			}
		}
	}
	return nil
}
