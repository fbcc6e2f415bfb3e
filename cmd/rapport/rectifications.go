package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// rectificationsCmd is about what organisation units have to put right.
type rectificationsCmd struct {
	List   rectificationsListCmd   `cmd:"" default:"withargs" help:"List the rectification sheets."`
	Report rectificationsReportCmd `cmd:"" help:"Print whether what was put right helped."`
}

// rectificationsListCmd lists rectification sheets.
type rectificationsListCmd struct{ caseFlags }

// Run reads the list and prints it.
func (c *rectificationsListCmd) Run(ctx context.Context, a *app) error {
	header := table.Row{"ORG UNIT", "SHEET", "ITEM", "OWNER", "DUE", "STATUS", "TIME", "ACCEPTED", "REJECTIONS", "OPENED"}
	return printCases(ctx, a, &c.caseFlags, "rectifications", header, func(r *caseRow[projections.RectificationDetail]) table.Row {
		d := &r.Detail
		return table.Row{
			r.OrgUnit, r.ID, r.Topic, r.Holder, when(d.DueAt), string(d.Status), string(r.Status), when(d.AcceptedAt), d.Rejections, when(r.Opened),
		}
	})
}

// rectificationsReportCmd prints the report on rectification sheets.
type rectificationsReportCmd struct {
	clientFlags
	afterFlag
	OrgUnit string `help:"Only this unit and the units below it." placeholder:"PATH"`
}

// Run reads the report and prints it.
func (c *rectificationsReportCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, query("org_unit", c.OrgUnit, "after", c.After), "v1", "rectifications", "report")
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).rectificationReport)
}

func (p *printer) rectificationReport(r *projections.RectificationReport) {
	p.fields(
		"as of", when(r.AsOf), "open", number(r.Open), "overdue", number(r.Overdue), "waiting for inspection", number(r.Completed),
		"accepted", number(r.Accepted), "inspections passed", share(r.Passed), "done in time", share(r.InTime),
	)
	var rows []table.Row
	for i := range r.Sheets {
		s := &r.Sheets[i]
		for _, e := range s.Effect {
			rows = append(rows, table.Row{
				s.OrgUnit, s.ID, s.Topic, e.Source, amount(figure(e.Before.Mean, 3)), amount(figure(e.After.Mean, 3)),
				figure(e.Difference, 3) + interval(e.Interval, 3),
			})
		}
	}
	p.section("SCORES OF THE ITEM BEFORE THE SHEET AND AFTER ITS ACCEPTANCE")
	p.table(table.Row{"ORG UNIT", "SHEET", "ITEM", "SOURCE", "BEFORE", "AFTER", "DIFFERENCE"}, rows)
}
