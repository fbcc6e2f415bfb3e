package projections

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// forecast is an event of the customer that somebody expects (SV-07), and what became of it.
type forecast struct {
	id, event, forecaster string
	kind                  domain.ForecastKind
	// made is when it was made, expected when the event is expected, due when it is too late for it.
	made, expected, due domain.Instant
	revenue, cost       domain.Money
	// by is the id of the event that fulfilled it at the instant actual, empty before.
	by                        string
	actual                    domain.Instant
	actualRevenue, actualCost domain.Money
}

func codeForecast(k *coder, f *forecast) {
	for _, s := range []*string{&f.id, &f.event, &f.forecaster, (*string)(&f.kind), &f.by} {
		k.string(s)
	}
	for _, at := range []*domain.Instant{&f.made, &f.expected, &f.due, &f.actual} {
		k.instant(at)
	}
	for _, m := range []*domain.Money{&f.revenue, &f.cost, &f.actualRevenue, &f.actualCost} {
		k.int(&m.Minor)
		k.string(&m.Currency)
	}
}

// forecast keeps a forecast. The one that was made last under an id holds, until it is fulfilled.
func (f *Fold) forecast(c *Customer, e *Entry, d *domain.CustomerEventForecast, out *Effects) {
	l := c.Trade.ledger()
	i, found := slices.BinarySearchFunc(l.forecasts, d.ForecastID, func(x forecast, id string) int { return strings.Compare(x.id, id) })
	if found && (l.forecasts[i].by != "" || e.Event.Time < l.forecasts[i].made) {
		return
	}
	x := forecast{
		id: strings.Clone(d.ForecastID), event: e.id(), forecaster: strings.Clone(d.Forecaster), kind: domain.ForecastKind(strings.Clone(string(d.Kind))),
		made: e.Event.Time, expected: d.ExpectedAt, due: d.ExpectedAt + f.tolerance(), revenue: amountOf(d.Revenue), cost: amountOf(d.Cost),
	}
	l.forecasts = slices.Clone(l.forecasts)
	if found {
		l.forecasts[i] = x
	} else {
		l.forecasts = slices.Insert(l.forecasts, i, x)
	}
	out.touch(c, CaseForecast, x.id)
	if len(l.forecasts) > mostForecasts {
		first := slices.IndexFunc(l.forecasts, func(o forecast) bool {
			return !slices.ContainsFunc(l.forecasts, func(p forecast) bool { return p.expected < o.expected })
		})
		out.touch(c, CaseForecast, l.forecasts[first].id)
		l.forecasts = slices.Delete(l.forecasts, first, first+1)
	}
	c.Trade.setLedger(l)
}

// tolerance is how far an event may be from the instant for which it was forecast.
func (f *Fold) tolerance() domain.Instant {
	return domain.Instant(f.policy.Value.ForecastDays) * domain.Day
}

// amountOf returns an amount in memory of its own, zero for none.
func amountOf(m *domain.Money) domain.Money {
	if m == nil {
		return domain.Money{}
	}
	return domain.Money{Minor: m.Minor, Currency: strings.Clone(m.Currency)}
}

// actual is an event that can fulfil a forecast.
type actual struct {
	kind          domain.ForecastKind
	revenue, cost *domain.Money
}

// fulfil notes that an event fulfils a forecast: of those of its kind that were made before it, are open and expect it within
// the tolerance of the policy, the one that expects it nearest to when it came, the earlier of two.
func (f *Fold) fulfil(c *Customer, e *Entry, a actual, out *Effects) {
	if c.Trade.side == nil || c.Trade.side.ledger == nil {
		return
	}
	l := c.Trade.ledger()
	at, nearest := e.Event.Time, -1
	for i := range l.forecasts {
		x := &l.forecasts[i]
		if x.kind != a.kind || x.by != "" || x.made > at || distance(at, x.expected) > f.tolerance() {
			continue
		}
		if nearest < 0 || cmp.Or(cmp.Compare(distance(at, x.expected), distance(at, l.forecasts[nearest].expected)),
			cmp.Compare(x.expected, l.forecasts[nearest].expected)) < 0 {
			nearest = i
		}
	}
	if nearest < 0 {
		return
	}
	l.forecasts = slices.Clone(l.forecasts)
	x := &l.forecasts[nearest]
	x.by, x.actual, x.actualRevenue, x.actualCost = e.id(), at, amountOf(a.revenue), amountOf(a.cost)
	out.touch(c, CaseForecast, x.id)
	c.Trade.setLedger(l)
}

func distance(a, b domain.Instant) domain.Instant { return max(a-b, b-a) }

// addActualCost adds a cost that belongs to an event which fulfilled a forecast, and reports whether it does.
func (t *Trade) addActualCost(c *Customer, d *domain.CostAttributed, out *Effects) bool {
	if d.Of == "" || t.side == nil || t.side.ledger == nil {
		return false
	}
	l := t.ledger()
	i := slices.IndexFunc(l.forecasts, func(x forecast) bool { return x.by == d.Of })
	if i < 0 || l.forecasts[i].actualCost.Currency != "" && l.forecasts[i].actualCost.Currency != d.Amount.Currency {
		return false
	}
	l.forecasts = slices.Clone(l.forecasts)
	sum := amountOf(&d.Amount)
	sum.Minor = domain.AddMinor(sum.Minor, l.forecasts[i].actualCost.Minor)
	l.forecasts[i].actualCost = sum
	out.touch(c, CaseForecast, l.forecasts[i].id)
	t.setLedger(l)
	return true
}

// ForecastDetail is what is known of a forecast beyond its case: the Detail of a case of kind CaseForecast, which is held by
// the forecaster, is due when the event would be too late to fulfil it, and has ended when it was fulfilled. Its JSON form is
// part of the public contract. Amounts are in minor units; what nobody said is null.
type ForecastDetail struct {
	Event         string         `json:"event"`
	ExpectedAt    domain.Instant `json:"expected_at"`
	Revenue       *domain.Money  `json:"revenue"`
	Cost          *domain.Money  `json:"cost"`
	ActualEvent   string         `json:"actual_event,omitempty"`
	ActualAt      domain.Instant `json:"actual_at,omitzero"`
	ActualRevenue *domain.Money  `json:"actual_revenue"`
	ActualCost    *domain.Money  `json:"actual_cost"`
}

// forecastCases returns the forecasts of the customer as cases.
func (c *Customer) forecastCases() []Case {
	forecasts := c.Trade.ledger().forecasts
	cases := make([]Case, len(forecasts))
	for i := range forecasts {
		x := &forecasts[i]
		cases[i] = Case{ID: x.id, Holder: x.forecaster, Topic: string(x.kind), Opened: x.made, Due: x.due, Ended: x.actual, Detail: x.detail()}
	}
	return cases
}

func (x *forecast) known() ForecastDetail {
	return ForecastDetail{
		Event: x.event, ExpectedAt: x.expected, Revenue: said(x.revenue), Cost: said(x.cost), ActualEvent: x.by, ActualAt: x.actual,
		ActualRevenue: said(x.actualRevenue), ActualCost: said(x.actualCost),
	}
}

func (x *forecast) detail() json.RawMessage {
	text, err := json.Marshal(x.known())
	if err != nil {
		panic(fmt.Sprintf("projections: forecast %q has no JSON form: %v", x.id, err))
	}
	return text
}

// said returns the amount, nil when nobody said one.
func said(m domain.Money) *domain.Money {
	if m.Currency == "" {
		return nil
	}
	return &m
}
