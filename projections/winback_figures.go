package projections

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
)

// terms returns the terms of the offers, each once.
func (v *WinBackView) terms() []string {
	var terms []string
	for i := range v.Offers {
		if !slices.Contains(terms, v.Offers[i].Terms) {
			terms = append(terms, v.Offers[i].Terms)
		}
	}
	return terms
}

func (v *WinBackView) stepNames() []string {
	names := make([]string, len(v.Steps))
	for i, step := range v.Steps {
		names[i] = string(step)
	}
	return names
}

func stepNames() []string {
	return (&WinBackView{Steps: WinBackSteps()}).stepNames()
}

// winBackDelays are the bounds of the delays from the loss to the first contact in days, each with the name of those below
// it; the last name is that of the longer ones.
var (
	winBackDelays     = [...]float64{1, 3, 7, 30}
	winBackDelayNames = [...]string{"under 1 day", "under 3 days", "under 7 days", "under 30 days", "30 days and more"}
)

// noContact is the name of the delay of those whom nobody contacted.
const noContact = "no contact"

func delayNames() []string { return append(slices.Clone(winBackDelayNames[:]), noContact) }

func delayName(delay *float64) string {
	if delay == nil {
		return noContact
	}
	const day = 86400
	for i, bound := range winBackDelays {
		if *delay < bound*day {
			return winBackDelayNames[i]
		}
	}
	return winBackDelayNames[len(winBackDelays)]
}

// winBackReporter makes the figures of sets of cases.
type winBackReporter struct {
	policy *domain.Policy
	cases  []*knownLoss
}

// figures returns the figures of the cases.
func (r *winBackReporter) figures(cases []*knownLoss) WinBackFigures {
	var f WinBackFigures
	var success statistics.Share
	var delays []domain.Instant
	money := make(map[string]*WinBackMoney)
	for _, l := range cases {
		f.Cases++
		f.Running += one(l.Outcome == WinBackRunning)
		f.Succeeded += one(l.Outcome == WinBackSucceeded)
		f.Failed += one(l.Outcome == WinBackFailed)
		f.Moot += one(l.Outcome == WinBackMoot)
		f.Contacted += one(l.WinBack.Contacts > 0)
		f.Offers += int64(len(l.WinBack.Offers))
		for i := range l.WinBack.Offers {
			f.Accepted += one(l.WinBack.Offers[i].Accepted != nil && *l.WinBack.Offers[i].Accepted)
		}
		addShare(&success, l.Outcome == WinBackSucceeded, l.Outcome == WinBackSucceeded || l.Outcome == WinBackFailed)
		if d := l.WinBack.DelaySeconds; d != nil {
			delays = append(delays, domain.Instant(*d*float64(domain.Second)))
		}
		addMoney(money, l)
	}
	f.Success = reportingOf(r.policy).Share(success)
	f.Delay = newDurationFigure(delays, r.policy.Satisfaction.Least)
	f.Money = r.money(money)
	return f
}

// addMoney adds what a case cost and brought to the sums by currency.
func addMoney(byCurrency map[string]*WinBackMoney, l *knownLoss) {
	touched := make(map[*WinBackMoney]bool)
	of := func(currency string) *WinBackMoney {
		m := byCurrency[currency]
		if m == nil {
			m = &WinBackMoney{Currency: currency}
			byCurrency[currency] = m
		}
		touched[m] = true
		return m
	}
	for _, a := range l.WinBack.Cost {
		m := of(a.Currency)
		m.Cost = domain.AddMinor(m.Cost, a.Minor)
	}
	for _, a := range l.WinBack.Revenue {
		m := of(a.Currency)
		m.Revenue = domain.AddMinor(m.Revenue, a.Minor)
	}
	for m := range touched {
		m.Succeeded += one(l.Outcome == WinBackSucceeded)
	}
}

// money returns what cost and revenue come to, by currency.
func (r *winBackReporter) money(byCurrency map[string]*WinBackMoney) []WinBackMoney {
	list := make([]WinBackMoney, 0, len(byCurrency))
	for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
		m := byCurrency[currency]
		benefit := float64(m.Revenue) * r.policy.Value.Margin
		m.Benefit = int64(benefit)
		m.BenefitToCost = ratio(benefit, float64(m.Cost))
		m.CostPerSuccess = ratio(float64(m.Cost), float64(m.Succeeded))
		list = append(list, *m)
	}
	return list
}

// ratio returns part / whole, nil when the whole is not positive.
func ratio(part, whole float64) *float64 {
	if whole <= 0 {
		return nil
	}
	return new(part / whole)
}

// groups returns the figures of the cases by name, those with the most cases first. A case may have several names.
func (r *winBackReporter) groups(names func(*knownLoss) []string) []WinBackGroup {
	cases := r.byName(names)
	list := make([]WinBackGroup, 0, len(cases))
	for name, of := range cases {
		list = append(list, WinBackGroup{Name: name, WinBackFigures: r.figures(of)})
	}
	slices.SortFunc(list, func(a, b WinBackGroup) int {
		return cmp.Or(cmp.Compare(b.Cases, a.Cases), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// named is groups for names that are known, in their order.
func (r *winBackReporter) named(order []string, names func(*knownLoss) []string) []WinBackGroup {
	cases := r.byName(names)
	list := make([]WinBackGroup, len(order))
	for i, name := range order {
		list[i] = WinBackGroup{Name: name, WinBackFigures: r.figures(cases[name])}
	}
	return list
}

func (r *winBackReporter) byName(names func(*knownLoss) []string) map[string][]*knownLoss {
	cases := make(map[string][]*knownLoss)
	for _, l := range r.cases {
		for _, name := range names(l) {
			cases[name] = append(cases[name], l)
		}
	}
	return cases
}

// economy compares the cost of the cases with that of new customers, who are those that became active for the first time in
// the months covered. Of a part of the firm or of the cases there is no such comparison.
func (r *WinBackReport) economy(costs *CellView, lifecycle *LifecycleReport, filter WinBackFilter) []WinBackEconomy {
	var acquisition []CurrencyAmount
	if costs != nil {
		for i := range costs.Cells {
			c := &costs.Cells[i]
			acquisition = addAmount(acquisition, c.Names[costNameCurrency], c.Counts[costMinor])
		}
	}
	var fresh *int64
	if whole := filter.OrgUnit == "" && filter.Cause == "" && filter.Owner == "" && filter.Terms == ""; lifecycle != nil && whole {
		fresh = new(int64)
		for _, flow := range lifecycle.Flows {
			*fresh += flow.New
		}
	}
	byCurrency := make(map[string]*WinBackEconomy)
	for _, m := range r.Money {
		byCurrency[m.Currency] = &WinBackEconomy{Currency: m.Currency, WinBack: m.Cost, WonBack: m.Succeeded, PerWonBack: m.CostPerSuccess}
	}
	for _, a := range acquisition {
		if byCurrency[a.Currency] == nil {
			byCurrency[a.Currency] = &WinBackEconomy{Currency: a.Currency}
		}
		byCurrency[a.Currency].Acquisition = a.Minor
	}
	list := make([]WinBackEconomy, 0, len(byCurrency))
	for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
		e := byCurrency[currency]
		e.NewCustomers = fresh
		if fresh != nil && len(acquisition) <= 1 {
			e.PerNew = ratio(float64(e.Acquisition), float64(*fresh))
		}
		if e.PerWonBack != nil && e.PerNew != nil {
			e.WonBackToANew = ratio(*e.PerWonBack, *e.PerNew)
		}
		list = append(list, *e)
	}
	return list
}
