package main

import (
	"context"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// warningsReportCmd prints the report on warnings.
type warningsReportCmd struct {
	monthFlags
	CSV bool `help:"Print the months as comma-separated values."`
}

// Run reads the report and prints it.
func (c *warningsReportCmd) Run(ctx context.Context, a *app) error {
	document, err := c.report(ctx, []string{"v1", "warnings", "report"})
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, r *projections.WarningReport) {
		if c.CSV {
			p.csv = true
			p.warningRows("MONTH", r.Months, func(w *projections.WarningRow) string { return w.Month.String() })
			return
		}
		p.warningReport(r)
	})
}

func (p *printer) warningReport(r *projections.WarningReport) {
	p.fields("as of", when(r.AsOf), "policy", r.PolicyVersion)
	p.section("ALL")
	p.warningRows("", []projections.WarningRow{r.Total}, nil)
	p.section("BY LEVEL")
	rows := make([]table.Row, len(r.Levels))
	for i, l := range r.Levels {
		rows[i] = table.Row{l.Level.String(), l.Raised, l.Escalated, l.Eased, l.Ended, share(l.Lost)}
	}
	p.table(table.Row{"LEVEL", "RAISED", "ESCALATED TO", "EASED TO", "ENDED AFTER", "LOST"}, rows)
	p.section("BY END")
	rows = make([]table.Row, len(r.Ends))
	for i, e := range r.Ends {
		rows[i] = table.Row{e.Reason, e.Ended, mean(e.OpenDays)}
	}
	p.table(table.Row{"REASON", "ENDED", "DAYS OPEN"}, rows)
	p.section("BY ORG UNIT")
	p.warningRows("ORG UNIT", r.Units, func(w *projections.WarningRow) string { return w.OrgUnit })
	p.section("BY EMPLOYEE")
	rows = make([]table.Row, len(r.Employees))
	for i, e := range r.Employees {
		rows[i] = table.Row{e.Employee, e.InTime, e.Unanswered, share(e.InTimeShare)}
	}
	p.table(table.Row{"EMPLOYEE", "ANSWERED IN TIME", "UNANSWERED", "SHARE IN TIME"}, rows)
	p.section("BY MONTH")
	p.warningRows("MONTH", r.Months, func(w *projections.WarningRow) string { return w.Month.String() })
}

// warningRows prints rows with one more column, unless that has no title.
func (p *printer) warningRows(title string, all []projections.WarningRow, more func(*projections.WarningRow) string) {
	header := table.Row{"RAISED", "ESCALATED", "EASED", "ENDED", "LOST", "LEAD DAYS", "DAYS OPEN", "ACKNOWLEDGED", "AFTER HOURS", "UNTOUCHED", "UNANSWERED", "IN TIME"}
	if title != "" {
		header = append(table.Row{title}, header...)
	}
	rows := make([]table.Row, len(all))
	for i := range all {
		w := &all[i]
		if title != "" {
			rows[i] = table.Row{more(w)}
		}
		rows[i] = append(rows[i], w.Raised, w.Escalated, w.Eased, w.Ended, share(w.Lost), mean(w.LeadDays), mean(w.OpenDays),
			w.Acknowledged, mean(w.AcknowledgedHours), w.Untouched, w.Unanswered, share(w.InTimeShare))
	}
	p.table(header, rows)
}

// mean is a mean with one digit after the point, empty without one.
func mean(value *float64) amount {
	if value == nil {
		return ""
	}
	return amount(strconv.FormatFloat(*value, 'f', 1, 64))
}
