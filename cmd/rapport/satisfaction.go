package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// satisfactionCmd is about what customers answered.
type satisfactionCmd struct {
	Report    satisfactionReportCmd `cmd:"" default:"withargs" help:"Print what customers answered."`
	Stages    satisfactionStagesCmd `cmd:"" help:"Print scores beside complaints, by stage of the work."`
	FollowUps followUpsCmd          `cmd:"" name:"follow-ups" help:"Print how much was followed up, and how."`
}

// surveyFlags select answers.
type surveyFlags struct {
	Questionnaire string `help:"Only answers to this questionnaire, for example service." placeholder:"NAME"`
	Source        string `help:"Only answers that this source asked for: internal or external."`
	Mode          string `help:"Only answers given in this mode: phone, face_to_face, cati, web."`
	Item          string `help:"Only answers to this item."`
	Employee      string `help:"Only answers about the work of this employee."`
	Role          string `help:"Only answers about the work of employees in this role."`
}

func (f *surveyFlags) parameters() []string {
	return []string{
		"questionnaire", f.Questionnaire, "source", f.Source, "mode", f.Mode, "item", f.Item, "employee", f.Employee, "role", f.Role,
	}
}

// satisfactionReportCmd prints the report on satisfaction.
type satisfactionReportCmd struct {
	monthFlags
	surveyFlags
	Group  string `help:"What the rows stand for: item, group, org_unit, employee, role, month, source, mode." placeholder:"DIMENSION"`
	Depth  string `help:"How many steps of the path of a unit rows by unit go into." placeholder:"N"`
	Latest bool   `help:"Only the latest answer of each customer."`
	CSV    bool   `help:"Print the rows as comma-separated values, each figure in a column of its own."`
}

// Run reads the report and prints it.
func (c *satisfactionReportCmd) Run(ctx context.Context, a *app) error {
	answers := ""
	if c.Latest {
		answers = "latest"
	}
	document, err := c.report(ctx, []string{"v1", "satisfaction"},
		append(c.parameters(), "group", c.Group, "depth", c.Depth, "answers", answers)...)
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, r *projections.SatisfactionReport) {
		if p.csv = c.CSV; p.csv {
			p.satisfactionFigures(r)
			return
		}
		p.satisfaction(r)
	})
}

func (p *printer) satisfaction(r *projections.SatisfactionReport) {
	p.fields("as of", when(r.AsOf), "policy", r.PolicyVersion, "answers", r.Answers, "left out", number(r.LeftOut))
	p.line("")
	p.satisfactionRows(r)
	if len(r.Gaps) > 0 {
		rows := make([]table.Row, len(r.Gaps))
		for i := range r.Gaps {
			g := &r.Gaps[i]
			rows[i] = table.Row{
				g.Questionnaire, g.Value, amount(figure(g.Internal.Mean, 3)), amount(figure(g.External.Mean, 3)),
				figure(g.Difference, 3) + interval(g.Interval, 3),
			}
		}
		p.section("EXTERNAL AGAINST INTERNAL")
		p.table(table.Row{"QUESTIONNAIRE", "ROW", "INTERNAL", "EXTERNAL", "DIFFERENCE"}, rows)
	}
	if len(r.LowItems) > 0 {
		rows := make([]table.Row, len(r.LowItems))
		for i := range r.LowItems {
			l := &r.LowItems[i]
			rows[i] = table.Row{
				l.Questionnaire, l.Source, l.Item, l.Low, l.Scores, amount(figure(&l.OfAll, 3)), amount(figure(&l.Cumulative, 3)),
			}
		}
		p.section("ITEMS WITH LOW SCORES")
		p.table(table.Row{"QUESTIONNAIRE", "SOURCE", "ITEM", "LOW", "OF", "SHARE OF ALL LOW", "CUMULATIVE"}, rows)
	}
	if len(r.Responses) > 0 {
		rows := make([]table.Row, len(r.Responses))
		for i := range r.Responses {
			s := &r.Responses[i]
			rows[i] = table.Row{s.Questionnaire, s.Source, s.Invited, s.Answered, s.Refused, share(s.Rate)}
		}
		p.section("RESPONSES")
		p.table(table.Row{"QUESTIONNAIRE", "SOURCE", "INVITED", "ANSWERED", "REFUSED", "RATE"}, rows)
	}
}

