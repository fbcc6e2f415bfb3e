package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/projections"
)

// sharing returns a share of n with the interval of 95 %.
func sharing(part, n int64) statistics.ShareFigure {
	return statistics.Reporting{Level: 0.95, Least: 5}.Share(statistics.Share{Part: part, Whole: n})
}

// prints fails the test unless the arguments print the document as the golden file of the name says.
func prints(t *testing.T, name string, document any, args ...string) {
	t.Helper()
	server := answer(t, document)
	got := execute(t, append(args, "--url", server.url)...)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("%v shows %+v", args, got)
	}
	golden(t, name, got.stdout)
}

func exampleComplaints(t *testing.T) casesDocument[projections.ComplaintDetail] {
	t.Helper()
	return casesDocument[projections.ComplaintDetail]{
		AsOf: instant(t, "2026-06-30T00:00:00Z"),
		Items: []caseRow[projections.ComplaintDetail]{
			{
				Customer: "c-2", ID: "k-2", OrgUnit: "brand/north/d-1", Holder: "e-3", Topic: "waiting, and price", Opened: instant(t, "2026-06-29T08:00:00Z"),
				Due: instant(t, "2026-06-29T12:00:00Z"), Status: projections.CaseOverdue,
				Detail: projections.ComplaintDetail{Status: projections.StepAcknowledged},
			},
			{
				Customer: "c-1", ID: "k-1", Holder: "workshop", Topic: "noise", Opened: instant(t, "2026-06-01T08:00:00Z"),
				Ended: instant(t, "2026-06-03T08:00:00Z"), Status: projections.CaseEnded,
				Detail: projections.ComplaintDetail{Status: projections.StepFollowedUp, Valid: new(false), Reopened: 2},
			},
		},
	}
}

func TestListsOfCasesArePrintedAsTablesAndAsCommaSeparatedValues(t *testing.T) {
	t.Parallel()
	prints(t, "complaints", exampleComplaints(t), "complaints")
	prints(t, "complaints_csv", exampleComplaints(t), "complaints", "--csv")
	prints(t, "deadlines", casesDocument[projections.DeadlineDetail]{Items: []caseRow[projections.DeadlineDetail]{{
		Customer: "c-1", ID: "promise/p-1", OrgUnit: "brand", Topic: "promise", Holder: "e-1", Opened: instant(t, "2026-06-01T08:00:00Z"),
		Due: instant(t, "2026-07-01T08:00:00Z"), Status: projections.CaseNear, Detail: projections.DeadlineDetail{ID: "p-1"},
	}}}, "deadlines")
	prints(t, "rectifications", casesDocument[projections.RectificationDetail]{Items: []caseRow[projections.RectificationDetail]{{
		Customer: "org:brand/north", ID: "r-1", OrgUnit: "brand/north", Topic: "V05", Holder: "e-1", Opened: instant(t, "2026-06-01T08:00:00Z"),
		Status: projections.CaseEnded, Detail: projections.RectificationDetail{
			Status: projections.RectificationAccepted, DueAt: instant(t, "2026-06-15T00:00:00Z"), AcceptedAt: instant(t, "2026-06-14T00:00:00Z"), Rejections: 1,
		},
	}}}, "rectifications")
	prints(t, "departures", casesDocument[projections.DepartureDetail]{Items: []caseRow[projections.DepartureDetail]{{
		Customer: "employee:e-9", ID: "ev-1", OrgUnit: "brand/north", Holder: "e-9", Opened: instant(t, "2026-06-01T08:00:00Z"),
		Detail: projections.DepartureDetail{Reason: "moved away", Successor: "e-10"},
	}}}, "departures")
}

func TestAnEmptyListIsTheHeaderAlone(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"complaints", "deadlines", "rectifications", "departures", "winback"} {
		server := answer(t, casesDocument[struct{}]{Items: []caseRow[struct{}]{}})
		for _, flags := range [][]string{nil, {"--csv"}, {"--all"}, {"--all", "--csv"}} {
			got := execute(t, append([]string{verb, "--url", server.url}, flags...)...)
			if got.code != exitDone || got.stderr != "" || strings.Count(got.stdout, "\n") != 1 {
				t.Errorf("%s %v shows %+v", verb, flags, got)
			}
		}
	}
}

