package projections

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/rapport-crm/rapport/domain"
)

// lossGroups counts the losses by name, the greatest group first.
func lossGroups(losses []*knownLoss, name func(*knownLoss) string) []LossGroup {
	groups := make(map[string]*LossGroup)
	for _, l := range losses {
		g := groups[name(l)]
		if g == nil {
			g = &LossGroup{Name: name(l)}
			groups[g.Name] = g
		}
		g.add(l)
	}
	list := make([]LossGroup, 0, len(groups))
	for _, g := range groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b LossGroup) int { return cmp.Or(cmp.Compare(b.Losses, a.Losses), cmp.Compare(a.Name, b.Name)) })
	return list
}

// lossMonths counts the losses of each month from the first with one to the current one, or to the last of the filter.
func lossMonths(losses []*knownLoss, lifecycle *LifecycleReport, filter LossFilter, current domain.Month) []LossMonth {
	if len(losses) == 0 {
		return []LossMonth{}
	}
	first, last := losses[0].month, current
	if filter.To != 0 {
		last = min(last, filter.To)
	}
	for _, l := range losses {
		first, last = min(first, l.month), max(last, l.month)
	}
	list := make([]LossMonth, last-first+1)
	for i := range list {
		list[i].Month = first + domain.Month(i)
	}
	for _, l := range losses {
		m := &list[l.month-first]
		m.Losses++
		m.Inferred += one(l.Inferred)
		m.Reported += one(!l.Inferred)
	}
	if lifecycle != nil && filter.OrgUnit == "" && filter.Cause == "" && filter.Product == "" {
		for _, flow := range lifecycle.Flows {
			if flow.Month >= first && flow.Month <= last && flow.Opening > 0 {
				m := &list[flow.Month-first]
				m.Active, m.Rate = new(flow.Opening), new(float64(m.Losses)/float64(flow.Opening))
			}
		}
	}
	return list
}

// lossMatrix crosses the causes with the bands that begin at the given amounts.
func lossMatrix(losses []*knownLoss, edges []int64) []LossMatrixRow {
	type key struct{ cause, currency string }
	rows := make(map[key]*LossMatrixRow)
	for _, l := range losses {
		for _, worth := range l.Worth {
			k := key{l.Cause, worth.Currency}
			row := rows[k]
			if row == nil {
				row = &LossMatrixRow{Cause: l.Cause, Side: l.Side, Currency: worth.Currency, Bands: make([]LossMatrixCell, len(edges)+1)}
				for i := range edges {
					row.Bands[i+1].From = new(edges[i])
				}
				rows[k] = row
			}
			band, reached := slices.BinarySearch(edges, worth.Minor)
			if reached {
				band++
			}
			row.Bands[band].Losses++
			row.Bands[band].Worth = domain.AddMinor(row.Bands[band].Worth, worth.Minor)
		}
	}
	return orEmpty(slices.SortedFunc(func(yield func(LossMatrixRow) bool) {
		for _, row := range rows {
			if !yield(*row) {
				return
			}
		}
	}, func(a, b LossMatrixRow) int {
		return cmp.Or(cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Currency, b.Currency))
	}))
}

// lossesByAge counts the undecided losses by their age at an instant.
func lossesByAge(losses []*knownLoss, at domain.Instant) []LossAge {
	ages := make([]LossAge, len(lossAges)+1)
	for i := range ages {
		ages[i].Worth = []CurrencyAmount{}
		if i < len(lossAges) {
			ages[i].UnderDays = new(lossAges[i])
		}
	}
	for _, l := range losses {
		if !l.undecided() {
			continue
		}
		i, reached := slices.BinarySearch(lossAges[:], int64((at-l.Opened)/domain.Day))
		if reached {
			i++
		}
		ages[i].Losses++
		for _, w := range l.Worth {
			ages[i].Worth = addAmount(ages[i].Worth, w.Currency, w.Minor)
		}
	}
	return ages
}

// leftAlone counts the customers who are lost and are not to be won back.
func leftAlone(losses []*knownLoss) []LossCount {
	counts := make([]LossCount, 0, 4)
	for _, name := range []string{AloneLetGo, AloneBadDebt, AloneCause, AloneEnded} {
		count := LossCount{Name: name}
		for _, l := range losses {
			count.Losses += one(l.open() && l.alone == name)
		}
		counts = append(counts, count)
	}
	return counts
}

// String returns the age in words.
func (a LossAge) String() string {
	if a.UnderDays == nil {
		return "older"
	}
	return "under " + strconv.FormatInt(*a.UnderDays, 10) + " days"
}
