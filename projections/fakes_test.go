package projections_test

import (
	"context"
	"errors"
	"iter"

	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// failingCommits is a store whose commits fail.
type failingCommits struct{ *memview.Store }

func (s failingCommits) Begin(ctx context.Context, at projections.Checkpoint, names iter.Seq[string]) (projections.Batch, error) {
	b, err := s.Store.Begin(ctx, at, names)
	return failingBatch{b}, err
}

type failingBatch struct{ projections.Batch }

func (failingBatch) Commit(context.Context, *projections.Changes) (projections.Checkpoint, error) {
	return projections.Checkpoint{}, errors.New("the disk is full")
}

// single is a store that holds one customer under every name.
type single struct {
	projections.Store
	customer *projections.Customer
}

func (s single) Begin(context.Context, projections.Checkpoint, iter.Seq[string]) (projections.Batch, error) {
	return singleBatch{customer: s.customer}, nil
}

type singleBatch struct {
	projections.Batch
	customer *projections.Customer
}

func (b singleBatch) Customer(string) *projections.Customer { return b.customer }

func (b singleBatch) Commit(context.Context, *projections.Changes) (projections.Checkpoint, error) {
	return projections.Checkpoint{}, nil
}

func (b singleBatch) Rollback() {}