// paged serves three complaints one by one, and counts what was asked for.
func paged(t *testing.T) (url string, limits *[]string) {
	t.Helper()
	limits = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cursor := r.URL.Query().Get("cursor")
		*limits = append(*limits, r.URL.Query().Get("limit"))
		next := map[string]string{"": "b", "b": "c", "c": ""}[cursor]
		page := map[string]any{
			"items": []any{map[string]any{"customer": "customer-" + cursor, "id": "k", "status": "open", "detail": map[string]any{"status": "filed"}}},
			"as_of": "2026-06-30T00:00:00Z",
		}
		if next != "" {
			page["next"] = next
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(page); err != nil {
			t.Errorf("answer: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, limits
}

func TestAllPagesArePrintedAsOneList(t *testing.T) {
	t.Parallel()
	url, limits := paged(t)
	got := execute(t, "complaints", "--all", "--json", "--url", url)
	var whole struct {
		Items []struct{ Customer string }
		Next  *string
		AsOf  domain.Instant `json:"as_of"`
	}
	if err := json.Unmarshal([]byte(got.stdout), &whole); err != nil {
		t.Fatal(err)
	}
	if len(whole.Items) != 3 || whole.Items[2].Customer != "customer-c" || whole.Next != nil || whole.AsOf == 0 {
		t.Errorf("the whole list is %s", got.stdout)
	}
	if strings.Join(*limits, " ") != "500 500 500" {
		t.Errorf("pages were asked for with the limits %v", *limits)
	}
	table := execute(t, "complaints", "--all", "--csv", "--url", url)
	if table.stderr != "" || strings.Count(table.stdout, "\n") != 4 || strings.Count(table.stdout, "FILED") != 1 {
		t.Errorf("the whole list as values is %+v", table)
	}
	page := execute(t, "complaints", "--limit", "1", "--url", url)
	if page.stderr != "more: --cursor b\n" || strings.Count(page.stdout, "customer-") != 1 {
		t.Errorf("one page is %+v", page)
	}
}

func TestComplaintsReportShowsWhatCustomersComplainAbout(t *testing.T) {
	t.Parallel()
	hour := func(n float64) *float64 { return new(n * 3600) }
	prints(t, "complaints_report", &projections.ComplaintReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), PolicyVersion: "default-1", Complaints: 12, Open: 2, NotFiled: 1,
		Subjects:  []projections.ComplaintGroup{{Name: "", Complaints: 2}, {Name: "price", Complaints: 10, Open: 2, Valid: 3, Decided: 8}},
		WorkSteps: []projections.ComplaintGroup{{Name: "repair", Complaints: 12, Open: 2, Valid: 3, Decided: 8}},
		Reopened:  sharing(1, 10),
		Validity:  projections.ComplaintValidity{Valid: sharing(3, 8), Reversed: sharing(1, 8), Reversals: 1},
		Handling: projections.ComplaintHandling{
			Elapsed: projections.DurationFigure{Count: 10, Median: hour(3), P90: hour(30.5), P95: hour(48), Mean: hour(8.25)},
			Working: projections.DurationFigure{Count: 3, Suppressed: true},
		},
		Backlog:      projections.ComplaintBacklog{Open: 2, Overdue: 1, Orphaned: 1, Oldest: instant(t, "2026-06-12T00:00:00Z")},
		Custody:      projections.ComplaintCustodyReport{HandedOver: sharing(6, 12), PingPong: sharing(2, 6), Handovers: 9, Returned: 2},
		Outcome:      projections.ComplaintOutcome{Before: sharing(7, 10), After: sharing(5, 8), Decayed: sharing(1, 6), Improved: sharing(0, 2)},
		FollowUps:    projections.ComplaintFollowUps{FollowedUp: sharing(8, 10), Reached: sharing(7, 8), ByRule: sharing(8, 8)},
		Compensation: []projections.ComplaintCompensated{{Currency: "CNY", Complaints: 2, Times: 3, Minor: 12345}},
		Praise:       projections.ComplaintPraise{Praise: 6, Suggestions: 1, PerComplaint: new(0.5)},
		Recurrence: projections.ComplaintRecurrence{Repeated: 1, Measures: []projections.MeasureEffect{{
			Measure: "second check", Customer: "c-1", Complaint: "k-1", Subject: "noise", OrgUnit: "brand/north", AdoptedAt: instant(t, "2026-03-01T00:00:00Z"),
			Before: projections.MeasureSpan{Days: 91, Complaints: 8, PerWeek: new(0.6153)}, After: projections.MeasureSpan{Days: 91, Complaints: 2, PerWeek: new(0.1538)},
		}}},
	}, "complaints", "report")
}

func TestDeadlinesReportShowsWhatWasKept(t *testing.T) {
	t.Parallel()
	outcome := projections.DeadlineOutcome{Decided: 9, Kept: 7, Missed: 2, Late: 1, InTime: sharing(7, 9)}
	row := projections.DeadlineRow{Kind: "inquiry", Started: 10, Running: 1, DeadlineOutcome: outcome}
	unit, due := row, row
	unit.OrgUnit, due.Month = "brand/north", month(t, "2026-06")
	prints(t, "deadlines_report", &projections.DeadlineReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), PolicyVersion: "default-1", Kinds: []projections.DeadlineRow{row},
		Units: []projections.DeadlineRow{unit}, Months: []projections.DeadlineRow{due},
		Employees: []projections.EmployeeDeadlines{{Kind: "inquiry", Employee: "e-1", DeadlineOutcome: outcome}},
	}, "deadlines", "report")
}

