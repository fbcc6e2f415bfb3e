package backtest

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// eventLog is the part of the event log that a back-test reads.
type eventLog interface {
	projections.Log
	Ends(ctx context.Context) (eventstore.Positions, error)
}

// replays fold the log, each time up to the same ends.
type replays struct {
	log    eventLog
	ends   eventstore.Positions
	logger *slog.Logger
}

// observer sees a replay at work. Its fields may be nil.
type observer struct {
	before func(c *projections.Customer, e *projections.Entry)
	outlet projections.Outlet
}

// until folds what occurred up to an instant, everything if it is zero, under a policy.
func (r *replays) until(ctx context.Context, policy Policy, at domain.Instant, o observer) (*memview.Store, error) {
	log, base := projections.Log(r.log), policy.Policy
	if base == nil {
		base = domain.DefaultPolicy()
	} else {
		log = eventsOnly{r.log}
	}
	fold := projections.NewFold(base)
	fold.Before = o.before
	store := memview.NewWith(fold, log.Partitions(), memview.Options{At: at})
	runner := projections.NewRunner(log, store, fold, projections.RunnerOptions{Bound: projections.Bound{At: at}, Outlet: o.outlet, Logger: r.logger})
	if err := runner.RunUntil(ctx, r.ends); err != nil {
		return nil, fmt.Errorf("replay under policy %s: %w", policy.Name, err)
	}
	return store, nil
}

// rules returns the policy, and for that of the log the one that is in force at its end.
func (r *replays) rules(ctx context.Context, policy Policy) (*domain.Policy, error) {
	if policy.Policy != nil {
		return policy.Policy, nil
	}
	store, err := r.until(ctx, policy, 0, observer{})
	if err != nil {
		return nil, err
	}
	contents, err := store.Contents(0)
	if err != nil {
		return nil, err
	}
	return contents.Fold.Policy(), nil
}

// customers yields the customers of a store as they are at an instant, in no order, with the fold that holds for them.
func customers(store *memview.Store, partitions int, at domain.Instant) iter.Seq2[*projections.Customer, *projections.Fold] {
	return func(yield func(*projections.Customer, *projections.Fold) bool) {
		for p := range partitions {
			contents, err := store.Contents(p)
			if err != nil {
				return // there are as many partitions as the store was made for
			}
			for c := range contents.Streams() {
				if !c.IsCustomer() || c.Events == 0 {
					continue
				}
				snapshot, _ := contents.Fold.At(c, at)
				if !yield(&snapshot, contents.Fold) {
					return
				}
			}
		}
	}
}

// idleAt is an instant before all events.
var idleAt = domain.InstantOf(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC))

// idleTick is a tick of the clock at an instant before all events: it fires nothing, and is passed without a trace.
var idleTick = wire.Encode(nil, &domain.Event{
	ID: "-", Source: "backtest", Type: "clock.ticked", Subject: domain.ControlSubject, Time: idleAt, ExpectedVersion: domain.NoExpectation,
	Data: []byte(`{"at":"` + idleAt.String() + `"}`),
})

// eventsOnly is a log in which nothing was ever published: policies, models and ticks have no effect.
type eventsOnly struct{ projections.Log }

// Follow yields the batches of the log with its control records emptied, which the fold sets aside.
func (l eventsOnly) Follow(ctx context.Context, partition int, from int64, o eventstore.FollowOptions) iter.Seq2[eventstore.Batch, error] {
	return func(yield func(eventstore.Batch, error) bool) {
		for batch, err := range l.Log.Follow(ctx, partition, from, o) {
			for i := range batch.Records {
				if r := &batch.Records[i]; string(r.Key) == domain.ControlSubject {
					r.Value, r.Headers = idleTick, wire.Headers()
				}
			}
			if !yield(batch, err) {
				return
			}
		}
	}
}
