package demo

import (
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// part fails the test unless the share is of many and neither nothing nor everything.
func part(t *testing.T, name string, s statistics.ShareFigure, least int64) {
	t.Helper()
	if s.Count < least || s.Value == nil || *s.Value < 0.01 || *s.Value > 0.995 {
		t.Errorf("%s is a share of %d that tells nothing: %+v", name, s.Count, s.Value)
	}
}

// some fails the test unless there are at least so many.
func some[N int | int64](t *testing.T, name string, n, least N) {
	t.Helper()
	if n < least {
		t.Errorf("%s: %d, want at least %d", name, n, least)
	}
}

// views are those of the default run.
type views struct {
	*testing.T
	*memview.Store
}

func (v views) cells(f projections.CellFilter) *projections.CellView {
	v.Helper()
	view, err := v.Cells(v.Context(), f)
	if err != nil {
		v.Fatal(err)
	}
	return view
}

func (v views) cases(kind projections.CaseKind, status projections.CaseStatus) *projections.CasePage {
	v.Helper()
	page, err := v.Cases(v.Context(), projections.CaseFilter{Kind: kind, Status: status, Limit: projections.AllCases})
	if err != nil {
		v.Fatal(err)
	}
	return page
}

func TestEveryReportOfTheDefaultRunTellsSomething(t *testing.T) {
	t.Parallel()
	store := defaultRun(t).views
	for name, tells := range map[string]func(views){
		"complaints": complaintsTell, "deadlines": deadlinesTell, "satisfaction": satisfactionTells, "follow-ups": followUpsTell,
		"rectifications": rectificationsTell, "contacts": contactsTell, "departures": departuresTell,
		"losses": lossesTell,
	} {
		t.Run(name, func(t *testing.T) { tells(views{t, store}) })
	}
}

func complaintsTell(v views) {
	var filter projections.ComplaintFilter
	r, err := projections.NewComplaintReport(v.cases(projections.CaseComplaint, ""), v.cells(filter.Praise()), filter)
	if err != nil {
		v.Fatal(err)
	}
	for name, s := range map[string]statistics.ShareFigure{
		"valid": r.Validity.Valid, "reversed": r.Validity.Reversed, "reopened": r.Reopened, "handed over": r.Custody.HandedOver,
		"ping-pong": r.Custody.PingPong, "before": r.Outcome.Before, "after": r.Outcome.After, "decayed": r.Outcome.Decayed,
		"improved": r.Outcome.Improved, "followed up": r.FollowUps.FollowedUp, "reached": r.FollowUps.Reached, "by rule": r.FollowUps.ByRule,
	} {
		part(v.T, name, s, 50)
	}
	some(v.T, "open", r.Open, 5)
	some(v.T, "overdue", r.Backlog.Overdue, 5)
	some(v.T, "orphaned", r.Backlog.Orphaned, 1)
	some(v.T, "returned", r.Custody.Returned, 10)
	some(v.T, "measures", len(r.Recurrence.Measures), 10)
	some(v.T, "complaints after a measure", r.Recurrence.Repeated, 1)
	some(v.T, "statuses", len(r.Statuses), 4)
	some(v.T, "praise", r.Praise.Praise, 50)
	some(v.T, "compensation", len(r.Compensation), 1)
}

func deadlinesTell(v views) {
	var filter projections.DeadlineFilter
	r := projections.NewDeadlineReport(v.cells(filter.Cells()), &filter)
	var reported int64
	for i := range r.Kinds {
		k := &r.Kinds[i]
		part(v.T, k.Kind, k.InTime, 40)
		some(v.T, k.Kind+" done late", k.Late, 1)
		reported += k.ReportedLate
	}
	some(v.T, "kinds", len(r.Kinds), 10)
	some(v.T, "reported late", reported, 1)
	some(v.T, "employees", len(r.Employees), 100)
	some(v.T, "near", len(v.cases(projections.CaseDeadline, projections.CaseNear).Items), 5)
	some(v.T, "overdue", len(v.cases(projections.CaseDeadline, projections.CaseOverdue).Items), 50)
}

func satisfactionTells(v views) {
	var filter projections.SatisfactionFilter
	r := projections.NewSatisfactionReport(v.cells(filter.Cells()), &filter)
	sources, modes := map[string]bool{}, map[string]bool{}
	for i := range r.Rows {
		row := &r.Rows[i]
		some(v.T, row.Questionnaire+" "+row.Source, row.Surveys, 50)
		sources[row.Source] = true
		for _, m := range row.Modes {
			modes[m.Mode] = true
		}
		if row.Execution != nil {
			part(v.T, "execution", *row.Execution, 100)
		}
		if row.CSAT != nil {
			part(v.T, "csat", row.CSAT.ShareFigure, 50)
		}
		if row.CES != nil {
			part(v.T, "ces", row.CES.ShareFigure, 50)
		}
	}
	some(v.T, "rows", len(r.Rows), 8)
	some(v.T, "sources", len(sources), 2)
	some(v.T, "modes", len(modes), 4)
	some(v.T, "gaps", len(r.Gaps), 3)
	some(v.T, "low items", len(r.LowItems), 30)
	for _, s := range r.Responses {
		if s.Invited > 0 {
			part(v.T, s.Questionnaire+" answered", s.Rate, 50)
		}
	}
	var complaints projections.ComplaintFilter
	filed, err := projections.NewComplaintReport(v.cases(projections.CaseComplaint, ""), nil, complaints)
	if err != nil {
		v.Fatal(err)
	}
	joined := 0
	for _, s := range projections.NewStageReport(v.cells(filter.Cells()), filter, filed.ByWorkStep()).Stages {
		if s.Scores != nil && s.Complaints > 0 {
			joined++
		}
	}
	some(v.T, "stages with scores and complaints", joined, 6)
}

func followUpsTell(v views) {
	var filter projections.FollowUpFilter
	r := projections.NewFollowUpReport(v.cells(filter.Cells()), &filter)
	channels := map[string]bool{}
	var reached, unreached, attempts int64
	for _, c := range r.Channels {
		channels[c.Channel] = true
		reached, unreached, attempts = reached+c.Reached, unreached+c.Unreached, attempts+c.Attempts
	}
	for _, k := range r.Kinds {
		part(v.T, string(k.Kind), k.Coverage, 100)
	}
	some(v.T, "kinds", len(r.Kinds), 4)
	some(v.T, "channels", len(channels), 4)
	some(v.T, "reached", reached, 100)
	some(v.T, "not reached", unreached, 100)
	some(v.T, "attempts", attempts, 100)
}

func rectificationsTell(v views) {
	r, err := projections.NewRectificationReport(v.cases(projections.CaseRectification, ""), v.cells(projections.RectificationCells()))
	if err != nil {
		v.Fatal(err)
	}
	part(v.T, "passed", r.Passed, 20)
	part(v.T, "in time", r.InTime, 20)
	some(v.T, "open", r.Open, 2)
	some(v.T, "overdue", r.Overdue, 1)
	if !slices.ContainsFunc(r.Sheets, func(s projections.RectificationRow) bool {
		return slices.ContainsFunc(s.Effect, func(e projections.RectificationEffect) bool { return e.Difference != nil })
	}) {
		v.Error("no sheet shows an effect")
	}
}

func contactsTell(v views) {
	var filter projections.ContactFilter
	r := projections.NewContactReport(v.cells(filter.Cells()), filter)
	some(v.T, "categories in", len(r.Inbound.Categories), 8)
	some(v.T, "categories out", len(r.Outbound.Categories), 5)
	some(v.T, "collisions", r.Collisions, 50)
	some(v.T, "refused", r.Attempts.Outcomes["refused"], 10)
	some(v.T, "channels", len(r.Channels), 6)
	some(v.T, "with a goal", r.WithGoal, 1000)
	followed, unreachable, unwanted, gaps, leases := 0, 0, 0, 0, 0
	for n := range DefaultCustomers {
		c, err := v.Customer(v.Context(), customerID(n))
		if err != nil {
			v.Fatal(err)
		}
		count := func(n *int, is bool) {
			if is {
				*n++
			}
		}
		count(&followed, len(c.Profile.Owners) > 1)
		count(&unreachable, c.Contacts.Reachability.Reachable != nil && !*c.Contacts.Reachability.Reachable)
		count(&gaps, c.Contacts.Gap != nil)
		count(&leases, c.Contacts.Lease != nil)
		count(&unwanted, slices.ContainsFunc(c.Profile.Consents, func(x projections.ConsentView) bool {
			return x.Purpose == projections.ConsentContact && !x.Given
		}))
	}
	some(v.T, "customers with several followers", followed, 5)
	some(v.T, "customers who cannot be reached", unreachable, 5)
	some(v.T, "customers who want no calls", unwanted, 3)
	some(v.T, "customers who were called a moment ago", gaps, 3)
	some(v.T, "customers whom somebody is about to call", leases, 1)
}

func departuresTell(v views) {
	kept := 0
	for _, left := range v.cases(projections.CaseDeparture, "").Items {
		page, err := v.Customers(v.Context(), projections.CustomerFilter{Owner: left.Holder})
		if err != nil {
			v.Fatal(err)
		}
		if len(page.Items) > 0 {
			kept++
		}
	}
	some(v.T, "employees who left with customers", kept, 5)
}