// satisfactionRows prints a line for each row of the report.
func (p *printer) satisfactionRows(r *projections.SatisfactionReport) {
	rows := make([]table.Row, len(r.Rows))
	for i := range r.Rows {
		s := &r.Rows[i]
		row := table.Row{s.Questionnaire, s.Source, s.Value, s.Role, s.Surveys}
		index, mean, spread, nps, top, execution, trend := "", "", "", "", "", "", ""
		if s.Index != nil {
			index = figure(s.Index.Value, 3)
		}
		if s.Scores != nil {
			mean, spread = figure(s.Scores.Mean, 4), interval(s.Scores.Interval, 4)
		}
		if s.NPS != nil {
			nps = figure(s.NPS.Score, 3) + interval(s.NPS.Interval, 3)
		}
		if s.CSAT != nil {
			top = "csat " + share(s.CSAT.ShareFigure)
		}
		if s.CES != nil {
			top = "ces " + share(s.CES.ShareFigure)
		}
		if s.Execution != nil {
			execution = share(*s.Execution)
		}
		if s.Trend != nil {
			trend = figure(s.Trend.Slope, 3) + interval(s.Trend.Interval, 3)
		}
		rows[i] = append(row, amount(index), mean+spread, nps, top, execution, trend, s.Refused, s.NotApplicable)
	}
	p.table(table.Row{
		"QUESTIONNAIRE", "SOURCE", "ROW", "ROLE", "SURVEYS", "INDEX", "MEAN", "NPS", "TOP SCORES", "EXECUTION", "TREND A MONTH", "REFUSED", "NOT APPLICABLE",
	}, rows)
}

// satisfactionStagesCmd prints scores beside complaints.
type satisfactionStagesCmd struct {
	monthFlags
	surveyFlags
}

// Run reads the report and prints it.
func (c *satisfactionStagesCmd) Run(ctx context.Context, a *app) error {
	document, err := c.report(ctx, []string{"v1", "satisfaction", "stages"}, c.parameters()...)
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, r *projections.StageReport) {
		rows := make([]table.Row, len(r.Stages))
		for i := range r.Stages {
			s := &r.Stages[i]
			mean, low := "", ""
			if s.Scores != nil {
				mean = figure(s.Scores.Mean, 3) + interval(s.Scores.Interval, 3)
			}
			if s.Low != nil {
				low = share(*s.Low)
			}
			rows[i] = table.Row{s.Stage, s.Questionnaire, s.Source, mean, low, s.Complaints}
		}
		p.table(table.Row{"STAGE OF THE WORK", "QUESTIONNAIRE", "SOURCE", "MEAN", "LOW SCORES", "COMPLAINTS"}, rows)
	})
}

// followUpsCmd prints how much was followed up.
type followUpsCmd struct {
	monthFlags
	Kind string `help:"Only follow-ups of this: handover, service, complaint, survey, other."`
}

// Run reads the report and prints it.
func (c *followUpsCmd) Run(ctx context.Context, a *app) error {
	document, err := c.report(ctx, []string{"v1", "satisfaction", "follow-ups"}, "kind", c.Kind)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).followUps)
}

func (p *printer) followUps(r *projections.FollowUpReport) {
	p.fields("as of", when(r.AsOf), "policy", r.PolicyVersion)
	p.section("COVERAGE")
	p.coverage(r.Kinds)
	p.section("COVERAGE BY ORG UNIT")
	p.coverage(r.Units)
	p.section("CHANNELS AND EMPLOYEES")
	var rows []table.Row
	for _, f := range append(r.Channels, r.Employees...) {
		rows = append(rows, table.Row{string(f.Kind), f.Channel, f.Employee, f.Attempts, f.Completed, f.Reached, share(f.Satisfied)})
	}
	p.table(table.Row{"OF", "CHANNEL", "EMPLOYEE", "ATTEMPTS", "COMPLETED", "REACHED", "SATISFIED"}, rows)
}

func (p *printer) coverage(all []projections.Coverage) {
	rows := make([]table.Row, len(all))
	for i := range all {
		c := &all[i]
		rows[i] = table.Row{string(c.Kind), c.OrgUnit, c.Due, c.Tried, c.Completed, c.Reached, c.Outstanding, share(c.Coverage)}
	}
	p.table(table.Row{"OF", "ORG UNIT", "DUE", "TRIED", "COMPLETED", "REACHED", "OUTSTANDING", "COVERAGE"}, rows)
}
