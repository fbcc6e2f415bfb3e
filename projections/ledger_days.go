package projections

import (
	"cmp"
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// partOfKeyAccount is the part of the least value of a key account from which on the days of a customer are kept: most
// customers never get there, and what came before is too little to decide who is a key account.
const partOfKeyAccount = 2

// daysOfYear is the length of the year over which key accounts are measured.
const daysOfYear = 365

// keepDay counts an amount on the day of an instant, for customers who have bought for at least a part of what makes a key
// account. What a customer bought and cost before, less than that part, is counted in equal parts on the days of the
// purchases until then; for one whose first purchase is that large, every day is exact. Amounts in other currencies than
// the main one are left out, and so are days more than a year before the last one.
func (f *Fold) keepDay(t *Trade, at domain.Instant, m domain.Money, cost bool) {
	if m.Currency != t.Main.Currency {
		return
	}
	kept := t.side != nil && t.side.ledger != nil && len(t.side.ledger.days) > 0
	if !kept && (cost || m.Minor < 0 || t.Main.Purchased < f.policy.Value.KeyAccount.AmountMinor/partOfKeyAccount) {
		return
	}
	l, day := t.ledger(), domain.DateOf(at, f.location)
	if kept {
		l.days = slices.Clone(l.days)
	} else {
		l.days = t.earlierDays(day, m.Minor)
	}
	i, found := slices.BinarySearchFunc(l.days, day, func(d ledgerDay, day domain.Date) int { return cmp.Compare(d.day, day) })
	if !found {
		l.days = slices.Insert(l.days, i, ledgerDay{day: day})
	}
	if cost {
		l.days[i].cost = domain.AddMinor(l.days[i].cost, m.Minor)
	} else {
		l.days[i].revenue = domain.AddMinor(l.days[i].revenue, m.Minor)
	}
	first := l.days[len(l.days)-1].day - daysOfYear
	l.days = slices.DeleteFunc(l.days, func(d ledgerDay) bool { return d.day <= first })
	t.setLedger(l)
}

// earlierDays spreads what the sums hold beside an amount that was just counted on a day over the other purchase occasions,
// or that day when it is the only one.
func (t *Trade) earlierDays(day domain.Date, minor int64) []ledgerDay {
	revenue, cost := t.Main.Purchased-t.Main.Returned-minor, t.costIn(t.Main.Currency)
	occasions := slices.DeleteFunc(slices.Clone(t.Days), func(d domain.Date) bool { return d == day })
	if len(occasions) == 0 {
		occasions = []domain.Date{day}
	}
	days := make([]ledgerDay, len(occasions), len(occasions)+1)
	for i, d := range occasions {
		left := int64(len(occasions) - i)
		days[i] = ledgerDay{day: d, revenue: revenue / left, cost: cost / left}
		revenue, cost = revenue-days[i].revenue, cost-days[i].cost
	}
	return days
}

// costIn returns the costs attributed to the customer in a currency.
func (t *Trade) costIn(currency string) int64 {
	var sum int64
	for _, cost := range t.Costs() {
		if cost.Currency == currency {
			sum = domain.AddMinor(sum, cost.Minor)
		}
	}
	return sum
}

// YearView is what a customer brought in the 365 days up to now, in the main currency.
type YearView struct {
	// Occasions are the days with a purchase, Before those in the 365 days before.
	Occasions int `json:"occasions"`
	Before    int `json:"occasions_before"`
	// RevenueMinor and CostMinor are null for a customer who never bought enough for their days to be kept, unless all
	// purchases were within the year.
	RevenueMinor *int64 `json:"revenue_minor"`
	CostMinor    *int64 `json:"cost_minor"`
	// ProfitShare is the share of the revenue that is left after the costs, null without revenue.
	ProfitShare *float64 `json:"profit_share"`
}

// year returns the 365 days up to the end of the given one.
func (t *Trade) year(today domain.Date) YearView {
	v := YearView{Occasions: t.daysAfter(today-daysOfYear) - t.daysAfter(today)}
	v.Before = t.daysAfter(today-2*daysOfYear) - t.daysAfter(today-daysOfYear)
	var revenue, cost int64
	switch days := t.ledger().days; {
	case len(days) > 0:
		for _, d := range days {
			if d.day > today-daysOfYear && d.day <= today {
				revenue, cost = domain.AddMinor(revenue, d.revenue), domain.AddMinor(cost, d.cost)
			}
		}
	case v.Occasions == len(t.Days):
		revenue, cost = t.Main.Purchased-t.Main.Returned, t.costIn(t.Main.Currency)
	case v.Occasions > 0:
		return v
	}
	v.RevenueMinor, v.CostMinor = &revenue, &cost
	if revenue > 0 {
		share := float64(revenue-cost) / float64(revenue)
		v.ProfitShare = &share
	}
	return v
}

// keyAccount reports whether the year makes a candidate for a key account (KA-01).
func (v *YearView) keyAccount(rules *domain.KeyAccountRules) bool {
	return int64(v.Occasions) >= rules.Occasions && v.RevenueMinor != nil && *v.RevenueMinor >= rules.AmountMinor &&
		v.ProfitShare != nil && *v.ProfitShare >= rules.Profit
}
