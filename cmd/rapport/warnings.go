package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// warningsCmd is about churn warnings.
type warningsCmd struct {
	List        warningsListCmd       `cmd:"" default:"withargs" help:"List churn warnings."`
	Groups      warningsGroupsCmd     `cmd:"" help:"Count the open warnings by level, unit, employee or factor."`
	Report      warningsReportCmd     `cmd:"" help:"Print how many warnings there were and what became of them."`
	Acknowledge warningAcknowledgeCmd `cmd:"" help:"Say that somebody has seen warnings and deals with them."`
	Assign      warningAssignCmd      `cmd:"" help:"Give warnings to an employee."`
	Snooze      warningSnoozeCmd      `cmd:"" help:"Show warnings again later."`
	Dismiss     warningDismissCmd     `cmd:"" help:"End warnings that are groundless."`
}

// warningFlags select warnings.
type warningFlags struct {
	clientFlags
	afterFlag
	Level    string `help:"Only those of this level: watch, high, critical."`
	OrgUnit  string `help:"Only those of this unit and the units below it." placeholder:"PATH"`
	Employee string `help:"Only those that this employee is to deal with."`
	Snoozed  string `help:"Only those that are snoozed (yes), or only those that are not (no)." placeholder:"yes|no"`

	Unanswered bool `help:"Only those that wait for an answer."`
}

func (f *warningFlags) parameters() []string {
	parameters := []string{"level", f.Level, "org_unit", f.OrgUnit, "employee", f.Employee, "snoozed", f.Snoozed, "after", f.After}
	if f.Unanswered {
		parameters = append(parameters, "unanswered", "true")
	}
	return parameters
}

// warningsListCmd lists warnings.
type warningsListCmd struct {
	warningFlags
	pageFlags
	listFlags
	Status   string `help:"Those that are open, ended, or all." default:"open"`
	Customer string `help:"Only that of this customer." placeholder:"ID"`
	From     string `help:"Only those raised then or later, RFC 3339 or a date." placeholder:"TIME"`
	To       string `help:"Only those raised before then." placeholder:"TIME"`
	Sort     string `help:"The newest first (-raised_at), or those first whose time for an answer is or was over first (answer_due_at)." default:"-raised_at"`
}

// warningsDocument is a list of warnings.
type warningsDocument struct {
	Items []projections.WarningView `json:"items"`
	Next  string                    `json:"next"`
	AsOf  domain.Instant            `json:"as_of"`
}

// Run reads the list and prints it.
func (c *warningsListCmd) Run(ctx context.Context, a *app) error {
	from, err := timeFlag("--from", c.From)
	if err != nil {
		return err
	}
	to, err := timeFlag("--to", c.To)
	if err != nil {
		return err
	}
	parameters := append(c.parameters(), "status", c.Status, "customer", c.Customer, "from", from, "to", to, "sort", c.Sort)
	document, err := c.list(ctx, c.clientFlags, c.pageFlags, parameters, "v1", "warnings")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, page *warningsDocument) {
		p.csv = c.CSV
		p.warnings(page.Items)
		a.nextPage(page.Next)
	})
}

func (p *printer) warnings(items []projections.WarningView) {
	rows := make([]table.Row, len(items))
	for i := range items {
		w := &items[i]
		rows[i] = table.Row{
			w.Level.String(), points(w.Score), w.Customer, when(w.RaisedAt), warningState(w), w.Employee, factors(w.Contributions), w.OrgUnit, w.ID,
		}
	}
	p.table(table.Row{"LEVEL", "SCORE", "CUSTOMER", "RAISED", "STATE", "EMPLOYEE", "WHY", "ORG UNIT", "ID"}, rows)
}

// warningState says in a word what was done about a warning.
func warningState(w *projections.WarningView) string {
	switch {
	case !w.Open:
		return w.Reason
	case w.IsSnoozed:
		return "snoozed until " + when(w.Snoozed.Until)
	case w.IsUnanswered && w.Escalation != nil && w.Escalation.Step > 0:
		return fmt.Sprintf("unanswered, step %d", w.Escalation.Step)
	case w.IsUnanswered && (w.Snoozed != nil || w.Assigned != nil):
		return "waits again"
	case w.IsUnanswered:
		return "new"
	case w.Acknowledged != nil:
		return "acknowledged"
	default:
		return "assigned"
	}
}

