package main

import (
	"context"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/projections"
)

// complaintsCmd is about complaints.
type complaintsCmd struct {
	List   complaintsListCmd   `cmd:"" default:"withargs" help:"List the complaints."`
	Report complaintsReportCmd `cmd:"" help:"Print what customers complain about and how it is dealt with."`
}

// complaintsListCmd lists complaints.
type complaintsListCmd struct{ caseFlags }

// Run reads the list and prints it.
func (c *complaintsListCmd) Run(ctx context.Context, a *app) error {
	header := table.Row{"FILED", "CUSTOMER", "COMPLAINT", "STATUS", "TIME", "HOLDER", "SUBJECT", "VALID", "REOPENED", "DUE", "RESOLVED", "ORG UNIT"}
	return printCases(ctx, a, &c.caseFlags, "complaints", header, func(r *caseRow[projections.ComplaintDetail]) table.Row {
		d := &r.Detail
		return table.Row{
			when(r.Opened), r.Customer, r.ID, d.Status.String(), string(r.Status), r.Holder, r.Topic, yesNo(d.Valid), d.Reopened,
			when(r.Due), when(r.Ended), r.OrgUnit,
		}
	})
}

// yesNo returns yes, no, or nothing for what is not known.
func yesNo(v *bool) string {
	switch {
	case v == nil:
		return ""
	case *v:
		return "yes"
	default:
		return "no"
	}
}

// complaintsReportCmd prints the report on complaints.
type complaintsReportCmd struct {
	monthFlags
	Subject  string `help:"Only complaints about this subject."`
	Product  string `help:"Only complaints about this product."`
	WorkStep string `help:"Only complaints about this step of the work." placeholder:"STEP"`
	Employee string `help:"Only complaints about this employee."`
}

// Run reads the report and prints it.
func (c *complaintsReportCmd) Run(ctx context.Context, a *app) error {
	document, err := c.report(ctx, []string{"v1", "complaints", "report"},
		"subject", c.Subject, "product", c.Product, "work_step", c.WorkStep, "employee", c.Employee)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).complaintReport)
}

// share returns a share with its interval, or the number it is of when that is too small to show.
func share(s statistics.ShareFigure) string {
	if s.Value == nil {
		return "n=" + strconv.FormatInt(s.Count, 10)
	}
	return figure(s.Value, 3) + interval(s.Interval, 3) + " n=" + strconv.FormatInt(s.Count, 10)
}

// interval returns an interval in brackets, empty for none.
func interval(i *statistics.Interval, digits int) string {
	if i == nil {
		return ""
	}
	return " [" + figure(&i.Low, digits) + ", " + figure(&i.High, digits) + "]"
}

// figure returns a number with so many digits, empty for none.
func figure(v *float64, digits int) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', digits, 64)
}

// durations returns the row of a table of times, which are given in hours.
func durations(name string, f *projections.DurationFigure) table.Row {
	return table.Row{name, f.Count, hours(f.Median), hours(f.P90), hours(f.P95), hours(f.Mean)}
}

// hours returns a time in hours, empty for none.
func hours(seconds *float64) amount {
	if seconds == nil {
		return ""
	}
	return amount(strconv.FormatFloat(*seconds/3600, 'f', 2, 64) + " h")
}
