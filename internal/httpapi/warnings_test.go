package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/projections"
)

// warned runs a server on which silence has raised a warning about c-1, of the unit north/a, by the newest event.
func warned(t *testing.T, clock time.Time) *server {
	t.Helper()
	s := setup(t, func(o *httpapi.Options) { o.Now = func() time.Time { return clock } })
	for _, ev := range []string{
		purchase("c-1", "time", `"2025-10-01T09:30:00Z"`, "orgunit", `"north/a"`),
		purchase("c-2", "time", `"2026-03-01T09:30:00Z"`),
	} {
		s.post("application/cloudevents+json", ev, "Prefer", "wait=30").wants(http.StatusCreated)
	}
	return s
}

// warnings reads a list of warnings.
func (s *server) warnings(query string) []projections.WarningView {
	s.t.Helper()
	var page struct{ Items []projections.WarningView }
	s.get("/v1/warnings" + query).wants(http.StatusOK).into(&page)
	return page.Items
}

// onlyWarning returns the only open warning.
func (s *server) onlyWarning() *projections.WarningView {
	s.t.Helper()
	all := s.warnings("")
	if len(all) != 1 || !all[0].Open || all[0].Customer != "c-1" || all[0].OrgUnit != "north/a" {
		s.t.Fatalf("warnings are %+v", all)
	}
	return &all[0]
}

// decided sends a decision and returns the warning in the answer.
func (s *server) decided(id, verb, body string) *projections.WarningView {
	s.t.Helper()
	w := new(projections.WarningView)
	r := s.order("/v1/warnings/"+id+"/"+verb+"?actor=employee:li", asJSON, body, "Prefer", "wait=30").wants(http.StatusOK)
	r.into(w)
	if r.header.Get("Rapport-Position") == "" {
		s.t.Error("the answer has no position")
	}
	return w
}

func TestPeopleDecideAboutAWarning(t *testing.T) {
	t.Parallel()
	s := warned(t, now)
	id := s.onlyWarning().ID
	if w := s.decided(id, "acknowledge", `{"note":"will call"}`); w.Acknowledged == nil || w.Acknowledged.By != "employee:li" || w.Acknowledged.Reason != "will call" {
		t.Errorf("acknowledged: %+v", w)
	}
	if w := s.decided(id, "assign", `{"employee":"wang"}`); w.Employee != "wang" || w.Assigned.By != "employee:li" {
		t.Errorf("assigned: %+v", w)
	}
	if w := s.decided(id, "snooze", `{"until":"2026-04-01T00:00:00Z","reason":"on holiday","actor":"employee:wang"}`); !w.IsSnoozed || w.Snoozed.By != "employee:wang" {
		t.Errorf("snoozed: %+v", w)
	}
	for query, n := range map[string]int{
		"?employee=wang": 1, "?employee=li": 0, "?snoozed=yes": 1, "?snoozed=no": 0, "?org_unit=north": 1, "?org_unit=south": 0,
		"?unanswered=true": 0, "?unanswered=false": 1, "?sort=answer_due_at": 1,
		"?status=ended": 0, "?status=all": 1, "?level=high": 1, "?level=watch": 0, "?customer=c-2": 0, "?from=2026-03-05T00:00:00Z": 0,
	} {
		if found := s.warnings(query); len(found) != n {
			t.Errorf("%s finds %d warnings, want %d", query, len(found), n)
		}
	}
	if w := s.decided(id, "dismiss", `{"reason":"buys elsewhere"}`); w.Open || w.Reason != "dismissed" || w.Dismissed.Reason != "buys elsewhere" {
		t.Errorf("dismissed: %+v", w)
	}
	n := s.appended()
	s.order("/v1/warnings/"+id+"/acknowledge", asJSON, `{}`).problem(http.StatusConflict, "warning-ended")
	if s.appended() != n {
		t.Error("something was appended about a warning that has ended")
	}
	var report projections.WarningReport
	s.get("/v1/warnings/report").wants(http.StatusOK).into(&report)
	if total := report.Total; total.Raised != 1 || total.Ended != 1 || total.Acknowledged != 1 || total.Untouched != 0 || total.AcknowledgedHours == nil ||
		len(report.Ends) != 1 || report.Ends[0].Reason != "dismissed" || len(report.Units) != 1 || report.Units[0].OrgUnit != "north/a" {
		t.Errorf("the report is %+v", report)
	}
	var c projections.CustomerView
	s.get("/v1/customers/c-1").wants(http.StatusOK).into(&c)
	if c.Warning == nil || c.Warning.ID != id || c.Warning.Open {
		t.Errorf("the customer has the warning %+v", c.Warning)
	}
}

