package projections

import (
	"cmp"
	"math"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// LifetimeView is the lifetime value of a customer (SV-05), in minor units of the main currency. The broad value is the present
// value of all profit of the relationship, the narrow one that of the profit to come alone. The methods are told side by side
// and are never averaged.
type LifetimeView struct {
	// Discount is the yearly rate, Years how far ahead the methods look that need a horizon, and Margin the share of the revenue
	// that is profit where no costs say it.
	Discount float64 `json:"discount"`
	Years    int64   `json:"years"`
	Margin   float64 `json:"margin"`
	// RealisedMinor is the profit up to now: revenue less the attributed costs, or the margin of the revenue when none are
	// attributed. RealisedPresentMinor is the same with interest, where it came in equal parts on the purchase occasions.
	RealisedMinor        int64            `json:"realised_minor"`
	RealisedPresentMinor int64            `json:"realised_present_minor"`
	Methods              []LifetimeMethod `json:"methods"`
}

// LifetimeMethod is the lifetime value by one method: both values, or the reason why there are none.
type LifetimeMethod struct {
	// Method is migration (SV-06), events (SV-07) or model.
	Method      string          `json:"method"`
	BroadMinor  *int64          `json:"broad_minor"`
	NarrowMinor *int64          `json:"narrow_minor"`
	Reason      string          `json:"reason,omitempty"`
	Inputs      []LifetimeInput `json:"inputs"`
}

// LifetimeInput is a number that a method rests on.
type LifetimeInput struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// The methods of the lifetime value.
const (
	LifetimeMigration = "migration"
	LifetimeEvents    = "events"
	LifetimeModel     = "model"
)

// lifetime returns the lifetime value of a customer at an instant.
func (f *Fold) lifetime(c *Customer, at domain.Instant) LifetimeView {
	p, t := &f.policy.Value, &c.Trade
	today := domain.DateOf(at, f.location)
	v := LifetimeView{Discount: p.Discount, Years: p.Years, Margin: p.Margin, RealisedMinor: t.realised(p.Margin)}
	v.RealisedPresentMinor = t.present(v.RealisedMinor, today, p.Discount)
	v.Methods = []LifetimeMethod{f.migrationValue(t, today), f.eventsValue(t, at), f.modelValue(c, at)}
	for i := range v.Methods {
		m := &v.Methods[i]
		m.Inputs = orEmpty(m.Inputs)
		if m.NarrowMinor != nil {
			broad := v.RealisedPresentMinor + *m.NarrowMinor
			m.BroadMinor = &broad
		}
	}
	return v
}

// realised returns the profit up to now.
func (t *Trade) realised(margin float64) int64 {
	revenue := t.Main.Purchased - t.Main.Returned
	if cost := t.costIn(t.Main.Currency); cost > 0 {
		return revenue - cost
	}
	return int64(math.Round(float64(revenue) * margin))
}

// present returns an amount with interest at a yearly rate until a day, in equal parts from the purchase occasions on.
func (t *Trade) present(minor int64, until domain.Date, rate float64) int64 {
	if len(t.Days) == 0 {
		return minor
	}
	growth := stablemath.Log1p(rate)
	var sum stablemath.Sum
	for _, day := range t.Days {
		sum.Add(stablemath.Exp(growth * float64(until-day) / daysOfYear))
	}
	const most = 1 << 61 // an interest that nobody earns would leave the range of a number of minor units
	return int64(math.Round(max(min(float64(minor)*sum.Value()/float64(len(t.Days)), most), -most)))
}

// unvalued returns a method without a value.
func unvalued(method, reason string) LifetimeMethod {
	return LifetimeMethod{Method: method, Reason: reason}
}

// migrationValue is Dwyer's method: the chain over the periods since the last purchase, with the margin of what the customer
// paid in a period with a purchase.
func (f *Fold) migrationValue(t *Trade, today domain.Date) LifetimeMethod {
	if len(t.Days) == 0 {
		return unvalued(LifetimeMigration, "no purchase yet")
	}
	fitted, ok := f.policy.Models[string(domain.RoleMigration)]
	if !ok {
		return unvalued(LifetimeMigration, "no model of migration is in force")
	}
	model, err := customerbase.NewMigration(fitted.Parameters)
	if err != nil {
		return unvalued(LifetimeMigration, err.Error())
	}
	p := &f.policy.Value
	if p.Discount == 0 {
		return unvalued(LifetimeMigration, "without a discount there is no value without a horizon")
	}
	days := t.dayNumbers()
	periods := periodsOf(days, model.PeriodDays)
	contribution := float64(p.Margin * float64(t.Main.Purchased-t.Main.Returned) / float64(periods))
	rate := periodRate(p.Discount, float64(model.PeriodDays)/daysOfYear)
	chain := model.Chain(contribution, float64(p.Migration.ContactMinor))
	values, err := chain.LongRunValue(rate)
	if err != nil {
		return unvalued(LifetimeMigration, err.Error())
	}
	stage := model.Stage(days, int(today))
	m := LifetimeMethod{Method: LifetimeMigration, NarrowMinor: whole(values[stage] - chain.Reward[stage])}
	m.Inputs = []LifetimeInput{
		{"stage", float64(stage + 1)}, {"period_days", float64(model.PeriodDays)}, {"contribution_minor", contribution},
		{"contact_minor", float64(p.Migration.ContactMinor)}, {"rate", rate},
	}
	return m
}

// dayNumbers returns the purchase occasions as numbers.
func (t *Trade) dayNumbers() []int {
	days := make([]int, len(t.Days))
	for i, day := range t.Days {
		days[i] = int(day)
	}
	return days
}

// periodsOf returns in how many periods from the first day on one of the days lies.
func periodsOf(days []int, period int) int {
	n, last := 0, -1
	for _, day := range days {
		if p := (day - days[0]) / period; p != last {
			n, last = n+1, p
		}
	}
	return n
}

// periodRate returns the rate for a part of a year, or several years, that gives the yearly rate.
func periodRate(yearly, years float64) float64 {
	return stablemath.Expm1(stablemath.Log1p(yearly) * years)
}

// whole returns an amount rounded to minor units, nil when it is no amount.
func whole(minor float64) *int64 {
	if !(math.Abs(minor) < 1<<62) {
		return nil
	}
	v := int64(math.Round(minor))
	return &v
}

// eventsValue is the method of customer events: what is forecast for the years ahead, discounted.
func (f *Fold) eventsValue(t *Trade, at domain.Instant) LifetimeMethod {
	p := &f.policy.Value
	growth := stablemath.Log1p(p.Discount)
	var sum stablemath.Sum
	var n, others float64
	currency := t.Main.Currency
	for _, x := range t.ledger().forecasts {
		ahead := float64(x.expected-at) / float64(daysOfYear*domain.Day)
		if x.by != "" || ahead <= 0 || ahead > float64(p.Years) {
			continue
		}
		if currency == "" {
			currency = cmp.Or(x.revenue.Currency, x.cost.Currency) // before the first purchase that of the first forecast counts
		}
		if !x.in(currency) {
			others++
			continue
		}
		n++
		sum.Add(float64(float64(x.revenue.Minor-x.cost.Minor) * stablemath.Exp(-growth*ahead)))
	}
	if n == 0 {
		return unvalued(LifetimeEvents, "no event is forecast")
	}
	return LifetimeMethod{
		Method: LifetimeEvents, NarrowMinor: whole(sum.Value()),
		Inputs: []LifetimeInput{{"forecasts", n}, {"forecasts_in_other_currencies", others}},
	}
}

// in reports whether the amounts of the forecast are in a currency; every currency does before the first purchase.
func (x *forecast) in(currency string) bool {
	of := func(m domain.Money) bool { return m.Currency == "" || m.Currency == currency || currency == "" }
	return of(x.revenue) && of(x.cost)
}

// modelValue is the purchase model in force times what the customer spends, by the model of spend in force or else by the
// customer's own mean. What is expected is taken by the quarter.
func (f *Fold) modelValue(c *Customer, at domain.Instant) LifetimeMethod {
	history, ok := c.History(at)
	switch {
	case !ok:
		return unvalued(LifetimeModel, "no purchase yet")
	case f.models.purchase == nil:
		return unvalued(LifetimeModel, "no model of purchases is in force")
	}
	const quarters = 4
	p := &f.policy.Value
	rate := periodRate(p.Discount, 1.0/quarters)
	purchases, err := customerbase.DiscountedPurchases(f.models.purchase, history, float64(daysOfYear)/daysOfWeek/quarters, int(p.Years)*quarters, rate)
	if err != nil {
		return unvalued(LifetimeModel, err.Error())
	}
	spend, own := f.expectedSpend(c)
	m := LifetimeMethod{Method: LifetimeModel, NarrowMinor: whole(p.Margin * spend * purchases)}
	m.Inputs = []LifetimeInput{{"discounted_purchases", purchases}, {"spend_minor", spend}, {"own_mean_minor", own}}
	return m
}

// expectedSpend returns what the customer is expected to spend on an occasion, in minor units, and the customer's own mean over
// all occasions. The model of spend is told the mean of the repeat occasions, which it is defined on; for a customer
// without them it gives the mean of all customers.
func (f *Fold) expectedSpend(c *Customer) (expected, own float64) {
	t := &c.Trade
	own = float64(t.Main.Purchased-t.Main.Returned) / float64(len(t.Days))
	m := f.models.spend
	if m == nil || f.models.spendCurrency != "" && f.models.spendCurrency != t.Main.Currency {
		return max(own, 0), own
	}
	known, _ := c.Spend()
	spend, err := m.ExpectedSpend(known.Repeats, known.Mean)
	if err != nil {
		return max(own, 0), own
	}
	return spend * minorOfSpend, own
}
