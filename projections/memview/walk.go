package memview

import (
	"context"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// Walk calls use with every customer below a unit. Commits wait until it returns.
func (s *Store) Walk(_ context.Context, orgUnit string, use func(*projections.Fold, *projections.Customer, domain.Instant)) (*projections.Moment, error) {
	defer s.lockAll()()
	now := &projections.Moment{AsOf: s.newest(), Positions: s.positions(), Policy: s.latestPolicy()}
	for _, p := range s.partitions {
		for c := range p.customers.all() {
			if !c.IsCustomer() || c.Events == 0 || orgUnit != "" && c.OrgUnit() != orgUnit && !strings.HasPrefix(c.OrgUnit(), orgUnit+"/") {
				continue
			}
			at := max(now.AsOf, c.Now)
			snapshot, _ := p.fold.At(&c.Customer, at)
			use(p.fold, &snapshot, at)
		}
	}
	return now, nil
}
