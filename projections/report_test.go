package projections_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

func TestFlowsReconcileTheActiveCustomersOfEveryMonth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		store := foldAll(t, drawHistory(t), projections.Bound{At: domain.InstantOf(domain.Date(21_000).Time())}, whole)
		report, err := store.Lifecycle(t.Context(), projections.LifecycleFilter{})
		if err != nil {
			t.Fatal(err)
		}
		var closing int64
		for _, m := range report.Flows {
			if m.Opening != closing || m.Retained != m.Opening-m.Lost || m.Closing != m.Retained+m.New+m.WonBack {
				t.Fatalf("after %d active customers: %+v", closing, m)
			}
			closing = m.Closing
		}
		if active := report.Stages["growth"] + report.Stages["maturity"]; active != closing {
			t.Fatalf("%d active customers, the flows end with %d", active, closing)
		}
		var members, left int64
		for _, c := range report.Cohorts {
			members += c.Size
			left += c.Active[len(c.Active)-1].Active
			for _, m := range c.Active {
				if m.Active < 0 || m.Active > c.Size {
					t.Fatalf("cohort %+v", c)
				}
			}
		}
		if left > closing || members > report.Started {
			t.Fatalf("%d members of %d lifecycles, %d active of %d", members, report.Started, left, closing)
		}
	})
}

func TestTransitionsAndDwellTimesCoverTheDaysAskedFor(t *testing.T) {
	t.Parallel()
	out := new(projections.Effects)
	c := projections.NewCustomer("c")
	for i, day := range []domain.Date{20_000, 20_200} { // decline after 120 days, then a return
		data := &domain.PurchaseRecorded{Amount: domain.Money{Minor: 1, Currency: "CNY"}}
		ev := &domain.Event{ID: fmt.Sprint(i), Type: "purchase.recorded", Subject: "c", Time: domain.InstantOf(day.Time())}
		defaultFold.Apply(c, &projections.Entry{Event: ev, Data: data}, out)
	}
	standing := &projections.Standing{AsOf: c.Now, Rollups: out.Rollups, Policy: defaultFold.Policy()}
	all := defaultFold.Lifecycle(standing, projections.LifecycleFilter{})
	want := "[{prospect growth 1 0 0} {growth decline 1 0 120} {decline growth 1 1 79.99999998842593}]"
	if got := fmt.Sprint(all.Transitions); got != want || all.Started != 1 {
		t.Errorf("got %s, %d started, want %s", got, all.Started, want)
	}
	part := defaultFold.Lifecycle(standing, projections.LifecycleFilter{From: 20_001, To: 20_199})
	if got := fmt.Sprint(part.Transitions); got != "[{growth decline 1 0 120}]" || part.Started != 0 {
		t.Errorf("got %s, %d started", got, part.Started)
	}
	for _, d := range all.Dwell {
		if d.Stage == domain.StageGrowth && (d.Entered != 2 || d.Left != 1 || *d.MeanDays < 120 || *d.MeanDays > 120.1) {
			t.Errorf("growth: %+v", d)
		}
	}
}

func TestTheSummaryCountsWhatIsNotSettledAndWhatWasAnswered(t *testing.T) {
	t.Parallel()
	var records []eventstore.Record
	for i, e := range []string{
		event("1", "order.placed", `"data":{"order_id":"A","amount":{"minor":1,"currency":"CNY"}}`),
		event("2", "order.placed", `"data":{"order_id":"B","amount":{"minor":1,"currency":"CNY"}}`),
		event("3", "order.delivered", `"data":{"order_id":"A"}`),
		event("4", "promise.made", `"data":{"promise_id":"P","due_at":"2026-02-01T00:00:00Z"}`),
		event("5", "survey.answered", `"data":{"questionnaire":"nps","source":"internal","answers":[{"item":"NPS","score":9}]}`),
	} {
		r := envelope("c", e)
		r.Offset = int64(i)
		records = append(records, r)
	}
	s := summary(t, foldOwned(t, records))
	if got := fmt.Sprint(s.Open, s.Satisfaction.Answers); got != "map[complaint:0 follow_up:0 order:1 payment:0 promise:1 service_request:0] 1" {
		t.Errorf("got %s", got)
	}
}
