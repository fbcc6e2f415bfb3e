package main

import (
	"context"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// valueCmd is about what customers are worth.
type valueCmd struct {
	Report      valueReportCmd      `cmd:"" default:"withargs" help:"Print what the customers are worth and how it is spread: ABC, RFM, customer migration."`
	Customers   valueCustomersCmd   `cmd:"" help:"List customers by value, with all methods side by side."`
	Forecasts   valueForecastsCmd   `cmd:"" help:"List the events of customers that somebody expects."`
	Forecasters valueForecastersCmd `cmd:"" help:"Print how well events were forecast, by forecaster."`
}

// valueReportCmd prints the report on value.
type valueReportCmd struct {
	monthFlags
	Measure string `help:"What customers are ranked by: purchases, revenue, profit. Default: that of the policy." placeholder:"MEASURE"`
	CSV     bool   `help:"Print the classes as comma-separated values."`
}

// Run reads the report and prints it.
func (c *valueReportCmd) Run(ctx context.Context, a *app) error {
	document, err := c.report(ctx, []string{"v1", "value"}, "measure", c.Measure)
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, r *projections.ValueReport) {
		if p.csv = c.CSV; p.csv {
			p.valueClasses(r)
			return
		}
		p.valueReport(r)
	})
}

// valueCustomersCmd lists customers by value.
type valueCustomersCmd struct {
	clientFlags
	afterFlag
	pageFlags
	listFlags
	OrgUnit     string `help:"Only customers of this unit and the units below it." placeholder:"PATH"`
	Measure     string `help:"What customers are ranked by: purchases, revenue, profit. Default: that of the policy." placeholder:"MEASURE"`
	Currency    string `help:"Only customers with this main currency." placeholder:"CURRENCY"`
	KeyAccounts bool   `help:"Only candidates for key accounts."`
}

// Run reads the list and prints it.
func (c *valueCustomersCmd) Run(ctx context.Context, a *app) error {
	keyAccount := ""
	if c.KeyAccounts {
		keyAccount = "true"
	}
	document, err := c.list(ctx, c.clientFlags, c.pageFlags, []string{
		"org_unit", c.OrgUnit, "measure", c.Measure, "currency", c.Currency, "key_account", keyAccount, "after", c.After,
	}, "v1", "value", "customers")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, page *projections.ValuePage) {
		p.csv = c.CSV
		p.valueLines(page.Items)
		a.nextPage(page.Next)
	})
}

// valueLines prints customers with all methods side by side.
func (p *printer) valueLines(lines []projections.ValueLine) {
	rows := make([]table.Row, len(lines))
	for i := range lines {
		l := &lines[i]
		row := table.Row{
			l.Customer, l.Class, amount(decimal(l.ValueMinor, l.Currency)), l.Currency, amount(figure(l.Share, 4)), amount(figure(l.Cumulative, 4)),
			amount(decimal(l.ProfitMinor, l.Currency)), l.RFM, l.IntervalRFM, l.Stage.String(), l.LastYear.Occasions, marked(l.KeyAccount),
		}
		for _, m := range l.Lifetime {
			narrow := ""
			if m.NarrowMinor != nil {
				narrow = decimal(*m.NarrowMinor, l.Currency)
			}
			row = append(row, amount(narrow))
		}
		rows[i] = append(row, l.OrgUnit)
	}
	p.table(table.Row{
		"CUSTOMER", "CLASS", "VALUE", "CURRENCY", "SHARE", "CUMULATIVE", "PROFIT", "RFM", "BY INTERVAL", "STAGE", "OCCASIONS 365 D", "KEY",
		"TO COME: MIGRATION", "EVENTS", "MODEL", "ORG UNIT",
	}, rows)
}

// marked returns yes for what is so, and nothing otherwise.
func marked(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

// valueForecastsCmd lists forecasts.
type valueForecastsCmd struct{ caseFlags }

// Run reads the list and prints it.
func (c *valueForecastsCmd) Run(ctx context.Context, a *app) error {
	header := table.Row{"EXPECTED", "CUSTOMER", "FORECAST", "KIND", "FORECASTER", "REVENUE", "COST", "CAME", "REVENUE CAME", "COST CAME", "TIME", "ORG UNIT"}
	return printCases(ctx, a, &c.caseFlags, "value/forecasts", header, func(r *caseRow[projections.ForecastDetail]) table.Row {
		d := &r.Detail
		return table.Row{
			when(d.ExpectedAt), r.Customer, r.ID, r.Topic, r.Holder, priced(d.Revenue), priced(d.Cost), when(d.ActualAt),
			priced(d.ActualRevenue), priced(d.ActualCost), string(r.Status), r.OrgUnit,
		}
	})
}

// valueForecastersCmd prints the report on forecasts.
type valueForecastersCmd struct {
	clientFlags
	afterFlag
	OrgUnit    string `help:"Only customers of this unit and the units below it." placeholder:"PATH"`
	Forecaster string `help:"Only forecasts of this employee or program." placeholder:"EMPLOYEE"`
	CSV        bool   `help:"Print comma-separated values."`
}

// Run reads the report and prints it.
func (c *valueForecastersCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, query("org_unit", c.OrgUnit, "forecaster", c.Forecaster, "after", c.After), "v1", "value", "forecasters")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, r *projections.ForecasterReport) {
		p.csv = c.CSV
		rows := make([]table.Row, len(r.Forecasters))
		for i := range r.Forecasters {
			f := &r.Forecasters[i]
			rows[i] = table.Row{
				f.Forecaster, f.Kind, f.Forecasts, f.Open, f.Fulfilled, f.Missed, amount(figure(f.HitRate, 3)), f.Currency,
				amount(minorMean(f.Revenue.BiasMinor, f.Currency)), amount(minorMean(f.Revenue.MAEMinor, f.Currency)), amount(figure(f.Revenue.WAPE, 3)),
				amount(minorMean(f.Cost.BiasMinor, f.Currency)), amount(minorMean(f.Cost.MAEMinor, f.Currency)), amount(figure(f.MeanDaysLate, 1)),
			}
		}
		p.table(table.Row{
			"FORECASTER", "KIND", "FORECASTS", "OPEN", "FULFILLED", "MISSED", "HIT RATE", "CURRENCY", "REVENUE BIAS", "REVENUE MAE", "REVENUE WAPE",
			"COST BIAS", "COST MAE", "DAYS LATE",
		}, rows)
	})
}

// minorMean returns a mean of minor units as an amount, rounded to minor units; empty for none.
func minorMean(minor *float64, currency string) string {
	if minor == nil {
		return ""
	}
	rounded, err := strconv.ParseInt(strconv.FormatFloat(*minor, 'f', 0, 64), 10, 64)
	if err != nil {
		return ""
	}
	return decimal(rounded, currency)
}
