package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// DefaultTickEvery is the time between two ticks of a partition.
const DefaultTickEvery = 30 * time.Second

// checkEvery is how often the ticker looks whether a timer is due.
const checkEvery = time.Second

// ends tells where the partitions of the log end.
type ends interface {
	Ends(ctx context.Context) (eventstore.Positions, error)
}

// Ticker appends ticks to the partitions that this program owns, while the clock of the log runs. A partition gets none
// while the views have not caught up with it: what is being filled in may be an import, whose events time should not run
// ahead of, and what is not folded yet may have put off what is due. A partition in which there is always something new
// is caught up with, once a tick is overdue, when the views reflect what it had a moment ago.
type Ticker struct {
	// Ticked, when it is not nil, is called after each tick. It is set before Run.
	Ticked func()

	writer *Writer
	ends   ends
	policy func() *domain.Policy
	every  time.Duration
	logger *slog.Logger
	states map[int]*ticking
}

// ticking is what is known of a partition.
type ticking struct {
	// since is when it was ticked, or looked at for the first time; next is the offset after the tick.
	since time.Time
	next  int64
	// end is where its log ended at the last look.
	end int64
	// ticked says that there was a tick.
	ticked bool
}

// NewTicker returns a ticker. policy returns the policy in force; every is the time between ticks, 0 for
// DefaultTickEvery.
func NewTicker(writer *Writer, ends ends, policy func() *domain.Policy, every time.Duration, logger *slog.Logger) *Ticker {
	if every <= 0 {
		every = DefaultTickEvery
	}
	return &Ticker{writer: writer, ends: ends, policy: policy, every: every, logger: logger, states: make(map[int]*ticking)}
}

// Run ticks until ctx ends. What fails is tried again with the next look.
func (t *Ticker) Run(ctx context.Context, partitions []int) error {
	beat := time.NewTicker(min(checkEvery, t.every))
	defer beat.Stop()
	failing := false
	for {
		select {
		case <-beat.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := t.look(ctx, partitions)
		if err != nil && ctx.Err() == nil && !failing {
			t.logger.LogAttrs(ctx, slog.LevelWarn, "clock cannot tick", slog.Any("error", err))
		}
		failing = err != nil
	}
}

// look ticks the partitions whose turn it is.
func (t *Ticker) look(ctx context.Context, partitions []int) error {
	views, err := t.writer.views.Partitions(ctx)
	if err != nil {
		return fmt.Errorf("tick: %w", err)
	}
	wall := t.writer.now()
	clock, running := Clock(t.policy(), newest(views), wall)
	if !running {
		return nil
	}
	heads, err := t.ends.Ends(ctx)
	if err != nil {
		return fmt.Errorf("tick: %w", err)
	}
	var faults []error
	for _, p := range partitions {
		if !t.turn(p, &views[p], heads[p], clock, wall) {
			continue
		}
		at, err := t.writer.Tick(ctx, p, clock)
		if err != nil {
			faults = append(faults, fmt.Errorf("tick partition %d: %w", p, err))
			continue
		}
		s := t.states[p]
		s.since, s.next, s.ticked = wall, at.Offset+1, true
		if t.Ticked != nil {
			t.Ticked()
		}
	}
	return errors.Join(faults...)
}

// turn notes where the log of the partition ends and reports whether the partition is to be ticked.
func (t *Ticker) turn(p int, v *projections.PartitionView, end int64, clock domain.Instant, wall time.Time) bool {
	s := t.states[p]
	if s == nil {
		s = &ticking{since: wall, end: end}
		t.states[p] = s
	}
	before := s.end
	s.end = end
	overdue := wall.Sub(s.since) >= t.every
	if overdue {
		end = before
	}
	// Without the last tick the views would show as due what it has fired.
	caughtUp := v.Next >= max(end, s.next)
	return caughtUp && (overdue || !s.ticked || waits(v, clock))
}

// waits reports whether a timer of the partition is due.
func waits(v *projections.PartitionView, clock domain.Instant) bool {
	return v.Due != 0 && v.Due <= clock
}
