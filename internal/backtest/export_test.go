package backtest

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
)

// ScoresAt returns every score of every customer at an origin, by the name of the score and the id of the customer.
func ScoresAt(ctx context.Context, log eventLog, o Options, origin domain.Date) (map[string]map[string]float64, error) {
	b, err := begin(ctx, log, o)
	if err != nil {
		return nil, err
	}
	bought := newPurchases(b.dayOf)
	for _, policy := range b.options.Policies {
		if _, err := b.watch(ctx, policy, bought); err != nil {
			return nil, err
		}
	}
	if err := b.settle(bought); err != nil {
		return nil, err
	}
	bought.pay(b.lives, origin)
	known := knownAt(b.lives, origin, b.horizon)
	scores, _, _, err := b.scores(ctx, origin, known)
	if err != nil {
		return nil, err
	}
	all := make(map[string]map[string]float64)
	for _, s := range scores {
		all[s.Name] = make(map[string]float64)
		for i, c := range known {
			all[s.Name][c.id] = s.values[i]
		}
	}
	return all, nil
}
