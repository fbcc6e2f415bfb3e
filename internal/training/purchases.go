package training

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/valuation"
	"github.com/rapport-crm/rapport/internal/fit"
)

// week is the unit of purchase models in days.
const week = 7

// purchases fits a purchase model. Ages are whole days, counted to the day of the moment, so that there are few different
// histories.
func (x *trainer) purchases(ctx context.Context) (*Outcome, error) {
	sample, from, err := x.moment.sample()
	if err != nil {
		return nil, err
	}
	found, err := fit.Purchases(ctx, sample, fit.PurchaseOptions{Model: x.options.Model, Window: x.moment.window(from)})
	if err != nil {
		return nil, err
	}
	return &Outcome{Result: found.Result, RepeatBuyers: sample.RepeatBuyers(), Gain: found.Gain, Fallback: found.Fallback}, nil
}

// sample returns the purchase histories of the customers, and when the first of them bought.
func (m *moment) sample() (*customerbase.Sample, domain.Instant, error) {
	var groups []customerbase.Group
	var from domain.Instant
	today := m.today()
	for _, c := range m.buyers() {
		t := &c.Trade
		days := t.Days
		last := float64(days[len(days)-1]-days[0]) / week
		h := customerbase.History{Repeats: len(days) - 1, Last: last, Age: max(last, float64(today-days[0])/week)}
		groups = append(groups, customerbase.Group{History: h, Customers: 1})
		if from == 0 || t.FirstPurchase < from {
			from = t.FirstPurchase
		}
	}
	if len(groups) == 0 {
		return nil, 0, errNobody
	}
	sample, err := customerbase.NewSample(groups)
	return sample, from, err
}

var errNobody = fmt.Errorf("nobody has bought: %w", fit.ErrTooFew)

// spend fits a model of spend to the repeat buyers of one currency.
func (x *trainer) spend(ctx context.Context) (*Outcome, error) {
	m := x.moment
	currency := x.options.Currency
	if currency == "" {
		currency = m.mainCurrency()
	}
	var spends []customerbase.Spend
	var from domain.Instant
	for _, c := range m.buyers() {
		s, ok := c.Spend()
		if !ok || c.Trade.Main.Currency != currency {
			continue
		}
		spends = append(spends, s)
		if first := c.Trade.FirstPurchase; from == 0 || first < from {
			from = first
		}
	}
	found, err := fit.Spends(ctx, spends, m.window(from))
	if err != nil {
		return nil, err
	}
	return &Outcome{Result: found.Result, Currency: currency}, nil
}

// mainCurrency returns the main currency of most customers, the first by name of equals.
func (m *moment) mainCurrency() string {
	count := make(map[string]int)
	for _, c := range m.buyers() {
		count[c.Trade.Main.Currency]++
	}
	most := ""
	for currency, n := range count {
		if most == "" || n > count[most] || n == count[most] && currency < most {
			most = currency
		}
	}
	return most
}

// classes finds the least values of the classes of the ABC analysis among the customers of each currency. They are exact.
func (x *trainer) classes() (*Outcome, error) {
	m := x.moment
	policy := m.policy()
	values := make(map[string][]int64)
	var from domain.Instant
	customers := 0
	for _, c := range m.buyers() {
		value, currency := c.Value(policy.Value.Measure)
		values[currency] = append(values[currency], value)
		if first := c.Trade.FirstPurchase; from == 0 || first < from {
			from = first
		}
		customers++
	}
	if customers == 0 {
		return nil, errNobody
	}
	shares := make([]float64, len(policy.Value.Classes))
	for i, c := range policy.Value.Classes {
		shares[i] = c.Share
	}
	out := &Outcome{Measure: policy.Value.Measure, Result: fit.Result{Model: domain.NameABC, Customers: customers, Window: m.window(from)}}
	for currency, list := range values {
		for i, least := range valuation.NewRanking(list).Least(shares) {
			name := domain.LeastName(currency, policy.Value.Classes[i].Name)
			out.Parameters = append(out.Parameters, fit.Estimate{Name: name, Value: float64(least)})
		}
	}
	slices.SortFunc(out.Parameters, func(a, b fit.Estimate) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// migration finds the shares of customers who buy again, by the number of periods since their last purchase.
func (x *trainer) migration() (*Outcome, error) {
	m := x.moment
	policy := &m.policy().Value.Migration
	trials := make(customerbase.Trials, policy.States)
	today := int(m.today())
	var from domain.Instant
	customers := 0
	for _, c := range m.buyers() {
		days := make([]int, len(c.Trade.Days))
		for i, day := range c.Trade.Days {
			days[i] = int(day)
		}
		trials.Add(days, today, int(policy.PeriodDays))
		if first := c.Trade.FirstPurchase; from == 0 || first < from {
			from = first
		}
		customers++
	}
	found, ok := trials.Migration(int(policy.PeriodDays))
	if !ok {
		return nil, fmt.Errorf("no customer was seen for %d periods of %d days after a purchase: %w", policy.States, policy.PeriodDays, fit.ErrTooFew)
	}
	out := &Outcome{Result: fit.Result{Model: found.Name(), Customers: customers, Window: m.window(from)}}
	for _, p := range found.Parameters() {
		out.Parameters = append(out.Parameters, fit.Estimate{Name: p.Name, Value: p.Value})
	}
	return out, nil
}
