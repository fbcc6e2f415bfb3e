package main

import (
	"fmt"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// customerValue prints what a customer is worth.
func (p *printer) customerValue(v *projections.ValueView) {
	if v.RFM == nil && len(v.Sums) == 0 && len(v.Forecasts) == 0 {
		return
	}
	p.section("VALUE")
	pairs := []string{"class", v.Class, "key account", marked(v.KeyAccount), "loyal", marked(v.Loyalty.Loyal)}
	if r := v.RFM; r != nil {
		pairs = append(pairs, "RFM", r.Code, "with interval", r.IntervalCode, "overdue", marked(r.Overdue))
	}
	for _, s := range v.Sums {
		pairs = append(pairs, "profit", fmt.Sprintf("%s of %s", decimal(s.ProfitMinor, s.Currency), money(s.RevenueMinor, s.Currency)))
	}
	pairs = append(pairs,
		"repurchases a year", figure(v.Loyalty.RepurchaseRate, 2), "days to decide", figure(v.Loyalty.Decision.MeanDays, 1),
		"price objections an occasion", figure(v.Loyalty.ObjectionRate, 2))
	p.fields(pairs...)
	p.lifetime(v)
	p.expected(v.Forecasts)
}

// lifetime prints the lifetime value by all methods, or why there is none.
func (p *printer) lifetime(v *projections.ValueView) {
	rows := make([]table.Row, len(v.Lifetime.Methods))
	for i, m := range v.Lifetime.Methods {
		narrow, broad := "", ""
		if m.NarrowMinor != nil && m.BroadMinor != nil {
			narrow, broad = decimal(*m.NarrowMinor, v.Currency), decimal(*m.BroadMinor, v.Currency)
		}
		rows[i] = table.Row{m.Method, amount(narrow), amount(broad), m.Reason}
	}
	p.line("")
	p.table(table.Row{"LIFETIME VALUE BY", "TO COME", "IN ALL", "WITHOUT A VALUE BECAUSE"}, rows)
	p.line("discount %s %% a year, %d years, margin %s %%", percentage(v.Lifetime.Discount), v.Lifetime.Years, percentage(v.Lifetime.Margin))
}

// percentage returns a share in percent, with as many digits as it has.
func percentage(share float64) string { return strconv.FormatFloat(share*100, 'g', 6, 64) }

// expected prints the events that somebody expects of a customer, with what came.
func (p *printer) expected(forecasts []projections.ForecastView) {
	if len(forecasts) == 0 {
		return
	}
	rows := make([]table.Row, len(forecasts))
	for i, f := range forecasts {
		rows[i] = table.Row{
			when(f.ExpectedAt), string(f.Kind), f.Forecaster, string(f.Status), priced(f.Revenue), priced(f.Cost), when(f.ActualAt),
			priced(f.ActualRevenue), priced(f.ActualCost),
		}
	}
	p.line("")
	p.table(table.Row{"EXPECTED", "KIND", "FORECASTER", "STATUS", "REVENUE", "COST", "CAME", "REVENUE CAME", "COST CAME"}, rows)
}