func exampleSatisfaction(t *testing.T) *projections.SatisfactionReport {
	t.Helper()
	band := &statistics.Interval{Low: 7.25, High: 8.75}
	return &projections.SatisfactionReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), PolicyVersion: "default-1", Answers: "all", Group: projections.GroupOrgUnit, LeftOut: 2,
		Rows: []projections.SatisfactionRow{
			{
				Questionnaire: "nps", Source: "external", Value: "brand/north", Surveys: 40, Modes: []projections.ModeFigure{},
				NPS: &projections.PromoterFigure{PromotionFigure: statistics.PromotionFigure{Count: 40, Score: new(12.5), Interval: &statistics.Interval{Low: -8, High: 33}}},
			},
			{
				Questionnaire: "sales", Source: "internal", Value: "brand/north", Surveys: 30, Mixed: true, Refused: 4, NotApplicable: 2,
				Index:     &projections.IndexFigure{Value: new(8.125)},
				Scores:    &statistics.MeanFigure{Count: 450, Mean: new(8.0), Interval: band},
				Execution: new(sharing(27, 30)),
				Trend:     &projections.TrendFigure{Months: 6, Slope: new(0.125), Interval: &statistics.Interval{Low: -0.1, High: 0.35}},
			},
			{Questionnaire: "csat", Source: "internal", Surveys: 20, CSAT: &projections.TopFigure{ShareFigure: sharing(15, 20)}},
			{Questionnaire: "ces", Source: "internal", Surveys: 3, CES: &projections.TopFigure{ShareFigure: sharing(2, 3)}},
		},
		Gaps: []projections.SatisfactionGap{{
			Questionnaire: "sales", Value: "brand/north", Internal: projections.MomentsFigure{Count: 30, Mean: new(8.1)},
			External: projections.MomentsFigure{Count: 10, Mean: new(7.6)}, Difference: new(-0.5), Interval: &statistics.Interval{Low: -0.9, High: -0.1},
		}},
		LowItems:  []projections.LowItem{{Questionnaire: "sales", Source: "internal", Item: "S05", Low: 6, Scores: 30, OfAll: 0.75, Cumulative: 0.75}},
		Responses: []projections.SurveyResponse{{Questionnaire: "sales", Source: "internal", Invited: 50, Answered: 30, Refused: 6, Rate: sharing(30, 50)}},
	}
}

func TestSatisfactionShowsRowsGapsLowItemsAndResponses(t *testing.T) {
	t.Parallel()
	prints(t, "satisfaction", exampleSatisfaction(t), "satisfaction", "--group", "org_unit")
	prints(t, "satisfaction_csv", exampleSatisfaction(t), "satisfaction", "report", "--csv")
	prints(t, "satisfaction_empty", &projections.SatisfactionReport{PolicyVersion: "default-1", Answers: "latest"}, "satisfaction", "--latest")
	prints(t, "satisfaction_stages", &projections.StageReport{Stages: []projections.StageRow{
		{Stage: "reception", Complaints: 3},
		{
			Stage: "repair", Questionnaire: "service", Source: "internal", Complaints: 7,
			Scores: &statistics.MeanFigure{Count: 30, Mean: new(7.5)}, Low: new(sharing(6, 30)),
		},
	}}, "satisfaction", "stages")
	prints(t, "follow_ups", &projections.FollowUpReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), PolicyVersion: "default-1",
		Kinds:     []projections.Coverage{{Kind: "handover", Due: 10, Tried: 9, Completed: 8, Reached: 7, Outstanding: 2, Unreachable: 2, Coverage: sharing(8, 10)}},
		Units:     []projections.Coverage{{Kind: "handover", OrgUnit: "brand/north", Due: 10, Tried: 9, Completed: 8, Reached: 7, Outstanding: 2, Coverage: sharing(8, 10)}},
		Channels:  []projections.FollowUpRow{{Kind: "handover", Channel: "phone", Attempts: 3, Completed: 8, Reached: 7, Satisfied: sharing(6, 7)}},
		Employees: []projections.FollowUpRow{{Kind: "handover", Employee: "e-1", Attempts: 3, Completed: 8, Reached: 7, Satisfied: sharing(2, 3)}},
	}, "satisfaction", "follow-ups")
}

