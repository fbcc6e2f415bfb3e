package main

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// summaryCmd prints the counts of the whole.
type summaryCmd struct {
	clientFlags
	afterFlag
}

// Run reads the summary of the server and prints it.
func (c *summaryCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, query("after", c.After), "v1", "summary")
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).summary)
}

// printSummary prints a summary of this program's own.
func (a *app) printSummary(s *projections.Summary) error { return printValue(a, s, (*printer).summary) }

func (p *printer) summary(s *projections.Summary) {
	p.fields(
		"as of", when(s.AsOf),
		"events", strconv.FormatInt(s.Events, 10),
		"customers", strconv.FormatInt(s.Customers, 10),
		"policy", s.PolicyVersion,
		"positions", s.Positions.String(),
		"digest", s.Digest,
	)
	p.line("")
	p.table(table.Row{"STAGE", "CUSTOMERS", "SHARE"}, stageRows(s.Stages))
	p.line("")
	p.table(table.Row{"WARNINGS", "CUSTOMERS"}, counts(s.Warnings, riskNames()))
	p.line("")
	p.table(table.Row{"OPEN", "MATTERS"}, counts(s.Open, matterNames()))
	p.line("")
	p.table(table.Row{"SURVEYS", "NUMBER"}, []table.Row{
		{"invited", s.Satisfaction.Invited}, {"answered", s.Satisfaction.Answers}, {"refused", s.Satisfaction.Refused},
	})
	p.line("")
	p.table(table.Row{"VERDICT", "RECORDS"}, counts(s.Verdicts, verdictNames()))
	if len(s.Trade) > 0 {
		p.line("")
		p.table(table.Row{"CURRENCY", "PURCHASES", "PURCHASED", "RETURNS", "RETURNED"}, tradeRows(s.Trade))
	}
}

// stageRows lists the stages in the order of a life with their share of all customers.
func stageRows(stages map[string]int64) []table.Row {
	var all int64
	for _, n := range stages {
		all += n
	}
	rows := make([]table.Row, 0, domain.StageCount)
	for _, s := range domain.Stages() {
		n := stages[s.String()]
		rows = append(rows, table.Row{s.String(), n, percent(n, all)})
	}
	return rows
}

// percent returns the share of n in all with one digit after the point.
func percent(n, all int64) amount {
	if all == 0 {
		return ""
	}
	return amount(strconv.FormatFloat(100*float64(n)/float64(all), 'f', 1, 64) + "%")
}

// counts lists what is counted under the given names, then under names this program does not know.
func counts(m map[string]int64, names []string) []table.Row {
	rows := make([]table.Row, 0, len(m))
	for _, name := range names {
		rows = append(rows, table.Row{name, m[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(names, name) {
			rows = append(rows, table.Row{name, m[name]})
		}
	}
	return rows
}

func riskNames() []string {
	return []string{domain.RiskWatch.String(), domain.RiskHigh.String(), domain.RiskCritical.String()}
}

func matterNames() []string {
	var names []string
	for _, kind := range projections.MatterKinds() {
		names = append(names, string(kind))
	}
	return names
}

func verdictNames() []string {
	var names []string
	for v := eventstore.Accepted; v <= eventstore.Quarantined; v++ {
		names = append(names, v.String())
	}
	return names
}

func tradeRows(trade map[string]projections.TradeSum) []table.Row {
	var rows []table.Row
	for _, currency := range slices.Sorted(maps.Keys(trade)) {
		t := trade[currency]
		rows = append(rows, table.Row{
			currency, t.Purchases, amount(decimal(t.Purchased, currency)), t.Returns, amount(decimal(t.Returned, currency)),
		})
	}
	return rows
}
