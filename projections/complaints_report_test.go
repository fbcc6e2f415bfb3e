package projections_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/projections"
)

func TestTheComplaintReportEqualsARecountOfTheEvents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := newComplaintRecount(domain.InstantOf(domain.Date(20_600).Time()))
		page := &projections.CasePage{AsOf: want.asOf, Policy: complaintFold.Policy()}
		for i := range 3 {
			events := drawComplaints(t, 3, true)
			want.customer(fmt.Sprint(i), events)
			page.Items = append(page.Items, complaintsOf(fmt.Sprint(i), rapid.Permutation(events).Draw(t, "recorded"), want.asOf)...)
		}
		page.Items = rapid.Permutation(page.Items).Draw(t, "page")
		got := complaintReport(t, page, projections.ComplaintFilter{})
		equal(t, jsonOf(t, want.see(got)), jsonOf(t, want.report()))
		for _, groups := range [][]projections.ComplaintGroup{
			got.Months, got.Statuses, got.Forms, got.Kinds, got.Subjects, got.Sides, got.Causes, got.Products, got.WorkSteps,
			got.Employees, got.OrgUnits,
		} {
			var n, open int64
			for _, g := range groups {
				n, open = n+g.Complaints, open+g.Open
			}
			if n != got.Complaints || open != got.Open {
				t.Fatalf("%d complaints and %d open in groups, %d and %d in all", n, open, got.Complaints, got.Open)
			}
		}
	})
}

// complaintsOf returns the cases of a customer as a page has them.
func complaintsOf(customer string, events []complaintEvent, at domain.Instant) []projections.Case {
	var out projections.Effects
	cases := foldComplaints(events, &out).Cases(projections.CaseComplaint)
	for i := range cases {
		cases[i].Customer, cases[i].Status = customer, cases[i].StatusAt(at)
	}
	return cases
}

