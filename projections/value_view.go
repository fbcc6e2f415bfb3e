package projections

import (
	"strconv"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/valuation"
)

// ValueView is what a customer is worth (SV-02 to SV-09). Its JSON form is part of the public contract. Amounts are in minor
// units; those without a currency beside them are in Currency. What cannot be told is null.
type ValueView struct {
	// Currency is the main currency of the customer, empty before the first purchase.
	Currency string `json:"currency,omitempty"`
	// Class is the class of the ABC analysis by the thresholds in force, empty without them or without a purchase. It rests on
	// Measure, by which the customer has ValueMinor.
	Class      string              `json:"class,omitempty"`
	Measure    domain.ValueMeasure `json:"measure"`
	ValueMinor int64               `json:"value_minor"`
	// Sums are revenue and costs by currency; they are not added up.
	Sums []ValueSum `json:"sums"`
	// RFM is null before the first purchase.
	RFM *RFMView `json:"rfm"`
	// LastYear are the last 365 days, KeyAccount says that they make a candidate for a key account.
	LastYear   YearView     `json:"last_year"`
	KeyAccount bool         `json:"key_account"`
	Loyalty    LoyaltyView  `json:"loyalty"`
	Lifetime   LifetimeView `json:"lifetime"`
	// Forecasts are the events that somebody expects of the customer, in the order of their ids.
	Forecasts []ForecastView `json:"forecasts"`
	// Referred are the customers whom this one is known to have brought.
	Referred []string `json:"referred"`
}

// ValueSum is what the customer brought in one currency: revenue is purchases less returns, profit is revenue less costs.
type ValueSum struct {
	Currency       string     `json:"currency"`
	PurchasedMinor int64      `json:"purchased_minor"`
	ReturnedMinor  int64      `json:"returned_minor"`
	RevenueMinor   int64      `json:"revenue_minor"`
	Costs          []CostView `json:"costs"`
	CostMinor      int64      `json:"cost_minor"`
	ProfitMinor    int64      `json:"profit_minor"`
	// ElsewhereMinor is what the customer told of purchases from competitors, and Share is what part of the whole is bought
	// here; both are null when the customer told nothing (SV-14).
	ElsewhereMinor *int64   `json:"elsewhere_minor"`
	Share          *float64 `json:"share_of_customer"`
}

// RFMView is when, how often and for how much the customer buys (SV-04). The days since the last purchase and the days between
// purchases are the two readings of the first letter; Overdue says that the first exceed the usual gap of the customer.
type RFMView struct {
	RecencyDays  float64          `json:"recency_days"`
	IntervalDays *float64         `json:"interval_days"`
	Frequency    int              `json:"frequency"`
	AmountMinor  int64            `json:"amount_minor"`
	Scores       valuation.Scores `json:"scores"`
	// Code is the scores of recency, frequency and amount, IntervalCode that with interval in the place of recency.
	Code         string `json:"code"`
	IntervalCode string `json:"interval_code,omitempty"`
	Overdue      bool   `json:"overdue"`
}

// ForecastView is a forecast with what became of it by now.
type ForecastView struct {
	ID         string              `json:"id"`
	Kind       domain.ForecastKind `json:"kind"`
	Forecaster string              `json:"forecaster"`
	MadeAt     domain.Instant      `json:"made_at"`
	// Status is open, fulfilled or missed.
	Status ForecastStatus `json:"status"`
	ForecastDetail
}

// value returns what the customer is worth at an instant that is not before the customer's time.
func (f *Fold) value(c *Customer, at domain.Instant) ValueView {
	t := &c.Trade
	today := domain.DateOf(at, f.location)
	v := ValueView{
		Currency: t.Main.Currency, Class: f.className(c.class), Measure: f.policy.Value.Measure, ValueMinor: t.value(f.policy.Value.Measure),
		Sums: t.valueSums(), RFM: f.rfm(t, at), LastYear: t.year(today), Loyalty: f.loyalty(t, today), Lifetime: f.lifetime(c, at),
		Forecasts: t.forecastViews(at), Referred: orEmpty(t.ledger().referred),
	}
	v.KeyAccount = v.LastYear.keyAccount(&f.policy.Value.KeyAccount)
	return v
}

