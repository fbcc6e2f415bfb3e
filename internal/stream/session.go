package stream

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/eventstore"
)

// addStretch is how many records are added to the ring at a time, so that clients are not kept from it for long.
const addStretch = 256

// session is the time in which the hub reads for clients: from the first one to the end of the last, or until a topic
// cannot be read further.
type session struct {
	hub *Hub
	// live is where the topics ended when the session began. The ring begins before, with recent outputs.
	live Cursor

	mu   sync.RWMutex
	ring *ring
	// grown is closed when the ring has grown or the session has ended, and another one takes its place.
	grown chan struct{}
	// fault is why the session ended, nil while it runs.
	fault error
}

// begin returns a session that begins shortly before the ends of the topics.
func (h *Hub) begin(ctx context.Context) (*session, error) {
	live, from := make(Cursor, len(h.logs)), make(Cursor, len(h.logs))
	lanes := 0
	for _, log := range h.logs {
		lanes += log.Partitions()
	}
	recent := int64(max(h.opts.RingOutputs/max(lanes, 1), 1))
	for t, log := range h.logs {
		starts, err := log.Starts(ctx)
		if err != nil {
			return nil, fmt.Errorf("begin to read %s: %w", log.Topic(), err)
		}
		if live[t], err = log.Ends(ctx); err != nil {
			return nil, fmt.Errorf("begin to read %s: %w", log.Topic(), err)
		}
		from[t] = starts
		for p, end := range live[t] {
			from[t][p] = max(starts[p], end-recent)
		}
	}
	return &session{hub: h, live: live, ring: newRing(h.opts.RingOutputs, h.opts.RingBytes, from), grown: make(chan struct{})}, nil
}

// seen covers what the topics are known to have.
func (s *session) seen() Cursor {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ring.head.max(s.live)
}

// run follows every partition of every topic until ctx ends or one cannot be followed further, and returns why.
func (s *session) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for t, log := range s.hub.logs {
		for p, from := range s.ring.tail.clone()[t] {
			group.Go(func() error {
				for batch, err := range log.Follow(ctx, p, from, eventstore.FollowOptions{WindowBytes: s.hub.opts.WindowBytes}) {
					if err != nil {
						return err
					}
					s.take(ctx, t, batch.Records)
				}
				return nil
			})
		}
	}
	return group.Wait()
}

// take adds the records of a batch to the ring.
func (s *session) take(ctx context.Context, topic int, records []eventstore.Record) {
	for len(records) > 0 {
		n := min(len(records), addStretch)
		entries := make([]entry, n)
		for i := range entries {
			rec := &records[i]
			entries[i] = entry{topic: topic, partition: rec.Partition, offset: rec.Offset, output: s.hub.read(ctx, topic, rec)}
		}
		s.add(entries)
		records = records[n:]
	}
}

func (s *session) add(entries []entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		s.ring.add(e)
	}
	close(s.grown)
	s.grown = make(chan struct{})
}

// end tells the clients that the session has ended.
func (s *session) end(fault error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
	close(s.grown)
	s.grown = make(chan struct{})
}

// read returns the output of a record, nil when it holds none.
func (h *Hub) read(ctx context.Context, topic int, rec *eventstore.Record) *output {
	o, err := readOutput(h.logs[topic].Topic(), rec)
	if err != nil {
		h.strange.Do(func() {
			h.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "output topic has a record that is no output", slog.Any("error", err))
		})
		return nil
	}
	return o
}
