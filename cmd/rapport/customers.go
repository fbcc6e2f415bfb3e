package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// customersCmd lists customers.
type customersCmd struct {
	clientFlags
	afterFlag
	pageFlags
	listFlags
	Stage   string `help:"Only customers of this stage: prospect, growth, maturity, decline, termination."`
	Risk    string `help:"Only customers with an open churn warning of this level: watch, high, critical."`
	Class   string `help:"Only customers of this class of value, for example A."`
	OrgUnit string `help:"Only customers of this unit and the units below it, for example brand/north." placeholder:"PATH"`
	Owner   string `help:"Only customers of this employee." placeholder:"EMPLOYEE"`
	Text    string `help:"Only customers whose id or name contains this text."`
	Sort    string `help:"Order: id, or the newest first with --sort=-last_event_at, --sort=-since, --sort=-last_purchase_at." placeholder:"ORDER"`
}

// Run reads the list and prints it.
func (c *customersCmd) Run(ctx context.Context, a *app) error {
	document, err := c.list(ctx, c.clientFlags, c.pageFlags, []string{
		"stage", c.Stage, "risk", c.Risk, "class", c.Class, "org_unit", c.OrgUnit, "owner", c.Owner, "text", c.Text, "sort", c.Sort, "after", c.After,
	}, "v1", "customers")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, page *projections.CustomerPage) {
		p.csv = c.CSV
		p.customers(page)
		a.nextPage(page.Next)
	})
}

func (p *printer) customers(page *projections.CustomerPage) {
	rows := make([]table.Row, 0, len(page.Items))
	for i := range page.Items {
		c := &page.Items[i]
		rows = append(rows, table.Row{
			c.ID, c.Name, c.Stage.String(), day(c.Since), riskShown(c.Risk), c.ValueClass, c.Purchases, amount(netSums(c.Sums)), day(c.LastPurchaseAt),
			day(c.LastContactAt), c.OpenMatters, list(c.Owners), c.OrgUnit,
		})
	}
	p.table(table.Row{
		"ID", "NAME", "STAGE", "SINCE", "WARNING", "CLASS", "PURCHASES", "NET", "LAST PURCHASE", "LAST CONTACT", "OPEN", "OWNERS", "ORG UNIT",
	}, rows)
}

// riskShown returns the level of an open warning, empty without one.
func riskShown(level domain.RiskLevel) string {
	if level == domain.RiskLow {
		return ""
	}
	return level.String()
}

// netSums returns what was purchased less what was returned, by currency.
func netSums(sums []projections.CurrencyView) string {
	net := make([]string, 0, len(sums))
	for _, s := range sums {
		net = append(net, money(s.PurchasedMinor-s.ReturnedMinor, clean(s.Currency)))
	}
	return list(net)
}
