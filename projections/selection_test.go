package projections_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func TestPagesOfCustomersThatComeInAnyOrderAreTheListInOrder(t *testing.T) {
	t.Parallel()
	const customers, limit = 300, 7
	random := rand.New(rand.NewPCG(3, 5))
	for _, filter := range []projections.CustomerFilter{
		{}, {Sort: projections.SortLastEvent}, {Stage: domain.StageGrowth}, {Stage: domain.StageGrowth, Sort: projections.SortLastEvent},
	} {
		var want []string
		for n := range customers {
			if filter.Stage == domain.StageNone || n%3 == 0 {
				want = append(want, fmt.Sprintf("c%03d", n))
			}
		}
		if filter.Sort == projections.SortLastEvent {
			slices.Reverse(want)
		}
		var got []string
		for filter.Limit = limit; ; {
			selection, err := projections.NewSelection(filter)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range random.Perm(customers) {
				c := projections.Customer{ID: fmt.Sprintf("c%03d", n)}
				if !selection.Wants(&c) {
					continue
				}
				item := projections.CustomerItem{ID: c.ID, Stage: domain.StageDecline, LastEventAt: day(1) + domain.Instant(n)}
				if n%3 == 0 {
					item.Stage = domain.StageGrowth
				}
				selection.Add(item)
			}
			items, next := selection.Page()
			for i := range items {
				got = append(got, items[i].ID)
			}
			if filter.Cursor = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("the pages of %+v have %d customers, want %d: %q", filter, len(got), len(want), got)
		}
	}
}
