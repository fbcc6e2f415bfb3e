package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// explainCmd prints how something shown of a customer came about.
type explainCmd struct {
	clientFlags
	afterFlag
	ID      string `arg:"" help:"Customer id."`
	What    string `help:"What is to be explained: risk, stage, satisfaction or value." enum:"risk,stage,satisfaction,value" default:"risk"`
	AsOf    string `help:"As the customer was then, RFC 3339 or a date (its first instant in UTC)." placeholder:"TIME"`
	KnownAt string `help:"Only what had been recorded by then." placeholder:"TIME"`
}

// Run reads the explanation and prints it.
func (c *explainCmd) Run(ctx context.Context, a *app) error {
	asOf, err := timeFlag("--as-of", c.AsOf)
	if err != nil {
		return err
	}
	knownAt, err := timeFlag("--known-at", c.KnownAt)
	if err != nil {
		return err
	}
	q := query("what", c.What, "as_of", asOf, "known_at", knownAt, "after", c.After)
	document, err := c.get(ctx, q, "v1", "customers", c.ID, "explain")
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).explanation)
}

// explanationDocument is an explanation as it is read back: a server may know rules of the lifecycle that this program does not
// know.
type explanationDocument struct {
	projections.Explanation
	Stage *struct {
		projections.StageExplanation
		Reason  string         `json:"reason"`
		Moves   []moveDocument `json:"moves"`
		Outlook []moveDocument `json:"outlook"`
	} `json:"stage"`
}

func (p *printer) explanation(x *explanationDocument) {
	p.fields("customer", x.Customer, "as of", when(x.AsOf), "policy", x.PolicyVersion, "position", x.Position.String())
	switch {
	case x.Risk != nil:
		p.risk(&x.Risk.RiskView)
		p.contributions(x.Risk.Contributions)
	case x.Stage != nil:
		s := x.Stage
		p.section("STAGE")
		p.fields("stage", s.Stage.String()+marks(s.Inferred, s.WonBack), "since", when(s.Since), "reason", s.Reason, "evidence", list(s.Evidence))
		p.inputs(s.Inputs)
		p.conditions(s.Conditions)
		p.moves("MOVES", s.Moves)
		p.moves("OUTLOOK: WHAT SILENCE ALONE WOULD BRING", s.Outlook)
	case x.Satisfaction != nil:
		views := make([]projections.SurveyView, len(x.Satisfaction.Answers))
		for i := range views {
			views[i] = x.Satisfaction.Answers[i].SurveyView
		}
		p.surveys(views)
	case x.Value != nil:
		p.fields("purchases", list(x.Value.Purchases), "returns", list(x.Value.Returns), "costs", list(x.Value.CostsOf), "others", list(x.Value.Others))
	default:
		p.line("")
		p.line("The customer has no relationship that could be lost.")
	}
	p.happened(x.Events)
}

// risk prints the score and what would change it.
func (p *printer) risk(r *projections.RiskView) {
	next := ""
	if n := r.Next; n != nil {
		next = n.Level.String() + " at " + n.At.String()
		if n.Lost {
			next = "lost at " + n.At.String()
		}
	}
	p.section("RISK")
	p.fields(
		"level", r.Level.String(),
		"score", optionalPoints(r.Score),
		"from", string(r.Source),
		"after a purchase", optionalPoints(r.AfterPurchase),
		"next in silence", next,
		"without an input", list(r.Missing),
	)
}

// contributions prints the parts of a score, each with its inputs.
func (p *printer) contributions(parts []projections.ContributionView) {
	rows := make([]table.Row, 0, len(parts))
	for i := range parts {
		x := &parts[i]
		rows = append(rows, table.Row{x.Factor, x.Code, amount(hundredths(x.Points)), amount(hundredths(x.Without)), inputText(x.Inputs), list(x.Evidence)})
	}
	p.line("")
	p.table(table.Row{"FACTOR", "CODE", "POINTS", "SCORE WITHOUT", "INPUTS", "EVIDENCE"}, rows)
	for i := range parts {
		p.line("")
		p.line("%s: %s", clean(parts[i].Factor), clean(parts[i].Formula))
	}
}

func (p *printer) inputs(inputs []projections.Input) {
	rows := make([]table.Row, 0, len(inputs))
	for i := range inputs {
		x := &inputs[i]
		rows = append(rows, table.Row{x.Name, strings.TrimSpace(significant(x.Value) + " " + x.Unit), x.Event, when(x.At)})
	}
	p.line("")
	p.table(table.Row{"INPUT", "VALUE", "EVENT", "AT"}, rows)
}

func (p *printer) conditions(conditions []projections.StageCondition) {
	rows := make([]table.Row, 0, len(conditions))
	for i := range conditions {
		x := &conditions[i]
		rows = append(rows, table.Row{x.Stage.String(), when(x.Due), x.Rule})
	}
	p.section("WHAT BRINGS ANOTHER STAGE")
	p.table(table.Row{"STAGE", "DUE", "RULE"}, rows)
}

func (p *printer) happened(events []projections.Happened) {
	if len(events) == 0 {
		return
	}
	rows := make([]table.Row, 0, len(events))
	for i := range events {
		rows = append(rows, table.Row{when(events[i].At), events[i].Type, events[i].ID})
	}
	p.section("EVENTS BEHIND IT")
	p.table(table.Row{"AT", "TYPE", "ID"}, rows)
}

// inputText returns the inputs in one line.
func inputText(inputs []projections.Input) string {
	parts := make([]string, 0, len(inputs))
	for i := range inputs {
		x := &inputs[i]
		parts = append(parts, strings.TrimSpace(x.Name+" "+significant(x.Value)+" "+x.Unit))
	}
	return strings.Join(parts, ", ")
}

// optionalPoints returns points of a score, empty for none.
func optionalPoints(points *float64) string {
	if points == nil {
		return ""
	}
	return hundredths(*points)
}

// hundredths returns points with two digits after the point.
func hundredths(points float64) string {
	return strconv.FormatFloat(domain.PointsOf(points).Float(), 'f', 2, 64)
}

// significant returns a number with up to six digits that count.
func significant(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
