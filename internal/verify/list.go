package verify

import (
	"cmp"
	"context"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// list is the customers that views list, all at one moment.
type list struct {
	items map[string]projections.CustomerItem
	at    eventstore.Positions
	asOf  domain.Instant
}

// read reads the list, or a sample of it, until all its pages are of one moment.
func (v *verification) read(ctx context.Context) (*list, error) {
	for range attempts {
		l, moved, err := v.readOnce(ctx)
		if err != nil || !moved {
			return l, err
		}
	}
	return nil, ErrMoving
}

func (v *verification) readOnce(ctx context.Context) (l *list, moved bool, err error) {
	filter := projections.CustomerFilter{Sort: projections.SortID, Limit: projections.MaxLimit}
	for {
		page, err := v.views.Customers(ctx, filter)
		if err != nil {
			return nil, false, err
		}
		if l == nil {
			l = &list{items: make(map[string]projections.CustomerItem), at: page.Positions, asOf: page.AsOf}
		}
		if !equalPositions(page.Positions, l.at) || page.AsOf != l.asOf {
			return nil, true, nil
		}
		for _, item := range page.Items {
			l.items[item.ID] = item
		}
		l.choose(v.options.Sample)
		if filter.Cursor = page.Next; filter.Cursor == "" {
			return l, false, nil
		}
	}
}

// choose leaves the n customers with the least hashes, or all when n is 0.
func (l *list) choose(n int) {
	if n == 0 || len(l.items) <= n {
		return
	}
	ids := make([]string, 0, len(l.items))
	for id := range l.items {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(xxhash.Sum64String(a), xxhash.Sum64String(b)), cmp.Compare(a, b))
	})
	for _, id := range ids[n:] {
		delete(l.items, id)
	}
}