func TestRectificationsReportShowsWhetherItHelped(t *testing.T) {
	t.Parallel()
	sheet := projections.Case{Customer: "org:brand/north", ID: "r-1", OrgUnit: "brand/north", Topic: "V05", Detail: json.RawMessage("{}")}
	prints(t, "rectifications_report", &projections.RectificationReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), Open: 1, Overdue: 1, Completed: 1, Accepted: 4, Passed: sharing(4, 5), InTime: sharing(3, 4),
		Sheets: []projections.RectificationRow{
			{Case: sheet, Effect: []projections.RectificationEffect{
				{
					Source: "internal", Before: statistics.MeanFigure{Count: 20, Mean: new(6.5)}, After: statistics.MeanFigure{Count: 18, Mean: new(7.75)},
					Difference: new(1.25), Interval: &statistics.Interval{Low: 0.4, High: 2.1},
				},
				{Source: "external", Before: statistics.MeanFigure{Count: 2, Suppressed: true}},
			}},
			{Case: sheet},
		},
	}, "rectifications", "report")
}

func TestContactsShowsMonthsThatAddUpToTheWhole(t *testing.T) {
	t.Parallel()
	categories := []projections.CategoryCount{{Category: "repair", Count: 5, Share: new(0.625)}, {Category: "", Count: 3, Share: new(0.375)}}
	prints(t, "contacts", &projections.ContactReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), PolicyVersion: "default-1", OutboundShare: new(0.2), WithGoal: 1, GoalShare: new(0.5), Collisions: 1,
		Inbound: projections.ContactTable{Total: 8, Categories: categories, Months: []projections.ContactMonth{
			{Month: month(t, "2026-06"), Total: 5, Categories: map[string]int64{"repair": 3, "": 2}}, {Month: month(t, "2026-07"), Total: 3, Categories: map[string]int64{"repair": 2, "": 1}},
		}},
		Outbound: projections.ContactTable{Total: 2, Categories: []projections.CategoryCount{{Category: "care", Count: 2, Share: new(1.0)}}},
		Channels: []projections.ContactChannel{{Channel: "phone", Inbound: 8, Outbound: 2, Attempts: 1}},
		Attempts: projections.AttemptCount{Total: 1, Outcomes: map[string]int64{"refused": 1}, ReachedShare: new(0.6667)},
		Employees: []projections.EmployeeContacts{
			{Employee: "e-1", Inbound: 8, Outbound: 2, WithGoal: 1, Attempts: 1, Collisions: 1}, {Employee: "e-2", CollidedWith: 1},
		},
	}, "contacts")
}

func TestMayContactSaysWhyNotAndUntilWhen(t *testing.T) {
	t.Parallel()
	last := &projections.Contact{At: instant(t, "2026-06-30T08:00:00Z"), Direction: "out", Channel: "phone", Employee: "e-2", Category: "care", Content: "all well"}
	prints(t, "may_contact_no", &projections.MayContact{
		Customer: "c-1", Employee: "e-1", At: instant(t, "2026-06-30T09:00:00Z"), LastContact: last,
		Reasons: []projections.ContactReason{
			{Code: projections.ContactGapRuns, Employee: "e-2", Since: last.At, Until: instant(t, "2026-07-01T08:00:00Z")},
			{Code: projections.ContactConsentWithdrawn, Since: instant(t, "2026-05-01T00:00:00Z")},
		},
	}, "may-contact", "c-1", "--employee", "e-1")
	prints(t, "may_contact_yes", &projections.MayContact{
		Customer: "c-1", At: instant(t, "2026-06-30T09:00:00Z"), NextAt: instant(t, "2026-06-30T09:00:00Z"), May: true,
	}, "may-contact", "c-1")
}

func TestBriefShowsWhatToKnowBeforeACall(t *testing.T) {
	t.Parallel()
	view := exampleCustomer(t)
	view.Stage = view.Lifecycle.Stage
	view.Matters = append(view.Matters, projections.Matter{Kind: projections.MatterPromise, ID: "p-1", Opened: instant(t, "2026-06-20T00:00:00Z"), Event: "ev-12"})
	view.Deadlines = append(view.Deadlines, projections.DeadlineView{Kind: "promise", ID: "p-1", DueAt: instant(t, "2026-07-02T00:00:00Z")})
	view.Profile.Attributes = append(view.Profile.Attributes, projections.AttributeView{Name: projections.AttributePreferredChannel, Value: json.RawMessage(`"email"`)})
	prints(t, "brief", projections.NewBrief(view), "brief", "c-1")
	prints(t, "brief_new", projections.NewBrief(&projections.CustomerView{ID: "c-2", AsOf: instant(t, "2026-06-30T00:00:00Z"), Stage: domain.StageProspect}), "brief", "c-2")
}
