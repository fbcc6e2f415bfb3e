package main

import (
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/projections"
)

func (p *printer) complaintReport(r *projections.ComplaintReport) {
	p.fields(
		"as of", when(r.AsOf), "policy", r.PolicyVersion, "complaints", strconv.FormatInt(r.Complaints, 10), "open", number(r.Open),
		"only named by other events", number(r.NotFiled), "praise", number(r.Praise.Praise), "suggestions", number(r.Praise.Suggestions),
		"praise per complaint", figure(r.Praise.PerComplaint, 3),
	)
	for _, groups := range []struct {
		title string
		rows  []projections.ComplaintGroup
	}{
		{"BY STATUS", r.Statuses}, {"BY SUBJECT", r.Subjects}, {"BY SIDE OF THE CAUSE", r.Sides}, {"BY CAUSE", r.Causes},
		{"BY STEP OF THE WORK", r.WorkSteps}, {"BY EMPLOYEE", r.Employees}, {"BY ORG UNIT", r.OrgUnits}, {"BY MONTH", r.Months},
	} {
		p.complaintGroups(groups.title, groups.rows)
	}
	p.complaintShares(r)
	p.section("TIMES")
	p.table(table.Row{"FROM FILING TO RESOLUTION", "N", "MEDIAN", "P90", "P95", "MEAN"}, []table.Row{
		durations("elapsed", &r.Handling.Elapsed), durations("working", &r.Handling.Working),
	})
	p.complaintBacklog(&r.Backlog)
	p.compensation(r.Compensation)
	p.measures(&r.Recurrence)
}

// complaintGroups counts complaints by group; one without a name is of those of which it is not known.
func (p *printer) complaintGroups(title string, groups []projections.ComplaintGroup) {
	if len(groups) == 0 {
		return
	}
	rows := make([]table.Row, len(groups))
	for i, g := range groups {
		rows[i] = table.Row{g.Name, g.Complaints, g.Open, g.Valid, g.Decided}
	}
	p.section(title)
	p.table(table.Row{"", "COMPLAINTS", "OPEN", "VALID", "DECIDED"}, rows)
}

// complaintShares prints how complaints are dealt with, as shares with their intervals.
func (p *printer) complaintShares(r *projections.ComplaintReport) {
	var rows []table.Row
	for _, s := range []struct {
		name string
		of   statistics.ShareFigure
	}{
		{"valid", r.Validity.Valid}, {"decided the other way later", r.Validity.Reversed}, {"with an apology", r.Validity.Apologies},
		{"handed over", r.Custody.HandedOver}, {"came back to somebody", r.Custody.PingPong}, {"opened again", r.Reopened},
		{"satisfied before leaving", r.Outcome.Before}, {"satisfied at the follow-up", r.Outcome.After},
		{"satisfied first, not later", r.Outcome.Decayed}, {"satisfied later, not first", r.Outcome.Improved},
		{"followed up", r.FollowUps.FollowedUp}, {"reached then", r.FollowUps.Reached}, {"by phone or letter", r.FollowUps.ByRule},
	} {
		rows = append(rows, table.Row{s.name, share(s.of)})
	}
	p.section("SHARES")
	p.table(table.Row{"OF THE COMPLAINTS CONCERNED", "SHARE"}, rows)
}

func (p *printer) complaintBacklog(b *projections.ComplaintBacklog) {
	if b.Open == 0 {
		return
	}
	p.section("BACKLOG")
	p.fields(
		"open", number(b.Open), "near", number(b.Near), "overdue", number(b.Overdue), "with nobody", number(b.Orphaned),
		"hand-over not accepted", number(b.Pending), "oldest filed", when(b.Oldest), "median age", string(hours(b.Age.Median)),
	)
}

func (p *printer) compensation(all []projections.ComplaintCompensated) {
	if len(all) == 0 {
		return
	}
	rows := make([]table.Row, len(all))
	for i, c := range all {
		rows[i] = table.Row{c.Currency, c.Complaints, c.Times, amount(decimal(c.Minor, c.Currency))}
	}
	p.section("COMPENSATION")
	p.table(table.Row{"CURRENCY", "COMPLAINTS", "TIMES", "AMOUNT"}, rows)
}

// measures prints complaints a week before and after each preventive measure.
func (p *printer) measures(r *projections.ComplaintRecurrence) {
	if len(r.Measures) == 0 {
		return
	}
	rows := make([]table.Row, len(r.Measures))
	for i := range r.Measures {
		m := &r.Measures[i]
		rows[i] = table.Row{
			when(m.AdoptedAt), m.Measure, m.Subject, m.OrgUnit, m.Before.Complaints, m.After.Complaints,
			amount(figure(m.Before.PerWeek, 2)), amount(figure(m.After.PerWeek, 2)),
		}
	}
	p.section("MEASURES")
	p.fields("complaints of a customer again after a measure", strconv.FormatInt(r.Repeated, 10))
	p.line("")
	p.table(table.Row{"ADOPTED", "MEASURE", "SUBJECT", "ORG UNIT", "BEFORE", "AFTER", "A WEEK BEFORE", "A WEEK AFTER"}, rows)
}