func complaintReport(t failer, page *projections.CasePage, filter projections.ComplaintFilter) *projections.ComplaintReport {
	report, err := projections.NewComplaintReport(page, nil, filter)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// happened is one event of a story, of the complaint K unless its data says otherwise.
func happened(at string, typ string, data any) complaintEvent {
	instant, err := domain.ParseInstant(at)
	if err != nil {
		panic(err)
	}
	return complaintEvent{at: instant, typ: typ, id: typ + at, data: data}
}

func filedAt(at, id, subject string) complaintEvent {
	return happened(at, "complaint.filed", &domain.ComplaintFiled{ComplaintID: id, Subject: subject, Step: "repair"})
}

func resolvedAt(at, id string) complaintEvent {
	return happened(at, "complaint.resolved", &domain.ComplaintResolved{ComplaintID: id})
}

// pageOf returns the page of one customer under a policy.
func pageOf(p *domain.Policy, asOf string, events ...complaintEvent) *projections.CasePage {
	at := happened(asOf, "", nil).at
	return &projections.CasePage{AsOf: at, Policy: p, Items: complaintsOf("c", events, at)}
}

func TestHandlingTimeIsShownInAllAndInWorkingTime(t *testing.T) {
	t.Parallel()
	// From Friday 17:00 to Monday 10:00 in Shanghai, and from Monday 11:30 to 13:30 over lunch.
	report := complaintReport(t, pageOf(complaintFold.Policy(), "2026-03-31T00:00:00Z",
		filedAt("2026-03-06T09:00:00Z", "A", ""), resolvedAt("2026-03-09T02:00:00Z", "A"),
		filedAt("2026-03-09T03:30:00Z", "B", ""), resolvedAt("2026-03-09T05:30:00Z", "B"),
	), projections.ComplaintFilter{})
	h := report.Handling
	if h.Working.Count != 2 || *h.Working.Median != 1.5*3600 || *h.Working.P90 != 2*3600 || *h.Working.Mean != 1.5*3600 {
		t.Errorf("working time: %s", jsonOf(t, h.Working))
	}
	if *h.Elapsed.Median != 33.5*3600 || *h.Elapsed.P95 != 65*3600 {
		t.Errorf("elapsed: %s", jsonOf(t, h.Elapsed))
	}
}

func TestTheBacklogShowsItsAgeAndWhatIsOverdue(t *testing.T) {
	t.Parallel()
	page := pageOf(complaintFold.Policy(), "2026-03-10T00:00:00Z",
		filedAt("2026-03-01T00:00:00Z", "A", ""), filedAt("2026-03-08T00:00:00Z", "B", ""),
		filedAt("2026-03-09T00:00:00Z", "C", ""), resolvedAt("2026-03-09T12:00:00Z", "C"),
		happened("2026-03-09T00:00:00Z", "complaint.handed_over", &domain.ComplaintHandedOver{ComplaintID: "B", To: "E1"}))
	page.Items[0].Due = page.AsOf
	b := complaintReport(t, page, projections.ComplaintFilter{}).Backlog
	want := projections.ComplaintBacklog{Open: 2, Overdue: 1, Orphaned: 1, Pending: 1, Age: b.Age, Oldest: happened("2026-03-01T00:00:00Z", "", nil).at}
	if !reflect.DeepEqual(b, want) || *b.Age.Median != 5.5*86400 {
		t.Errorf("got %s", jsonOf(t, b))
	}
}

func TestHoldersAreShownWithWhatTheyHaveAndHowLongTheyHadIt(t *testing.T) {
	t.Parallel()
	hand := func(at, to string) complaintEvent {
		return happened(at, "complaint.handed_over", &domain.ComplaintHandedOver{ComplaintID: "K", To: to})
	}
	c := complaintReport(t, pageOf(complaintFold.Policy(), "2026-03-10T00:00:00Z",
		filedAt("2026-03-01T00:00:00Z", "K", ""), hand("2026-03-01T01:00:00Z", "E1"), hand("2026-03-01T02:00:00Z", "E2"),
		happened("2026-03-01T05:00:00Z", "complaint.handover_returned", &domain.ComplaintHandoverReturned{ComplaintID: "K"}),
	), projections.ComplaintFilter{}).Custody
	if c.Handovers != 2 || c.Returned != 1 || *c.PingPong.Value != 1 || len(c.Holders) != 2 {
		t.Fatalf("got %s", jsonOf(t, c))
	}
	if h := c.Holders[0]; h.Holder != "E1" || h.Holding != 1 || h.Since != happened("2026-03-01T05:00:00Z", "", nil).at || *h.Held.Median != 3600 {
		t.Errorf("got %s", jsonOf(t, h))
	}
	if h := c.Holders[1]; h.Holder != "E2" || h.Holding != 0 || h.Returned != 1 || *h.Held.Median != 3*3600 {
		t.Errorf("got %s", jsonOf(t, h))
	}
}

func TestAMeasureIsJudgedByTheComplaintsBeforeAndAfter(t *testing.T) {
	t.Parallel()
	var events []complaintEvent
	day := func(n int) string { return domain.InstantOf(domain.Date(20_500 + n).Time()).String() }
	for i := range 8 { // four a week before, one a week after
		events = append(events, filedAt(day(i*7/4), fmt.Sprintf("A%d", i), "fare"))
	}
	events = append(events,
		happened(day(14), "complaint.measure_adopted", &domain.ComplaintMeasureAdopted{ComplaintID: "A0", Measure: "sign", OrgUnit: "b/r"}),
		filedAt(day(15), "B", "fare"), filedAt(day(20), "C", "noise"), filedAt(day(21), "D", "price"),
		happened(day(22), "complaint.linked", &domain.ComplaintLinked{ComplaintID: "D", SimilarTo: "A0"}),
		filedAt(day(30), "E", "fare"))
	page := pageOf(complaintFold.Policy(), day(28), events...)
	r := complaintReport(t, page, projections.ComplaintFilter{}).Recurrence
	if len(r.Measures) != 1 || r.Repeated != 2 {
		t.Fatalf("got %s", jsonOf(t, r))
	}
	m := r.Measures[0]
	if m.Before != (projections.MeasureSpan{Days: 14, Complaints: 8, PerWeek: m.Before.PerWeek}) || *m.Before.PerWeek != 4 ||
		m.After != (projections.MeasureSpan{Days: 14, Complaints: 2, PerWeek: m.After.PerWeek}) || *m.After.PerWeek != 1 {
		t.Errorf("got %s", jsonOf(t, m))
	}
	// A window of one week on both sides, and a unit for which the measure does not hold.
	m = complaintReport(t, page, projections.ComplaintFilter{Window: 7 * domain.Day}).Recurrence.Measures[0]
	if m.Before.Days != 7 || m.Before.Complaints != 4 || m.After.Complaints != 2 {
		t.Errorf("one week: %s", jsonOf(t, m))
	}
	for i := range page.Items {
		page.Items[i].OrgUnit = "b/other"
	}
	m = complaintReport(t, page, projections.ComplaintFilter{}).Recurrence.Measures[0]
	if m.Before.Complaints != 0 || m.After.Complaints != 1 {
		t.Errorf("another unit: %s", jsonOf(t, m))
	}
}

func TestTheReportCountsWhatTheFilterAsksFor(t *testing.T) {
	t.Parallel()
	page := pageOf(complaintFold.Policy(), "2026-05-01T00:00:00Z",
		filedAt("2026-03-31T15:59:59Z", "A", "fare"), filedAt("2026-03-31T16:00:00Z", "B", "fare"), filedAt("2026-04-02T00:00:00Z", "C", "noise"))
	march, april := domain.Date(20_530).Month(), domain.Date(20_550).Month()
	for _, c := range []struct {
		filter projections.ComplaintFilter
		want   int64
	}{
		{projections.ComplaintFilter{}, 3},
		{projections.ComplaintFilter{To: march}, 1}, // the month of Shanghai
		{projections.ComplaintFilter{From: april}, 2},
		{projections.ComplaintFilter{From: april, Subject: "fare"}, 1},
		{projections.ComplaintFilter{WorkStep: "repair", OrgUnit: "b/r"}, 3},
		{projections.ComplaintFilter{OrgUnit: "b/x"}, 0},
		{projections.ComplaintFilter{Employee: "E1"}, 0},
		{projections.ComplaintFilter{Product: "suv"}, 0},
	} {
		if got := complaintReport(t, page, c.filter); got.Complaints != c.want {
			t.Errorf("%+v: %d complaints, want %d", c.filter, got.Complaints, c.want)
		}
	}
}

func TestComplaintsAreCountedByTheStageOfTheWork(t *testing.T) {
	t.Parallel()
	page := pageOf(complaintFold.Policy(), "2026-05-01T00:00:00Z",
		filedAt("2026-03-02T00:00:00Z", "A", ""), filedAt("2026-03-03T00:00:00Z", "B", ""),
		happened("2026-03-04T00:00:00Z", "complaint.filed", &domain.ComplaintFiled{ComplaintID: "C"}),
		happened("2026-03-04T01:00:00Z", "complaint.validity_decided", &domain.ComplaintValidityDecided{ComplaintID: "A", Valid: true}))
	page.Items[1].OrgUnit = "b/r/d2"
	r := complaintReport(t, page, projections.ComplaintFilter{})
	if got := fmt.Sprint(r.Stages, r.ByWorkStep()); got != "[{b/r/d1  1 0} {b/r/d1 repair 1 1} {b/r/d2 repair 1 0}] map[repair:2]" {
		t.Errorf("got %s", got)
	}
}

func TestPraiseIsSetAgainstComplaints(t *testing.T) {
	t.Parallel()
	var out projections.Effects
	c := projections.NewCustomer("c")
	for i, x := range []struct {
		typ  string
		data any
	}{
		{"praise.received", &domain.PraiseReceived{Employee: "E1"}}, {"praise.received", &domain.PraiseReceived{}},
		{"praise.received", &domain.PraiseReceived{}}, {"suggestion.received", &domain.SuggestionReceived{}},
	} {
		ev := &domain.Event{ID: fmt.Sprint(i), Type: x.typ, Subject: "c", Time: happened("2026-03-02T00:00:00Z", "", nil).at}
		complaintFold.Apply(c, &projections.Entry{Event: ev, Data: x.data}, &out)
	}
	page := pageOf(complaintFold.Policy(), "2026-05-01T00:00:00Z", filedAt("2026-03-03T00:00:00Z", "A", "fare"), filedAt("2026-03-04T00:00:00Z", "B", "noise"))
	for _, x := range []struct {
		filter projections.ComplaintFilter
		want   string
	}{
		{projections.ComplaintFilter{}, "3 1 1.5"},
		{projections.ComplaintFilter{Employee: "E1"}, "1 0 none"},
		{projections.ComplaintFilter{Subject: "fare"}, "3 1 none"},
	} {
		sum := make(projections.CellSum)
		cells := x.filter.Praise()
		sum.Add(out.Rollups.Cells, &cells)
		report, err := projections.NewComplaintReport(page, &projections.CellView{Cells: sum.Sorted()}, x.filter)
		if err != nil {
			t.Fatal(err)
		}
		ratio := "none"
		if p := report.Praise.PerComplaint; p != nil {
			ratio = fmt.Sprint(*p)
		}
		if got := fmt.Sprintf("%d %d %s", report.Praise.Praise, report.Praise.Suggestions, ratio); got != x.want {
			t.Errorf("%+v: got %s, want %s", x.filter, got, x.want)
		}
	}
}

func TestFiguresOverFewComplaintsAreNotShown(t *testing.T) {
	t.Parallel()
	r := complaintReport(t, pageOf(domain.DefaultPolicy(), "2026-05-01T00:00:00Z",
		filedAt("2026-03-02T00:00:00Z", "A", ""), resolvedAt("2026-03-02T01:00:00Z", "A"),
		happened("2026-03-02T00:30:00Z", "complaint.validity_decided", &domain.ComplaintValidityDecided{ComplaintID: "A", Valid: true}),
	), projections.ComplaintFilter{})
	e, v := r.Handling.Elapsed, r.Validity.Valid
	if e != (projections.DurationFigure{Count: 1, Suppressed: true}) || v != (statistics.ShareFigure{Count: 1, Suppressed: true}) {
		t.Errorf("shown: %s %s", jsonOf(t, e), jsonOf(t, v))
	}
}

func TestAnEmptyReportHasEmptyListsAndNoFigures(t *testing.T) {
	t.Parallel()
	r := complaintReport(t, pageOf(domain.DefaultPolicy(), "2026-05-01T00:00:00Z"), projections.ComplaintFilter{})
	if r.Handling.Elapsed != (projections.DurationFigure{}) || r.Reopened != (statistics.ShareFigure{}) || r.Praise.PerComplaint != nil {
		t.Errorf("figures of nothing: %s", jsonOf(t, r))
	}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.IsNil() && v.Type().Field(i).Name != "Positions" {
			t.Errorf("%s is null", v.Type().Field(i).Name)
		}
	}
	for _, list := range []any{r.Custody.Holders, r.FollowUps.Channels, r.Recurrence.Measures} {
		if reflect.ValueOf(list).IsNil() {
			t.Errorf("a %T is null", list)
		}
	}
}

func TestEveryComplaintThatChangesIsNamedAmongTheCases(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.Permutation(drawComplaints(t, 3, false)).Draw(t, "recorded")
		c := projections.NewCustomer("c")
		before := make(map[string]string)
		for i := range events {
			x := &events[i]
			var out projections.Effects
			ev := &domain.Event{ID: x.id, Type: x.typ, Subject: "c", Time: x.at, OrgUnit: rapid.SampledFrom([]string{"", "b/1", "b/2"}).Draw(t, "unit")}
			defaultFold.Apply(c, &projections.Entry{Event: ev, Data: x.data}, &out)
			for _, y := range c.Cases(projections.CaseComplaint) {
				now := jsonOf(t, y)
				ref := projections.CaseRef{Customer: "c", Kind: projections.CaseComplaint, ID: y.ID}
				if now != before[y.ID] && !slices.Contains(out.Cases, ref) {
					t.Fatalf("%s changed complaint %s and did not say so", x.id, y.ID)
				}
				before[y.ID] = now
			}
		}
	})
}
