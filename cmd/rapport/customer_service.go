package main

import (
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// gapText says after whose call others are to wait, and until when.
func gapText(g *projections.ContactGap) string {
	if g == nil {
		return ""
	}
	return "until " + g.Until.String() + " after " + g.Employee
}

// ownerships prints who followed the customer. One who still does and never changed is in the profile already.
func (p *printer) ownerships(all []projections.Ownership) {
	if len(all) < 2 && (len(all) == 0 || all[0].To == 0) {
		return
	}
	rows := make([]table.Row, len(all))
	for i, o := range all {
		rows[i] = table.Row{o.Employee, o.Role, when(o.From), when(o.To), o.Reason}
	}
	p.section("OWNERS")
	p.table(table.Row{"EMPLOYEE", "ROLE", "FROM", "TO", "REASON OF THE END"}, rows)
}

func (p *printer) deadlines(all []projections.DeadlineView) {
	if len(all) == 0 {
		return
	}
	rows := make([]table.Row, len(all))
	for i, d := range all {
		rows[i] = table.Row{when(d.DueAt), string(d.Status), d.Kind, d.ID, when(d.StartedAt), d.Employee}
	}
	p.section("DEADLINES")
	p.table(table.Row{"DUE", "STATUS", "DEADLINE", "OF", "STARTED", "RESPONSIBLE"}, rows)
}

func (p *printer) complaints(title string, all []projections.ComplaintView) {
	if len(all) == 0 {
		return
	}
	rows := make([]table.Row, len(all))
	for i := range all {
		c := &all[i]
		d := &c.Detail
		rows[i] = table.Row{
			c.ID, when(c.OpenedAt), d.Status.String(), string(c.Status), c.Holder, d.Subject, yesNo(d.Valid), d.Cause, d.Reopened, when(c.EndedAt),
		}
	}
	p.section(title)
	p.table(table.Row{"COMPLAINT", "FILED", "STATUS", "TIME", "HOLDER", "SUBJECT", "VALID", "CAUSE", "REOPENED", "RESOLVED"}, rows)
}

// surveys prints the latest answers of a customer: the index, or the only score of a questionnaire without one.
func (p *printer) surveys(all []projections.SurveyView) {
	if len(all) == 0 {
		return
	}
	rows := make([]table.Row, len(all))
	for i := range all {
		s := &all[i]
		rows[i] = table.Row{
			when(s.At), s.Questionnaire, s.Source, s.Mode, amount(figure(s.Index, 2)), amount(figure(s.Change, 2)), onlyScore(s), list(s.Low),
		}
	}
	p.section("SATISFACTION")
	p.table(table.Row{"AT", "QUESTIONNAIRE", "SOURCE", "MODE", "INDEX", "CHANGE", "SCORE", "LOW ITEMS"}, rows)
}

// onlyScore returns the score of an answer that has one and no index.
func onlyScore(s *projections.SurveyView) amount {
	if s.Index != nil || len(s.Answers) != 1 || s.Answers[0].Score == nil {
		return ""
	}
	return amount(strconv.Itoa(*s.Answers[0].Score))
}
