package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

const (
	// takeMost is how many outputs Next returns at most, and scanMost how many it looks at with the ring held.
	takeMost = 64
	scanMost = 1024
)

// Subscription is what one client gets. Its methods but Close are for one goroutine.
type Subscription struct {
	hub     *Hub
	filter  Filter
	session *session
	// behind says that outputs after the cursor have left the ring: they come from Kafka.
	behind bool
	// next is the number of the entry of the ring to come.
	next uint64
	// cursor is what the client has while that differs from what the ring had at next; ahead is in how many partitions
	// it is more. Once it is in none the cursor is nil: the ids are then the same for all clients.
	cursor Cursor
	ahead  int
	// id is the line that tells what the client has when cursor is nil.
	id     []byte
	close  sync.Once
	events [][]byte
}

// Subscribe begins a subscription after what from covers; nil is from now on. It waits until the hub reads, at most until
// ctx ends. The error is ErrCursor, ErrGone, ErrFull or ErrStopped, or that of the log. Close must follow.
func (h *Hub) Subscribe(ctx context.Context, filter Filter, from Cursor) (*Subscription, error) {
	if err := h.enter(); err != nil {
		return nil, fmt.Errorf("subscribe to outputs: %w", err)
	}
	s := &Subscription{hub: h, filter: filter}
	if err := s.begin(ctx, from); err != nil {
		s.Close()
		return nil, fmt.Errorf("subscribe to outputs: %w", err)
	}
	return s, nil
}

// Close ends the subscription.
func (s *Subscription) Close() { s.close.Do(s.hub.leave) }

// begin joins the session that runs.
func (s *Subscription) begin(ctx context.Context, from Cursor) error {
	session, err := s.hub.awaitSession(ctx)
	if err != nil {
		return err
	}
	s.session = session
	if from == nil {
		s.cursor = session.seen()
		return s.join()
	}
	cursor, known := from.like(session.live)
	if !known {
		return ErrCursor
	}
	s.cursor = cursor
	if err := s.join(); err != nil {
		return err
	}
	if s.behind || !session.seen().reached(cursor) {
		return s.check(ctx, cursor)
	}
	return nil
}

// check asks the log whether it has what follows a cursor.
func (s *Subscription) check(ctx context.Context, cursor Cursor) error {
	for t, log := range s.hub.logs {
		starts, err := log.Starts(ctx)
		if err != nil {
			return err
		}
		ends, err := log.Ends(ctx)
		if err != nil {
			return err
		}
		for p, next := range cursor[t] {
			switch {
			case next < starts[p]:
				return ErrGone
			case next > ends[p]:
				return ErrCursor
			}
		}
	}
	return nil
}

// join finds the place of the cursor in the ring, or that it is before it.
func (s *Subscription) join() error {
	session := s.session
	session.mu.RLock()
	defer session.mu.RUnlock()
	if session.fault != nil {
		return session.fault
	}
	r := session.ring
	s.behind = !s.cursor.reached(r.tail)
	if s.behind {
		return nil
	}
	s.next, s.ahead = r.first, 0
	for t := range s.cursor {
		for p, next := range s.cursor[t] {
			if next > r.tail[t][p] {
				s.ahead++
			}
		}
	}
	s.meet(r.tail)
	return nil
}

// meet drops the cursor when it is what the ring had at next.
func (s *Subscription) meet(at Cursor) {
	if s.ahead == 0 {
		s.id, s.cursor = appendID(nil, at), nil
	}
}

// at returns what the client has. It may be changed only when it is s.cursor.
func (s *Subscription) at() Cursor {
	if s.cursor != nil {
		return s.cursor
	}
	// The line was made of a cursor of this shape.
	at, _ := ParseCursor(string(s.id[len("id: ") : len(s.id)-1]))
	at, _ = at.like(s.session.live)
	return at
}

// Position returns the Server-Sent Event that tells the client nothing but the id of what it has, or what it was spared by
// its filter. A client that stores it and comes back does not begin earlier than it must.
func (s *Subscription) Position() []byte {
	if s.cursor == nil {
		return append(slices.Clip(s.id), '\n')
	}
	return append(appendID(nil, s.cursor), '\n')
}

// Next returns the next outputs as Server-Sent Events, at least one. It waits for one until ctx ends, and may be called
// again then. The slice is valid until the next call; the bytes are shared and must not be changed. After any error but
// ctx's the subscription is over: ErrSlow, ErrGone, ErrStopped, or why the topics cannot be read.
func (s *Subscription) Next(ctx context.Context) ([][]byte, error) {
	s.events = s.events[:0]
	for {
		var (
			err   error
			grown <-chan struct{}
		)
		if s.behind {
			err = s.replay(ctx)
		} else {
			grown, err = s.take()
		}
		if errors.Is(err, errRenewed) {
			err = s.begin(ctx, s.at())
		}
		if len(s.events) > 0 {
			return s.events, nil
		}
		if err == nil && grown != nil {
			select {
			case <-grown:
			case <-ctx.Done():
			}
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("follow outputs: %w", err)
		}
	}
}

// take takes outputs from the ring. When it has come to the end of it, it returns what is closed when there is more.
func (s *Subscription) take() (<-chan struct{}, error) {
	session := s.session
	session.mu.RLock()
	defer session.mu.RUnlock()
	r := session.ring
	if session.fault != nil {
		return nil, session.fault
	}
	if s.next < r.first {
		return nil, ErrSlow
	}
	for scanned := 0; s.next < r.next; scanned++ {
		if scanned == scanMost || len(s.events) == takeMost {
			return nil, nil
		}
		s.pass(r.at(s.next))
		s.next++
	}
	return session.grown, nil
}

// pass takes one entry.
func (s *Subscription) pass(e *entry) {
	if s.cursor == nil {
		s.id = e.text[:e.idLength]
		if e.output != nil && s.filter.matches(e.output) {
			s.events = append(s.events, e.text)
		}
		return
	}
	covered := s.cursor[e.topic]
	switch has := covered[e.partition]; {
	case e.offset < has-1:
		return
	case e.offset == has-1:
		// Here the ring has reached what the client had in this partition.
		if s.ahead--; s.ahead == 0 {
			s.id, s.cursor = e.text[:e.idLength], nil
		}
		return
	}
	covered[e.partition] = e.offset + 1
	if e.output != nil && s.filter.matches(e.output) {
		s.events = append(s.events, e.output.withID(s.cursor))
	}
}
