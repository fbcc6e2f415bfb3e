package main

import (
	"context"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// lifecycleCmd prints how customers move through the stages.
type lifecycleCmd struct {
	clientFlags
	afterFlag
	From    string `help:"First day the report covers, for example 2026-03-01." placeholder:"DAY"`
	To      string `help:"Last day the report covers." placeholder:"DAY"`
	Cohorts bool   `help:"Print the cohorts too: who grew first in one month, and the share active at the end of each month."`
}

// Run reads the report and prints it.
func (c *lifecycleCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, query("from", c.From, "to", c.To, "after", c.After), "v1", "lifecycle")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, report *projections.LifecycleReport) {
		p.lifecycle(report)
		if c.Cohorts {
			p.cohorts(report.Cohorts)
		}
	})
}

func (p *printer) lifecycle(r *projections.LifecycleReport) {
	p.fields("as of", when(r.AsOf), "policy", r.PolicyVersion, "started", strconv.FormatInt(r.Started, 10))
	p.section("STAGES NOW")
	p.table(table.Row{"STAGE", "CUSTOMERS", "SHARE"}, stageRows(r.Stages))
	p.section("TRANSITIONS, FROM THE STAGE OF THE ROW TO THAT OF THE COLUMN")
	p.transitions(r.Transitions)
	p.section("TIME SPENT IN A STAGE")
	p.dwell(r.Dwell)
	p.section("ACTIVE CUSTOMERS BY MONTH")
	p.flows(r.Flows)
}

// transitions prints the matrix of counts.
func (p *printer) transitions(transitions []projections.Transition) {
	var count [domain.StageCount][domain.StageCount]int64
	for _, t := range transitions {
		count[t.From][t.To] += t.Count
	}
	header := table.Row{"FROM"}
	var rows []table.Row
	for _, from := range domain.Stages() {
		header = append(header, from.String())
		row := table.Row{from.String()}
		for _, to := range domain.Stages() {
			row = append(row, count[from][to])
		}
		rows = append(rows, row)
	}
	p.table(header, rows)
}

func (p *printer) dwell(dwell []projections.Dwell) {
	rows := make([]table.Row, 0, len(dwell))
	for _, d := range dwell {
		mean := amount("")
		if d.MeanDays != nil {
			mean = amount(strconv.FormatFloat(*d.MeanDays, 'f', 1, 64))
		}
		rows = append(rows, table.Row{d.Stage.String(), d.Entered, d.Left, mean})
	}
	p.table(table.Row{"STAGE", "ENTERED", "LEFT", "MEAN DAYS"}, rows)
}

func (p *printer) flows(flows []projections.MonthFlow) {
	rows := make([]table.Row, 0, len(flows))
	for _, f := range flows {
		rows = append(rows, table.Row{f.Month.String(), f.Opening, f.Lost, f.Retained, f.New, f.WonBack, f.Closing})
	}
	p.table(table.Row{"MONTH", "OPENING", "LOST", "RETAINED", "NEW", "WON BACK", "CLOSING"}, rows)
}

// cohorts prints a triangle: one row for each cohort, one column for each month of its age.
func (p *printer) cohorts(cohorts []projections.Cohort) {
	oldest := 0
	for _, c := range cohorts {
		for _, m := range c.Active {
			oldest = max(oldest, m.Age)
		}
	}
	header := table.Row{"COHORT", "SIZE"}
	for age := range oldest + 1 {
		header = append(header, "+"+strconv.Itoa(age))
	}
	rows := make([]table.Row, 0, len(cohorts))
	for _, c := range cohorts {
		row := make(table.Row, 2, len(header))
		row[0], row[1] = c.Month.String(), c.Size
		for range oldest + 1 {
			row = append(row, amount(""))
		}
		for _, m := range c.Active {
			row[2+m.Age] = percent(m.Active, max(c.Size, 1))
		}
		rows = append(rows, row)
	}
	p.section("COHORTS: SHARE ACTIVE AFTER SO MANY MONTHS")
	p.table(header, rows)
}