func TestAWarningThatNobodyAnswersSaysHowFarItWasEscalated(t *testing.T) {
	t.Parallel()
	s := warned(t, now)
	found := s.warnings("?unanswered=true&org_unit=north&sort=answer_due_at")
	if len(found) != 1 {
		t.Fatalf("%d warnings are unanswered", len(found))
	}
	w, e := &found[0], found[0].Escalation
	if !w.IsUnanswered || e == nil || e.Step != 2 || e.For != "north" || e.At <= w.AnswerDueAt || w.AnswerDueAt == 0 || e.Next != 0 {
		t.Errorf("the warning is %+v, escalated %+v", w, e)
	}
	if w := s.decided(w.ID, "acknowledge", `{}`); w.IsUnanswered || w.AnswerDueAt != 0 || w.Escalation.Step != 2 {
		t.Errorf("acknowledged: %+v", w)
	}
	var report projections.WarningReport
	s.get("/v1/warnings/report").wants(http.StatusOK).into(&report)
	if report.Total.Unanswered != 1 || report.Total.InTime != 0 {
		t.Errorf("the report is %+v", report.Total)
	}
}

func TestWarningsAreCountedByWhatTheyHaveInCommon(t *testing.T) {
	t.Parallel()
	s := warned(t, now)
	s.post("application/cloudevents+json", purchase("c-3", "time", `"2025-10-02T09:30:00Z"`, "orgunit", `"north/a"`), "Prefer", "wait=30").wants(http.StatusCreated)
	s.post("application/cloudevents+json", purchase("c-4", "time", `"2025-11-12T09:30:00Z"`), "Prefer", "wait=30").wants(http.StatusCreated)
	for by, want := range map[string]string{
		"level": "high 2 watch 1 ", "org_unit": "north/a 2  1 ", "employee": " 3 ", "factor": "silence 3 ",
	} {
		var page struct{ Items []projections.WarningGroup }
		s.get("/v1/warnings/groups?by=" + by).wants(http.StatusOK).into(&page)
		got := ""
		for _, g := range page.Items {
			got += fmt.Sprintf("%s %d ", g.Key, g.Open)
			if g.Watch+g.High+g.Critical != g.Open || g.Unseen != g.Open || g.Snoozed != 0 || g.OldestAt == 0 {
				t.Errorf("by %s the group is %+v", by, g)
			}
		}
		if got != want {
			t.Errorf("by %s the groups are %q, want %q", by, got, want)
		}
	}
	var summary projections.Summary
	s.get("/v1/summary").wants(http.StatusOK).into(&summary)
	if w := summary.Warnings; w["watch"] != 1 || w["high"] != 2 || w["critical"] != 0 {
		t.Errorf("the summary counts %v", w)
	}
	var page projections.CustomerPage
	s.get("/v1/customers?risk=high").wants(http.StatusOK).into(&page)
	if len(page.Items) != 2 || page.Items[0].ID != "c-1" || page.Items[1].ID != "c-3" || page.Items[0].Risk != domain.RiskHigh {
		t.Errorf("customers at high risk: %+v", page.Items)
	}
}

func TestADecisionThatIsWrongChangesNothing(t *testing.T) {
	t.Parallel()
	s := warned(t, now)
	id := s.onlyWarning().ID
	n := s.appended()
	s.order("/v1/warnings/00000000-0000-0000-0000-000000000000/dismiss", asJSON, `{"reason":"no"}`).problem(http.StatusNotFound, "not-found")
	for _, x := range []struct{ verb, body, pointer string }{
		{"dismiss", `{}`, "/body/reason"},
		{"snooze", `{"reason":"later"}`, "/body/until"},
		{"snooze", `{"reason":"later","until":"tomorrow"}`, "/body/until"},
		{"snooze", `{"reason":"later","until":"2020-01-01T00:00:00Z"}`, "/body/until"},
		{"assign", `{"employee":17}`, "/body/employee"},
		{"acknowledge", `{"because":"x"}`, "/body/because"},
	} {
		p := s.order("/v1/warnings/"+id+"/"+x.verb, asJSON, x.body)
		if p.status != http.StatusUnprocessableEntity {
			t.Errorf("%s %s gives %d: %s", x.verb, x.body, p.status, p.body)
			continue
		}
		var problem httpapi.Problem
		if p.into(&problem); !slices.ContainsFunc(problem.Errors, func(e domain.Problem) bool { return e.Pointer == x.pointer }) {
			t.Errorf("%s %s gives %+v", x.verb, x.body, problem.Errors)
		}
	}
	if s.appended() != n {
		t.Error("something was appended")
	}
}

// Under the clock of the wall the silence since the end of a historic log would have ended the warning long ago.
func TestAWarningOfAHistoricLogIsDecidedAtItsEnd(t *testing.T) {
	t.Parallel()
	s := warned(t, now.AddDate(4, 0, 0))
	w := s.decided(s.onlyWarning().ID, "acknowledge", `{}`)
	if end := "2026-03-01T09:30:00Z"; w.Acknowledged == nil || w.Acknowledged.At.String() != end {
		t.Errorf("acknowledged: %+v, want at %s", w.Acknowledged, end)
	}
}
