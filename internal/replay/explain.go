package replay

import (
	"context"
	"fmt"

	"github.com/rapport-crm/rapport/projections"
)

// Explain says how what is shown of a customer came about, with all events behind it, as of bound.At and as far as it was
// known at bound.Known. It folds the stream of the customer anew. It returns projections.ErrNotFound when the customer did
// not exist then.
func (r *Reader) Explain(ctx context.Context, id string, what projections.Question, bound projections.Bound) (*projections.Explanation, error) {
	found, positions, err := r.records(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("explain customer: %w", err)
	}
	var events projections.Chronicle
	x, err := single{noting(r.fold(), &events), r.log.PartitionOf, id, true}.play(ctx, found, bound)
	if err != nil {
		return nil, fmt.Errorf("explain customer: %w", err)
	}
	if _, err := x.folder.Fold(ctx, x.at, found); err != nil {
		return nil, fmt.Errorf("explain customer: fold one stream: %w", err)
	}
	view, err := x.view(ctx, id, positions, bound)
	if err != nil {
		return nil, err
	}
	now, c, err := x.customer(id)
	if err != nil {
		return nil, err
	}
	return now.Explain(c, view, &events, what)
}

// noting returns a copy of the fold that also takes events down.
func noting(fold *projections.Fold, events *projections.Chronicle) *projections.Fold {
	watched, before := *fold, fold.Before
	watched.Before = func(c *projections.Customer, e *projections.Entry) {
		if before != nil {
			before(c, e)
		}
		events.Note(c, e)
	}
	return &watched
}

// customer returns the customer as far as it was folded, and the fold in force.
func (x *play) customer(id string) (*projections.Fold, *projections.Customer, error) {
	contents, err := x.store.Contents(x.at.Partition)
	if err != nil {
		return nil, nil, err
	}
	c, _ := contents.Stream(id)
	if c == nil {
		return nil, nil, fmt.Errorf("customer %q: %w", id, projections.ErrNotFound)
	}
	return contents.Fold, c, nil
}
