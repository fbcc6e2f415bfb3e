package projections

import (
	"cmp"
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// MassLossGroup is the losses of one month in one organisation unit, of one cause and with one product, that people
// reported. The unit is never empty; cause and product may be.
type MassLossGroup struct {
	Month                domain.Month
	Unit, Cause, Product string
	Losses               int64
	// from and to are the instants between which the month lies.
	from, to domain.Instant
}

// MassLossCells returns the filter of the cells that groups of losses since a month are made of.
func MassLossCells(from domain.Month) CellFilter {
	return CellFilter{Kinds: []CellKind{CellLoss}, From: from, Names: [4]string{lossNameKnown: LossReported}}
}

// MassLossGroups returns the groups of the month of the view and the one before it that have as many losses as the policy
// calls a mass loss, in order. Losses that were inferred are none: silence comes to light months later, for many customers at
// once.
func MassLossGroups(view *CellView) []MassLossGroup {
	location := view.Policy.Location()
	last := domain.DateOf(view.AsOf, location).Month() - 1
	sums := make(map[MassLossGroup]int64)
	for i := range view.Cells {
		c := &view.Cells[i]
		if c.Month < last || c.Unit == "" || c.Names[lossNameKnown] != LossReported {
			continue
		}
		sums[MassLossGroup{Month: c.Month, Unit: c.Unit, Cause: c.Names[lossNameCause], Product: c.Names[lossNameProduct]}] += c.Counts[lossCount]
	}
	var groups []MassLossGroup
	for g, n := range sums {
		if n >= view.Policy.WinBack.MassLosses {
			g.Losses, g.from, g.to = n, g.Month.Start().Start(location), (g.Month + 1).Start().Start(location)
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b MassLossGroup) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Product, b.Product))
	})
	return groups
}

// ID returns the id of the event that tells of the group.
func (g *MassLossGroup) ID() string {
	return domain.MassLossID(g.Unit, g.Month.String(), g.Cause, g.Product)
}

// Stream returns the stream of the unit.
func (g *MassLossGroup) Stream() string { return domain.OrgPrefix + g.Unit }

// Cases returns the filter of the cases among which the losses of the group are.
func (g *MassLossGroup) Cases() CaseFilter {
	return CaseFilter{Kind: CaseLoss, OrgUnit: g.Unit, Topic: g.Cause, From: g.from, To: g.to, Limit: AllCases}
}

// First returns the first losses of the group, as many as the policy calls a mass loss, in the order of time. It is false
// when the page has fewer, and fails on a case that is no loss.
func (g *MassLossGroup) First(page *CasePage) ([]Case, bool, error) {
	losses, err := readLosses(page)
	if err != nil {
		return nil, false, err
	}
	var cases []Case
	for _, l := range losses {
		if l.OrgUnit == g.Unit && l.Cause == g.Cause && l.Product == g.Product && l.month == g.Month && !l.Inferred {
			cases = append(cases, *l.Case)
		}
	}
	slices.SortFunc(cases, func(a, b Case) int {
		return cmp.Or(cmp.Compare(a.Opened, b.Opened), cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.ID, b.ID))
	})
	n := int(page.Policy.WinBack.MassLosses)
	if len(cases) < n {
		return nil, false, nil
	}
	return cases[:n], true, nil
}
