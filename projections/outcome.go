package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rapport-crm/rapport/eventstore"
)

// ErrOutcomeUnknown says that what became of a record is not known here, though it was folded: another process folded it,
// or so many records were folded since that it is forgotten. The views have it.
var ErrOutcomeUnknown = errors.New("outcome of the record is not known here")

// Outcome is what became of a record when it was folded. The zero value is an outcome that is not known.
type Outcome struct {
	// Known reports whether the other fields say something.
	Known   bool
	Verdict eventstore.Verdict
	// Reason says why the verdict is a conflict.
	Reason eventstore.Reason
	// Version is the version that the stream has after the record; only an accepted record has changed it. It is 0 for a
	// quarantined record.
	Version int64
	// Problems say what is wrong with a record that is in conflict or quarantined. They must not be changed.
	Problems []QuarantineProblem
}

// DefaultKept is how many outcomes are remembered for each partition when OutcomesOptions does not say.
const DefaultKept = 1 << 14

// OutcomesOptions are the limits of Outcomes. The zero value of each field is a documented default.
type OutcomesOptions struct {
	// Kept is how many outcomes are remembered for each partition, the latest. One takes 40 bytes. Default: DefaultKept.
	Kept int
	// Away says that no partition is folded here until a folder claims it: outcomes of its records are then unknown at
	// once. Default: callers wait for the folders to come.
	Away bool
}

// Outcomes remembers what became of the records that were folded last and lets callers wait for those to come. An
// outcome appears after the batch of its record was committed, so whoever has it finds the record in the views. It is
// safe for concurrent use and starts nothing.
type Outcomes struct {
	lanes []lane
}

// lane is the outcomes of one partition.
type lane struct {
	mu sync.Mutex
	// ring has the outcomes of the offsets from first to next, each in the place offset modulo len(ring). It is made when
	// there is something to remember.
	ring        []Outcome
	kept        int
	first, next int64
	// away says that the partition is not folded here: whoever waits is told so.
	away    bool
	waiting map[*watch]struct{}
}

// NewOutcomes returns the outcomes of so many partitions, none of them known.
func NewOutcomes(partitions int, opts OutcomesOptions) *Outcomes {
	if opts.Kept <= 0 {
		opts.Kept = DefaultKept
	}
	o := &Outcomes{lanes: make([]lane, partitions)}
	for p := range o.lanes {
		o.lanes[p].kept, o.lanes[p].waiting, o.lanes[p].away = opts.Kept, make(map[*watch]struct{}), opts.Away
	}
	return o
}

// Wait returns, in the order of the positions, what became of the records there, once all of them are folded. Outcomes
// that come while it waits are not missed, however many they are.
//
// The error is nil when every outcome is known. It is ErrOutcomeUnknown when one never will be, and ctx's error when ctx
// ended first; the outcomes that are known are returned also then.
func (o *Outcomes) Wait(ctx context.Context, at []eventstore.Position) ([]Outcome, error) {
	outcomes, ended := make([]Outcome, len(at)), make(chan struct{})
	watches := o.watches(at, outcomes, ended)
	for _, w := range watches {
		w.lane.join(w)
	}
	var cause error
	if len(watches) > 0 {
		select {
		case <-ended:
		case <-ctx.Done():
			cause = context.Cause(ctx)
			for _, w := range watches {
				w.lane.leave(w)
			}
		}
	}
	for i := range outcomes {
		switch {
		case outcomes[i].Known:
		case cause != nil:
			return outcomes, fmt.Errorf("wait for the outcome of record %s: %w", at[i], cause)
		default:
			return outcomes, fmt.Errorf("wait for the outcome of record %s: %w", at[i], ErrOutcomeUnknown)
		}
	}
	return outcomes, nil
}

// watch is what one Wait wants to know of one partition. The lock of the lane guards it while it is in the lane.
type watch struct {
	lane *lane
	// wanted are the offsets still to come, ascending, each with the place for its outcome.
	wanted []wanted
	// open counts the watches of the Wait that have not ended; the last one to end closes ended.
	open  *atomic.Int64
	ended chan<- struct{}
}

type wanted struct {
	offset int64
	into   *Outcome
}

// watches returns one watch for each partition that the positions name. Positions outside the log are left out.
func (o *Outcomes) watches(at []eventstore.Position, into []Outcome, ended chan<- struct{}) []*watch {
	var watches []*watch
	open := new(atomic.Int64)
	for i, p := range at {
		if p.Partition < 0 || p.Partition >= len(o.lanes) {
			continue
		}
		l := &o.lanes[p.Partition]
		k := slices.IndexFunc(watches, func(w *watch) bool { return w.lane == l })
		if k < 0 {
			k = len(watches)
			watches = append(watches, &watch{lane: l, open: open, ended: ended})
		}
		watches[k].wanted = append(watches[k].wanted, wanted{offset: p.Offset, into: &into[i]})
	}
	for _, w := range watches {
		slices.SortFunc(w.wanted, func(a, b wanted) int { return cmp.Compare(a.offset, b.offset) })
	}
	open.Store(int64(len(watches)))
	return watches
}

// join serves the watch with what is known and lets it wait for the rest.
func (l *lane) join(w *watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.serve(w) {
		l.waiting[w] = struct{}{}
	}
}

// leave takes the watch out, after which its outcomes no longer change.
func (l *lane) leave(w *watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, w)
}

// serve sets the outcomes before next that the watch wants, and reports whether it has ended. Those before first stay
// unknown for ever.
func (l *lane) serve(w *watch) bool {
	for len(w.wanted) > 0 && w.wanted[0].offset < l.next {
		if want := w.wanted[0]; want.offset >= l.first {
			*want.into = l.ring[want.offset%int64(len(l.ring))]
		}
		w.wanted = w.wanted[1:]
	}
	if len(w.wanted) > 0 && !l.away {
		return false
	}
	if w.open.Add(-1) == 0 {
		close(w.ended)
	}
	return true
}

// serveAll serves every watch that waits.
func (l *lane) serveAll() {
	for w := range l.waiting {
		if l.serve(w) {
			delete(l.waiting, w)
		}
	}
}

// resume says that folding the partition goes on at the offset next. When that is not where it stood, other hands have
// folded it meanwhile, or it is folded anew: what was remembered is forgotten.
func (o *Outcomes) resume(partition int, next int64) {
	l := &o.lanes[partition]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resume(next)
}

// release says that the partition is no longer folded here. Whoever waits for its records is told that their outcomes are
// unknown.
func (o *Outcomes) release(partition int) {
	l := &o.lanes[partition]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = true
	l.serveAll()
}

func (l *lane) resume(next int64) {
	l.away = false
	if l.next != next {
		l.first, l.next = next, next
		l.serveAll()
	}
}

// publish adds the outcomes of the records from the offset first on, whose batch was committed.
func (o *Outcomes) publish(partition int, first int64, outcomes []Outcome) {
	l := &o.lanes[partition]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resume(first)
	if l.ring == nil {
		l.ring = make([]Outcome, l.kept)
	}
	// A batch may be longer than the ring; who waits for its start must see that before it is overwritten.
	for part := range slices.Chunk(outcomes, len(l.ring)) {
		for _, outcome := range part {
			l.ring[l.next%int64(len(l.ring))] = outcome
			l.next++
		}
		l.first = max(l.first, l.next-int64(len(l.ring)))
		l.serveAll()
	}
}
