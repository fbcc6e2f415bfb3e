package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/rapport-crm/rapport/eventstore"
)

// Sought names a record whose outcome somebody waits for.
type Sought struct {
	At eventstore.Position
	// Stream and Event are the subject and the id of its event.
	Stream, Event string
}

// Verdicts tells what became of records, whoever folded them: from memory when this program did, otherwise from the
// views. It is safe for concurrent use.
type Verdicts struct {
	outcomes *Outcomes
	progress *Progress
	views    Query
}

// NewVerdicts returns verdicts over the outcomes that this program's folders tell, the progress of the views and the
// views themselves.
func NewVerdicts(outcomes *Outcomes, progress *Progress, views Query) *Verdicts {
	return &Verdicts{outcomes: outcomes, progress: progress, views: views}
}

// Wait returns, in their order, what became of the records, once the views reflect all of them. The error is ctx's when
// ctx ended first, and ErrOutcomeUnknown when a record queues behind a parked stream; the outcomes that are known are
// returned also then.
func (v *Verdicts) Wait(ctx context.Context, sought []Sought) ([]Outcome, error) {
	positions := make([]eventstore.Position, len(sought))
	for i := range sought {
		positions[i] = sought[i].At
	}
	outcomes, err := v.outcomes.Wait(ctx, positions)
	if !errors.Is(err, ErrOutcomeUnknown) {
		return outcomes, err
	}
	if err := v.progress.Wait(ctx, after(positions)); err != nil {
		return outcomes, err
	}
	var unknown error
	for i := range outcomes {
		if outcomes[i].Known {
			continue
		}
		outcomes[i], err = v.views.Resolve(ctx, sought[i].At, sought[i].Stream, sought[i].Event)
		if err == nil && !outcomes[i].Known {
			err = ErrOutcomeUnknown
		}
		if err != nil && unknown == nil {
			unknown = fmt.Errorf("wait for the outcome of record %s: %w", sought[i].At, err)
		}
	}
	return outcomes, unknown
}

// after returns the positions that cover all records at the given places.
func after(places []eventstore.Position) eventstore.Positions {
	var covered eventstore.Positions
	for _, at := range places {
		for len(covered) <= at.Partition {
			covered = append(covered, 0)
		}
		covered[at.Partition] = max(covered[at.Partition], at.Offset+1)
	}
	return covered
}
