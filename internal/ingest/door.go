// Package ingest is the front door of the log: whatever comes by HTTP, from a file or from a reactor is checked here and
// appended in one form. What is invalid is refused with the rules it breaks and never reaches the log; a record that
// another program wrote past this door is judged by the same rules when it is folded.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// The reasons why events that were not found invalid are not known to be in the log.
var (
	// ErrBusy means that as many events are in flight as the door lets in. Nothing of the call was appended.
	ErrBusy = errors.New("too many events are in flight")
	// ErrUnavailable means that the log did not acknowledge all events. Those without an acknowledgement may or may not
	// be in the log; appending the same events with the same ids again is safe.
	ErrUnavailable = errors.New("log is unavailable, retry with the same ids")
)

// DefaultMaxInFlight is the number of events in flight when Options names none.
const DefaultMaxInFlight = 1 << 16

// log is what the door needs of the event log.
type log interface {
	Append(ctx context.Context, records []eventstore.Record) ([]eventstore.Appended, error)
}

// outcomes waits until records are folded and tells what became of them: projections.Verdicts.
type outcomes interface {
	Wait(ctx context.Context, sought []projections.Sought) ([]projections.Outcome, error)
}

// Options are the limits of a door and what it works with besides the log. The zero value of each field is a documented default.
type Options struct {
	// MaxInFlight is how many events may be in the door at a time, over all callers. Default: DefaultMaxInFlight.
	MaxInFlight int
	// Outcomes tell what became of events when they were folded. Default: nobody tells, and Await does not wait.
	Outcomes outcomes
}

// Door checks events and appends them. It is safe for concurrent use.
type Door struct {
	log    log
	policy func() *domain.Policy
	now    func() time.Time
	limit  int64
	room   *semaphore.Weighted
	tools  sync.Pool

	outcomes outcomes
}

// New returns a door to the given log. policy returns the policy in force, of which the door uses MaxFuture; now is the
// clock that future events are measured by. Both are called by concurrent goroutines.
func New(log log, policy func() *domain.Policy, now func() time.Time, opts Options) *Door {
	if opts.MaxInFlight <= 0 {
		opts.MaxInFlight = DefaultMaxInFlight
	}
	d := &Door{
		log: log, policy: policy, now: now, outcomes: opts.Outcomes,
		limit: int64(opts.MaxInFlight), room: semaphore.NewWeighted(int64(opts.MaxInFlight)),
	}
	d.tools.New = func() any { return &tools{decoder: domain.NewDecoder()} }
	return d
}

// Append checks the events and appends the valid ones with one call of the log, and returns what became of each, in
// their order. The order of events of one subject is kept.
//
// An error says that the fate of some events is not known; the results, which are complete also then, mark them as
// Unknown. It is ErrUnavailable when the log did not acknowledge them, with the log's own error around it, and ErrBusy,
// without results, when too many events are in flight. The results borrow from the events.
func (d *Door) Append(ctx context.Context, events []domain.Event) ([]Result, error) {
	if !d.room.TryAcquire(d.weight(events)) {
		return nil, fmt.Errorf("append %d events: %w", len(events), ErrBusy)
	}
	defer d.room.Release(d.weight(events))
	return d.append(ctx, events, make(memory, len(events)))
}

// Session returns a session for events that come in several pieces.
func (d *Door) Session() *Session { return &Session{door: d, memory: make(memory)} }

// weight is how much room events take. A call above the limit gets in when nothing else is in flight.
func (d *Door) weight(events []domain.Event) int64 { return min(int64(len(events)), d.limit) }

// Session appends the pieces of one stream of events. It is for one goroutine.
type Session struct {
	door   *Door
	memory memory
}

// Append is Door.Append with two differences: it waits while too many events are in flight, until ctx ends, and it
// recognises ids of earlier pieces of the session, of which it remembers the latest tens of thousands.
func (s *Session) Append(ctx context.Context, events []domain.Event) ([]Result, error) {
	d := s.door
	if err := d.room.Acquire(ctx, d.weight(events)); err != nil {
		return nil, fmt.Errorf("append %d events: %w", len(events), err)
	}
	defer d.room.Release(d.weight(events))
	s.memory.shrink()
	return d.append(ctx, events, s.memory)
}