// factors lists what speaks for the risk, each with its points.
func factors(parts []projections.WarningPart) string {
	var list []string
	for _, p := range parts {
		if p.Points > 0 {
			list = append(list, p.Factor+" "+strconv.FormatFloat(p.Points, 'f', -1, 64))
		}
	}
	return strings.Join(list, ", ")
}

func points(score float64) amount { return amount(strconv.FormatFloat(score, 'f', 2, 64)) }

// warningsGroupsCmd counts the open warnings.
type warningsGroupsCmd struct {
	warningFlags
	By string `help:"What they have in common: level, org_unit, employee, factor." default:"level"`
}

// groupsDocument is the groups of the open warnings.
type groupsDocument struct {
	Items []projections.WarningGroup `json:"items"`
}

// Run reads the groups and prints them.
func (c *warningsGroupsCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, query(append(c.parameters(), "by", c.By)...), "v1", "warnings", "groups")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, d *groupsDocument) {
		rows := make([]table.Row, len(d.Items))
		for i, g := range d.Items {
			rows[i] = table.Row{g.Key, g.Open, g.Watch, g.High, g.Critical, g.Unseen, g.Snoozed, g.Unanswered, g.Overdue, when(g.OldestAt)}
		}
		header := table.Row{strings.ToUpper(strings.ReplaceAll(c.By, "_", " ")), "OPEN", "WATCH", "HIGH", "CRITICAL", "UNSEEN", "SNOOZED", "UNANSWERED", "OVERDUE", "OLDEST"}
		p.table(header, rows)
	})
}

// decideFlags say about which warnings somebody decides.
type decideFlags struct {
	clientFlags
	actorFlag
	ID []string `arg:"" help:"Ids of warnings."`
}

// decide sends the decision about every one of the warnings and prints them as they are then.
func (f *decideFlags) decide(ctx context.Context, a *app, verb string, body map[string]string) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	decided := warningsDocument{Items: []projections.WarningView{}}
	err = each(f.ID, func(id string) error {
		answer, err := f.order(ctx, f.actorFlag, "application/json", string(text), "v1", "warnings", id, verb)
		if err != nil {
			return err
		}
		var w projections.WarningView
		if err := json.Unmarshal(answer, &w); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		decided.Items = append(decided.Items, w)
		return nil
	})
	return errors.Join(printValue(a, decided, func(p *printer, d *warningsDocument) { p.warnings(d.Items) }), err)
}

// warningAcknowledgeCmd acknowledges warnings.
type warningAcknowledgeCmd struct {
	decideFlags
	Note string `help:"What is meant to be done." placeholder:"TEXT"`
}

// Run acknowledges the warnings.
func (c *warningAcknowledgeCmd) Run(ctx context.Context, a *app) error {
	return c.decide(ctx, a, "acknowledge", map[string]string{"note": c.Note})
}

// warningAssignCmd assigns warnings.
type warningAssignCmd struct {
	decideFlags
	Employee string `help:"Who is to deal with them; left out, the owners of the customers again."`
}

// Run assigns the warnings.
func (c *warningAssignCmd) Run(ctx context.Context, a *app) error {
	return c.decide(ctx, a, "assign", map[string]string{"employee": c.Employee})
}

// warningSnoozeCmd snoozes warnings.
type warningSnoozeCmd struct {
	decideFlags
	Until  string `help:"When they are shown again, RFC 3339 or a date." required:"" placeholder:"TIME"`
	Reason string `help:"Why they can wait." required:"" placeholder:"TEXT"`
}

// Run snoozes the warnings.
func (c *warningSnoozeCmd) Run(ctx context.Context, a *app) error {
	until, err := timeFlag("--until", c.Until)
	if err != nil {
		return err
	}
	return c.decide(ctx, a, "snooze", map[string]string{"until": until, "reason": c.Reason})
}

// warningDismissCmd dismisses warnings.
type warningDismissCmd struct {
	decideFlags
	Reason string `help:"Why they are groundless." required:"" placeholder:"TEXT"`
}

// Run dismisses the warnings.
func (c *warningDismissCmd) Run(ctx context.Context, a *app) error {
	return c.decide(ctx, a, "dismiss", map[string]string{"reason": c.Reason})
}
