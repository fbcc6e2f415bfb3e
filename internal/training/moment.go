package training

import (
	"context"
	"fmt"
	"iter"
	"log/slog"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/fit"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// moment is the customers as they were at an instant.
type moment struct {
	at    domain.Instant
	parts []*memview.Contents
	// subscriptions are what happened to subscriptions.
	subscriptions *subscriptionBook
}

// read folds the log up to an instant, zero for all of it.
func read(ctx context.Context, log Log, policy *domain.Policy, o Options, at domain.Instant) (*moment, error) {
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	m := &moment{at: at, subscriptions: newSubscriptionBook()}
	fold := projections.NewFold(policy)
	if keepsSubscriptions(o.Model) {
		fold.Before = m.subscriptions.enter
	}
	store, err := replay.Watched(ctx, log, fold, projections.Bound{At: at}, o.Progress, logger)
	if err != nil {
		return nil, err
	}
	for p := range log.Partitions() {
		contents, err := store.Contents(p)
		if err != nil {
			return nil, err
		}
		m.parts = append(m.parts, contents)
		if at == 0 {
			m.at = max(m.at, contents.Checkpoint.Newest)
		}
	}
	if m.at == 0 {
		return nil, fmt.Errorf("the log has no events: %w", fit.ErrTooFew)
	}
	return m, nil
}

// buyers yields the customers who have bought by the moment, with the fold in force, in no order. Those on whom the fold
// panicked are left out.
func (m *moment) buyers() iter.Seq2[*projections.Fold, *projections.Customer] {
	return func(yield func(*projections.Fold, *projections.Customer) bool) {
		for _, part := range m.parts {
			for c := range part.Streams() {
				if c.Parked || !c.IsCustomer() || len(c.Trade.Days) == 0 {
					continue
				}
				if !yield(part.Fold, c) {
					return
				}
			}
		}
	}
}

// policy returns the policy in force at the moment.
func (m *moment) policy() *domain.Policy { return m.parts[0].Fold.Policy() }

// today returns the calendar day of the moment.
func (m *moment) today() domain.Date { return domain.DateOf(m.at, m.policy().Location()) }

// window returns the time from an instant to the moment.
func (m *moment) window(from domain.Instant) fit.Window {
	return fit.Window{From: from.Time(), To: m.at.Time()}
}
