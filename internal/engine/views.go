package engine

import (
	"context"
	"sync/atomic"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// views answers from the generation that is live, which may change while the engine runs: each answer is of one
// generation.
type views struct {
	live atomic.Pointer[generation]
}

// generation is one complete set of views and the fold it began with.
type generation struct {
	store projections.Store
	fold  *projections.Fold
	// era returns the number of the generation among those that went other ways than those before them. It is nil for views
	// in memory.
	era func() int
}

var _ projections.Query = (*views)(nil)

func (v *views) store() projections.Store { return v.live.Load().store }

// Positions implements projections.Query.
func (v *views) Positions(ctx context.Context) (eventstore.Positions, error) {
	return v.store().Positions(ctx)
}

// Summary implements projections.Query.
func (v *views) Summary(ctx context.Context) (*projections.Summary, error) {
	return v.store().Summary(ctx)
}

// Customer implements projections.Query.
func (v *views) Customer(ctx context.Context, id string) (*projections.CustomerView, error) {
	return v.store().Customer(ctx, id)
}

// Customers implements projections.Query.
func (v *views) Customers(ctx context.Context, filter projections.CustomerFilter) (*projections.CustomerPage, error) {
	return v.store().Customers(ctx, filter)
}

// Lifecycle implements projections.Query.
func (v *views) Lifecycle(ctx context.Context, filter projections.LifecycleFilter) (*projections.LifecycleReport, error) {
	return v.store().Lifecycle(ctx, filter)
}

// Cells implements projections.Query.
func (v *views) Cells(ctx context.Context, filter projections.CellFilter) (*projections.CellView, error) {
	return v.store().Cells(ctx, filter)
}

// Cases implements projections.Query.
func (v *views) Cases(ctx context.Context, filter projections.CaseFilter) (*projections.CasePage, error) {
	return v.store().Cases(ctx, filter)
}

// Walk implements projections.Query.
func (v *views) Walk(ctx context.Context, orgUnit string, use func(*projections.Fold, *projections.Customer, domain.Instant)) (*projections.Moment, error) {
	return v.store().Walk(ctx, orgUnit, use)
}

// Stream implements projections.Query.
func (v *views) Stream(ctx context.Context, id string) (*projections.StreamView, error) {
	return v.store().Stream(ctx, id)
}

// Quarantined implements projections.Query.
func (v *views) Quarantined(ctx context.Context, filter projections.QuarantineFilter) (*projections.QuarantinePage, error) {
	return v.store().Quarantined(ctx, filter)
}

// Partitions implements projections.Query.
func (v *views) Partitions(ctx context.Context) ([]projections.PartitionView, error) {
	return v.store().Partitions(ctx)
}

// Resolve implements projections.Query.
func (v *views) Resolve(ctx context.Context, at eventstore.Position, stream, event string) (projections.Outcome, error) {
	return v.store().Resolve(ctx, at, stream, event)
}

// Parked implements projections.Query.
func (v *views) Parked(ctx context.Context, filter projections.ParkedFilter) (*projections.ParkedPage, error) {
	return v.store().Parked(ctx, filter)
}

// Backlog implements projections.Query.
func (v *views) Backlog(ctx context.Context) (*projections.Backlog, error) {
	return v.store().Backlog(ctx)
}

// Policies implements projections.Query.
func (v *views) Policies(ctx context.Context) ([]projections.PolicyView, error) {
	return v.store().Policies(ctx)
}
