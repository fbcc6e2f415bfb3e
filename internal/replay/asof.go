package replay

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// CustomerAt returns a customer as it was at bound.At, as far as it was known at bound.Known, by folding its stream
// anew. It returns projections.ErrNotFound when the customer did not exist then.
func (r *Reader) CustomerAt(ctx context.Context, id string, bound projections.Bound) (*projections.CustomerView, error) {
	stream, err := r.index.Stream(ctx, id)
	if err != nil {
		return nil, err
	}
	found, err := r.log.Read(ctx, stream.Partition, stream.Offsets)
	if err != nil {
		return nil, fmt.Errorf("read customer as of: %w", err)
	}
	// The stream is folded as a log of its own: the folder wants consecutive offsets, the view the real position.
	last := int64(-1)
	for i := range found {
		if bound.Known == 0 || domain.InstantOf(found[i].RecordedAt) <= bound.Known {
			last = found[i].Offset
		}
		found[i].Offset = int64(i)
	}
	store := memview.NewAt(r.fold, r.partitions(stream), bound.At)
	at, err := store.Claim(ctx, stream.Partition)
	if err != nil {
		return nil, err
	}
	folder := projections.NewFolder(r.fold, store, r.log.PartitionOf, bound)
	if _, err := folder.Fold(ctx, at, found); err != nil {
		return nil, fmt.Errorf("read customer as of: %w", err)
	}
	view, err := store.Customer(ctx, id)
	if err != nil {
		return nil, err
	}
	view.Position = eventstore.Position{Partition: stream.Partition, Offset: last}
	view.Positions = stream.Positions
	return view, nil
}

func (r *Reader) partitions(s *projections.StreamView) int {
	return max(len(s.Positions), s.Partition+1)
}

// log is the part of the event log that a replay of the whole reads.
type log interface {
	projections.Log
	Ends(ctx context.Context) (eventstore.Positions, error)
}

// Whole folds the log up to its present ends into memory and returns the views as of bound.At, as far as they were
// known at bound.Known, and how many records were read.
func Whole(ctx context.Context, l log, policy *domain.Policy, bound projections.Bound, progress *projections.Progress, logger *slog.Logger) (*memview.Store, eventstore.Positions, error) {
	ends, err := l.Ends(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("replay: %w", err)
	}
	fold := projections.NewFold(policy)
	store := memview.NewAt(fold, l.Partitions(), bound.At)
	runner := projections.NewRunner(l, store, fold, bound, progress, logger)
	if err := runner.RunUntil(ctx, ends); err != nil {
		return nil, nil, fmt.Errorf("replay: %w", err)
	}
	return store, ends, nil
}
