package projections

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// ValueExplanation is what a customer is worth with the events that it was counted from.
type ValueExplanation struct {
	ValueView
	// Statement is the profit and loss of the customer with one line for each event that brought or cost money, in the order in
	// which they occurred (SV-07). Its sums by currency are those of Sums.
	Statement []StatementLine `json:"statement"`
	// Purchases, Returns and Costs are the ids of all events of the statement; Others are those of forecasts and of what else is
	// shown: opportunities, objections to prices, referrals and purchases elsewhere.
	Purchases []string `json:"purchases"`
	Returns   []string `json:"returns"`
	CostsOf   []string `json:"costs"`
	Others    []string `json:"others"`
}

// StatementLine is one event that brought or cost money, in minor units. What was given back is less revenue.
type StatementLine struct {
	Event        string         `json:"event"`
	Type         string         `json:"type"`
	At           domain.Instant `json:"at"`
	Currency     string         `json:"currency"`
	RevenueMinor int64          `json:"revenue_minor"`
	CostMinor    int64          `json:"cost_minor"`
	// Forecast is the id of the forecast that the event fulfilled.
	Forecast string `json:"forecast,omitempty"`
}

// statementLine returns the event as a line of the statement, nil when it neither brought nor cost money.
func statementLine(e *Entry) *StatementLine {
	var m *domain.Money
	revenue, cost := int64(0), int64(1) // what part of the amount counts as what
	switch d := e.Data.(type) {
	case *domain.PurchaseRecorded:
		m, revenue, cost = &d.Amount, 1, 0
	case *domain.PurchaseReturned:
		m, revenue, cost = &d.Amount, -1, 0
	case *domain.CostAttributed:
		m = &d.Amount
	case *domain.CompensationGiven:
		m = d.Amount
	case *domain.BadDebtBooked:
		m = d.Amount
	}
	if m == nil {
		return nil
	}
	return &StatementLine{At: e.Event.Time, Currency: strings.Clone(m.Currency), RevenueMinor: revenue * m.Minor, CostMinor: cost * m.Minor}
}

func explainValue(v *CustomerView, h *Chronicle) (*ValueExplanation, [][]string) {
	x := &ValueExplanation{
		ValueView: v.Value, Statement: []StatementLine{}, Purchases: h.of(purchaseType), Returns: h.of("purchase.returned"),
		CostsOf: h.of("cost.attributed", "compensation.given", "bad_debt.booked"),
		Others: h.of("customer_event.forecast", "opportunity.opened", "opportunity.won", "opportunity.lost", "price.objected",
			"referral.made", "competitor.purchased"),
	}
	for i := range h.events {
		e := &h.events[i]
		if e.statement == nil {
			continue
		}
		line := *e.statement
		line.Event, line.Type = e.ID, e.Type
		if i := slices.IndexFunc(v.Value.Forecasts, func(f ForecastView) bool { return f.ActualEvent == e.ID }); i >= 0 {
			line.Forecast = v.Value.Forecasts[i].ID
		}
		x.Statement = append(x.Statement, line)
	}
	slices.SortStableFunc(x.Statement, func(a, b StatementLine) int { return cmp.Compare(a.At, b.At) })
	return x, [][]string{x.Purchases, x.Returns, x.CostsOf, x.Others}
}
