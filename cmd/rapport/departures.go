package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// departuresCmd lists the employees who left.
type departuresCmd struct{ caseFlags }

// Run reads the list and prints it.
func (c *departuresCmd) Run(ctx context.Context, a *app) error {
	header := table.Row{"LEFT", "EMPLOYEE", "REASON", "SUCCESSOR", "ORG UNIT"}
	return printCases(ctx, a, &c.caseFlags, "departures", header, func(r *caseRow[projections.DepartureDetail]) table.Row {
		return table.Row{when(r.Opened), r.Holder, r.Detail.Reason, r.Detail.Successor, r.OrgUnit}
	})
}
