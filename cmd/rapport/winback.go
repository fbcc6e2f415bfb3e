package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// winBackCmd is about losses and winning customers back.
type winBackCmd struct {
	List     winBackListCmd     `cmd:"" default:"withargs" help:"List the losses, with what was done to win the customers back."`
	Proposed winBackProposedCmd `cmd:"" help:"List the lost customers who may be won back, those worth most first."`
	Report   winBackReportCmd   `cmd:"" help:"Print what winning customers back brought and cost."`
	Losses   winBackLossesCmd   `cmd:"" help:"Print who was lost, why, and what was decided about it."`
	Mass     winBackMassCmd     `cmd:"" help:"List the months in which many customers of a unit were lost for one reason."`
}

// winBackListCmd lists losses.
type winBackListCmd struct{ caseFlags }

// Run reads the list and prints it.
func (c *winBackListCmd) Run(ctx context.Context, a *app) error {
	header := table.Row{"LOST", "CUSTOMER", "KNOWN BY", "CAUSE", "WORTH", "DECISION", "OWNER", "CONTACTS", "COST", "OUTCOME", "DUE", "RETURNED", "ORG UNIT"}
	return printCases(ctx, a, &c.caseFlags, "winback", header, func(r *caseRow[projections.LossDetail]) table.Row {
		d := &r.Detail
		contacts, cost := "", ""
		if d.WinBack != nil {
			contacts, cost = number(d.WinBack.Contacts), amounts(d.WinBack.Cost)
		}
		return table.Row{
			when(r.Opened), r.Customer, knownBy(d.Inferred), r.Topic, amounts(d.Worth), d.Decision, r.Holder, contacts, cost,
			string(d.Outcome), when(r.Due), when(r.Ended), r.OrgUnit,
		}
	})
}

// knownBy says how a loss is known.
func knownBy(inferred bool) string {
	if inferred {
		return "silence"
	}
	return "report"
}

// amounts returns amounts of several currencies beside one another.
func amounts(all []projections.CurrencyAmount) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = string(amount(decimal(a.Minor, a.Currency))) + " " + a.Currency
	}
	return strings.Join(texts, ", ")
}

// winBackProposedCmd lists the customers who may be won back.
type winBackProposedCmd struct {
	clientFlags
	afterFlag
	OrgUnit   string `help:"Only those of this unit and the units below it." placeholder:"PATH"`
	Cause     string `help:"Only those lost for this cause."`
	Owner     string `help:"Only those whose case this employee has." placeholder:"EMPLOYEE"`
	Undecided bool   `help:"Only those about whom nothing was decided."`
	Limit     int    `help:"Length of the list, 1 to 500." default:"50"`
	CSV       bool   `help:"Print comma-separated values."`
}

// Run reads the list and prints it.
func (c *winBackProposedCmd) Run(ctx context.Context, a *app) error {
	undecided := ""
	if c.Undecided {
		undecided = "true"
	}
	document, err := c.get(ctx, query("org_unit", c.OrgUnit, "cause", c.Cause, "owner", c.Owner, "undecided", undecided,
		"limit", strconv.Itoa(c.Limit), "after", c.After), "v1", "winback", "proposed")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, list *projections.WinBackProposals) {
		p.csv = c.CSV
		rows := make([]table.Row, len(list.Items))
		for i := range list.Items {
			x := &list.Items[i]
			rows[i] = table.Row{
				x.Band, x.AgeDays, x.Customer, x.Detail.Cause, amounts(x.Detail.Worth), x.Detail.Product, x.Detail.Decision,
				string(x.Detail.Outcome), x.OrgUnit,
			}
		}
		p.table(table.Row{"BAND", "DAYS LOST", "CUSTOMER", "CAUSE", "WORTH", "BOUGHT LAST", "DECISION", "OUTCOME", "ORG UNIT"}, rows)
	})
}

// winBackReportCmd prints the report on winning customers back.
type winBackReportCmd struct {
	monthFlags
	Cause string `help:"Only cases of customers lost for this cause."`
	Owner string `help:"Only cases of this employee." placeholder:"EMPLOYEE"`
	Terms string `help:"Only cases with an offer of these terms."`
}

// Run reads the report and prints it.
func (c *winBackReportCmd) Run(ctx context.Context, a *app) error {
	document, err := c.report(ctx, []string{"v1", "winback", "report"}, "cause", c.Cause, "owner", c.Owner, "terms", c.Terms)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).winBackReport)
}

// winBackLossesCmd prints the report on losses.
type winBackLossesCmd struct {
	monthFlags
	Cause   string `help:"Only losses for this cause."`
	Product string `help:"Only losses of customers who had bought this product last."`
}

// Run reads the report and prints it.
func (c *winBackLossesCmd) Run(ctx context.Context, a *app) error {
	document, err := c.report(ctx, []string{"v1", "winback", "losses"}, "cause", c.Cause, "product", c.Product)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).lossReport)
}

// winBackMassCmd lists mass losses.
type winBackMassCmd struct{ caseFlags }

// Run reads the list and prints it.
func (c *winBackMassCmd) Run(ctx context.Context, a *app) error {
	header := table.Row{"NOTICED", "ORG UNIT", "MONTH", "CAUSE", "BOUGHT LAST", "LOSSES"}
	return printCases(ctx, a, &c.caseFlags, "winback/mass-losses", header, func(r *caseRow[projections.MassLossDetail]) table.Row {
		return table.Row{when(r.Opened), r.OrgUnit, r.Detail.Month, r.Detail.Cause, r.Detail.Product, r.Detail.Losses}
	})
}