// valueSums returns the sums of all currencies: those of purchases in the order of their first use, then those of costs and
// purchases elsewhere alone.
func (t *Trade) valueSums() []ValueSum {
	sums := []ValueSum{}
	in := func(currency string) *ValueSum {
		for i := range sums {
			if sums[i].Currency == currency {
				return &sums[i]
			}
		}
		sums = append(sums, ValueSum{Currency: currency, Costs: []CostView{}})
		return &sums[len(sums)-1]
	}
	for _, s := range t.sums() {
		v := in(s.Currency)
		v.PurchasedMinor, v.ReturnedMinor, v.RevenueMinor = s.PurchasedMinor, s.ReturnedMinor, s.PurchasedMinor-s.ReturnedMinor
	}
	for _, cost := range t.Costs() {
		v := in(cost.Currency)
		v.Costs = append(v.Costs, CostView(cost))
		v.CostMinor = domain.AddMinor(v.CostMinor, cost.Minor)
	}
	for _, m := range t.ledger().elsewhere {
		v := in(m.Currency)
		v.ElsewhereMinor = &m.Minor
		if whole := v.PurchasedMinor + m.Minor; whole > 0 {
			share := float64(v.PurchasedMinor) / float64(whole)
			v.Share = &share
		}
	}
	for i := range sums {
		sums[i].ProfitMinor = sums[i].RevenueMinor - sums[i].CostMinor
	}
	return sums
}

// rfm returns the values and scores of RFM, nil before the first purchase.
func (f *Fold) rfm(t *Trade, at domain.Instant) *RFMView {
	if len(t.Days) == 0 {
		return nil
	}
	p := &f.policy.Value
	v := &RFMView{
		RecencyDays: float64(at-t.LastPurchase) / float64(domain.Day), Frequency: len(t.Days), AmountMinor: t.value(p.Measure),
	}
	gap := f.policy.Lifecycle.UsualGap(t.gaps())
	v.Overdue = v.RecencyDays > gap.Float()
	v.Scores = valuation.Scores{
		Recency: valuation.Falling(p.RecencyDays, v.RecencyDays), Frequency: valuation.Rising(p.Frequency, int64(v.Frequency)),
		Amount: valuation.Rising(p.Amount, v.AmountMinor),
	}
	rest := strconv.Itoa(v.Scores.Frequency) + strconv.Itoa(v.Scores.Amount)
	v.Code = strconv.Itoa(v.Scores.Recency) + rest
	if sum, n := t.gaps(); n > 0 {
		mean := float64(sum) / float64(n)
		v.IntervalDays, v.Scores.Interval = &mean, valuation.Falling(p.IntervalDays, mean)
		v.IntervalCode = strconv.Itoa(v.Scores.Interval) + rest
	}
	return v
}

// ForecastStatus is what became of a forecast.
type ForecastStatus string

// What becomes of a forecast: the event can still come, came, or did not come in time.
const (
	ForecastOpen      ForecastStatus = "open"
	ForecastFulfilled ForecastStatus = "fulfilled"
	ForecastMissed    ForecastStatus = "missed"
)

func (x *forecast) status(at domain.Instant) ForecastStatus {
	switch {
	case x.by != "":
		return ForecastFulfilled
	case at >= x.due:
		return ForecastMissed
	default:
		return ForecastOpen
	}
}

func (t *Trade) forecastViews(at domain.Instant) []ForecastView {
	views := []ForecastView{}
	for _, x := range t.ledger().forecasts {
		views = append(views, ForecastView{
			ID: x.id, Kind: x.kind, Forecaster: x.forecaster, MadeAt: x.made, Status: x.status(at), ForecastDetail: x.known(),
		})
	}
	return views
}
