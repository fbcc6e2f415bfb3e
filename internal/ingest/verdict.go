package ingest

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Await waits once for the verdicts on all events of the results that the log has, and puts them into the results. When
// ctx ends first, or a verdict is not known to this process, the results concerned stay as they are: the events are in
// the log either way. What is judged is in the views when Await returns.
//
// Waiting takes no room in the door.
func (d *Door) Await(ctx context.Context, results []Result) {
	if d.outcomes == nil {
		return
	}
	var sought []projections.Sought
	var of []*Result
	for i := range results {
		if r := &results[i]; r.Appended() && !r.Judged {
			sought = append(sought, projections.Sought{At: r.Position, Stream: r.Stream, Event: r.ID})
			of = append(of, r)
		}
	}
	if len(sought) == 0 {
		return
	}
	// The error says that some outcomes are not known, which those say themselves.
	outcomes, _ := d.outcomes.Wait(ctx, sought)
	for i := range outcomes {
		of[i].judge(&outcomes[i])
	}
}

// judge puts the verdict into the result. A result that is Duplicate shares the record, and so the fate, of the first of
// its kind: when that was accepted, it stays a duplicate.
func (r *Result) judge(o *projections.Outcome) {
	if !o.Known {
		return
	}
	r.Judged, r.Version, r.Reason = true, o.Version, o.Reason
	switch o.Verdict {
	case eventstore.Accepted:
	case eventstore.Duplicate:
		r.Status = Duplicate
	case eventstore.Conflict:
		r.Status = Conflict
	case eventstore.Quarantined:
		r.Status = Invalid
	}
	for _, p := range o.Problems {
		r.Problems = append(r.Problems, domain.Problem(p))
	}
}
