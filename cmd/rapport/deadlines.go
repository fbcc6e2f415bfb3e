package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// deadlinesCmd is about what has to be done by a certain time.
type deadlinesCmd struct {
	List   deadlinesListCmd   `cmd:"" default:"withargs" help:"List what has to be done and is not done yet."`
	Report deadlinesReportCmd `cmd:"" help:"Print which share of the deadlines was kept."`
}

// deadlinesListCmd lists deadlines.
type deadlinesListCmd struct{ caseFlags }

// Run reads the list and prints it.
func (c *deadlinesListCmd) Run(ctx context.Context, a *app) error {
	header := table.Row{"DUE", "STATUS", "DEADLINE", "CUSTOMER", "OF", "STARTED", "RESPONSIBLE", "ORG UNIT"}
	return printCases(ctx, a, &c.caseFlags, "deadlines", header, func(r *caseRow[projections.DeadlineDetail]) table.Row {
		return table.Row{when(r.Due), string(r.Status), r.Topic, r.Customer, r.Detail.ID, when(r.Opened), r.Holder, r.OrgUnit}
	})
}

// deadlinesReportCmd prints the report on deadlines.
type deadlinesReportCmd struct {
	monthFlags
	Deadline string `help:"Only deadlines of this name in the policy." placeholder:"NAME"`
	Employee string `help:"Only what was decided for this employee."`
}

// Run reads the report and prints it.
func (c *deadlinesReportCmd) Run(ctx context.Context, a *app) error {
	document, err := c.report(ctx, []string{"v1", "deadlines", "report"}, "deadline", c.Deadline, "employee", c.Employee)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).deadlineReport)
}

func (p *printer) deadlineReport(r *projections.DeadlineReport) {
	p.fields("as of", when(r.AsOf), "policy", r.PolicyVersion)
	p.section("BY DEADLINE")
	p.deadlineRows("", r.Kinds, func(*projections.DeadlineRow) string { return "" })
	p.section("BY ORG UNIT")
	p.deadlineRows("ORG UNIT", r.Units, func(d *projections.DeadlineRow) string { return d.OrgUnit })
	p.section("BY MONTH IN WHICH THEY ARE DUE")
	p.deadlineRows("MONTH", r.Months, func(d *projections.DeadlineRow) string { return d.Month.String() })
	p.section("BY EMPLOYEE")
	rows := make([]table.Row, len(r.Employees))
	for i := range r.Employees {
		e := &r.Employees[i]
		rows[i] = table.Row{e.Kind, e.Employee, e.Kept, e.Missed, e.Late, share(e.InTime)}
	}
	p.table(table.Row{"DEADLINE", "EMPLOYEE", "KEPT", "MISSED", "DONE LATE", "IN TIME"}, rows)
}

// deadlineRows prints rows with one more column, unless that has no title.
func (p *printer) deadlineRows(title string, all []projections.DeadlineRow, more func(*projections.DeadlineRow) string) {
	header := table.Row{"DEADLINE"}
	if title != "" {
		header = append(header, title)
	}
	rows := make([]table.Row, len(all))
	for i := range all {
		d := &all[i]
		rows[i] = table.Row{d.Kind}
		if title != "" {
			rows[i] = append(rows[i], more(d))
		}
		rows[i] = append(rows[i], d.Started, d.Running, d.Kept, d.Missed, d.Late, share(d.InTime))
	}
	p.table(append(header, "STARTED", "RUNNING", "KEPT", "MISSED", "DONE LATE", "IN TIME"), rows)
}
