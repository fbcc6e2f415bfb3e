package projections_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// sheetEvents are the events of two sheets, each with an instant of its own.
func sheetEvents() []projections.Entry {
	at := domain.InstantOf(time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC))
	due := func(days int) domain.Instant { return at + domain.Instant(days)*domain.Day }
	var events []projections.Entry
	for i, data := range []any{
		&domain.RectificationOpened{RectificationID: "x", Item: "V05", Questionnaire: "service", Owner: "e-1", DueAt: due(10)},
		&domain.RectificationCompleted{RectificationID: "x"},
		&domain.RectificationRejected{RectificationID: "x", Inspector: "e-7", Reason: "not yet", DueAt: due(20)},
		&domain.RectificationOpened{RectificationID: "y", Item: "V03", Owner: "e-2", DueAt: due(30)},
		&domain.RectificationCompleted{RectificationID: "x"},
		&domain.RectificationAccepted{RectificationID: "x", Inspector: "e-8"},
		&domain.RectificationRejected{RectificationID: "y"},
	} {
		ev := &domain.Event{ID: fmt.Sprint("e", i), Subject: "org:b/r/d1", Time: at + domain.Instant(i)*domain.Day}
		events = append(events, projections.Entry{Event: ev, Data: data})
	}
	return events
}

func TestSheetsAreTheSameInAnyOrderOfTheirEvents(t *testing.T) {
	t.Parallel()
	fold := func(events []projections.Entry) []projections.Case {
		var out projections.Effects
		c := projections.NewCustomer("org:b/r/d1")
		for i := range events {
			defaultFold.Apply(c, &events[i], &out)
		}
		var loaded projections.Customer
		loaded.ID = c.ID
		if err := loaded.LoadState(c.AppendState(nil)); err != nil {
			t.Fatal(err)
		}
		return loaded.Cases(projections.CaseRectification)
	}
	want := fold(sheetEvents())
	if len(want) != 2 || want[0].Ended == 0 || want[1].Due == 0 {
		t.Fatalf("sheets %+v", want)
	}
	rapid.Check(t, func(t *rapid.T) {
		if got := fold(rapid.Permutation(sheetEvents()).Draw(t, "order")); !reflect.DeepEqual(got, want) {
			t.Fatalf("sheets\n%s\nwant\n%s", jsonOf(t, got), jsonOf(t, want))
		}
	})
}

func TestASheetShowsWhetherItHelped(t *testing.T) {
	t.Parallel()
	fold := foldOfVisits(t)
	var surveys []given
	for month, scores := range map[time.Month][]string{
		time.January: {"A=4", "A=5"}, time.February: {"A=4", "A=5", "A=4", "A=5"},
		// Between the opening and the month after the acceptance: neither before nor after.
		time.March: {"A=10", "A=10", "A=10"}, time.April: {"A=1"},
		time.May: {"A=8", "A=9"}, time.June: {"A=8", "A=9", "A=8", "A=9"},
	} {
		surveys = append(surveys, each(month, domain.SurveyInternal, scores...)...)
	}
	surveys = append(surveys, each(time.May, domain.SurveyExternal, "A=7", "A=7")...)
	elsewhere := said("z", time.May, domain.SurveyInternal, "A=1")
	elsewhere.unit = "b/r/d10"
	view := cellsOf(t, fold, append(surveys, elsewhere), projections.RectificationCells())

	at := func(month time.Month, day int) domain.Instant {
		return domain.InstantOf(time.Date(2026, month, day, 0, 0, 0, 0, time.UTC))
	}
	detail := func(d projections.RectificationDetail) json.RawMessage { return json.RawMessage(jsonOf(t, d)) }
	page := &projections.CasePage{AsOf: at(time.July, 1), Items: []projections.Case{
		{
			ID: "x", OrgUnit: "b/r/d1", Holder: "e-1", Topic: "A", Opened: at(time.February, 20), Ended: at(time.April, 2),
			Detail: detail(projections.RectificationDetail{
				Questionnaire: "visit", Status: projections.RectificationAccepted, FirstDueAt: at(time.March, 1),
				CompletedAt: at(time.April, 1), AcceptedAt: at(time.April, 2), Rejections: 1,
			}),
		},
		{
			ID: "y", OrgUnit: "b/r/d1", Holder: "e-2", Topic: "B", Opened: at(time.February, 20), Due: at(time.June, 1),
			Detail: detail(projections.RectificationDetail{Status: projections.RectificationOpen, FirstDueAt: at(time.June, 1)}),
		},
		{
			ID: "z", OrgUnit: "b/r/d1", Topic: "C", Opened: at(time.February, 20),
			Detail: detail(projections.RectificationDetail{
				Status: projections.RectificationCompleted, FirstDueAt: at(time.June, 1), CompletedAt: at(time.June, 1),
			}),
		},
	}}
	r, err := projections.NewRectificationReport(page, view)
	if err != nil {
		t.Fatal(err)
	}
	if r.Open != 1 || r.Overdue != 1 || r.Completed != 1 || r.Accepted != 1 || *r.Passed.Value != 0.5 || *r.InTime.Value != 0.5 {
		t.Errorf("report %+v", r)
	}
	if len(r.Sheets) != 3 || len(r.Sheets[0].Effect) != 2 || len(r.Sheets[1].Effect) != 0 {
		t.Fatalf("sheets %s", jsonOf(t, r.Sheets))
	}
	// Six scores of 4 and 5 against six of 8 and 9: the variances are 0.3, as in the gap between the sources.
	x := r.Sheets[0].Effect[0]
	half := 2.228138852 * math.Sqrt(0.1)
	if x.Source != "internal" || *x.Before.Mean != 4.5 || *x.After.Mean != 8.5 || *x.Difference != 4 || math.Abs(x.Interval.High-(4+half)) > 1e-8 {
		t.Errorf("effect %s", jsonOf(t, x))
	}
	if x := r.Sheets[0].Effect[1]; x.Source != "external" || x.Before.Count != 0 || !x.After.Suppressed || x.Difference != nil {
		t.Errorf("effect outside %s", jsonOf(t, x))
	}
	page.Items[0].Detail = json.RawMessage("{")
	if _, err := projections.NewRectificationReport(page, view); err == nil {
		t.Error("a sheet that cannot be read was taken")
	}
}
