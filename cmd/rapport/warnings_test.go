package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func exampleWarnings(t *testing.T) warningsDocument {
	t.Helper()
	raised := instant(t, "2026-06-01T08:30:00Z")
	return warningsDocument{AsOf: instant(t, "2026-06-30T00:00:00Z"), Items: []projections.WarningView{
		{
			ID: "w-1", Customer: "c-1", OrgUnit: "brand/north", Employee: "e-1", Open: true, RaisedAt: raised,
			IsUnanswered: true, AnswerDueAt: instant(t, "2026-06-02T08:30:00Z"),
			WarningDetail: projections.WarningDetail{Escalation: &projections.WarningEscalation{Step: 2, For: "brand"}, Level: domain.RiskCritical, Highest: domain.RiskCritical, Score: 81.5, Contributions: []projections.WarningPart{
				{Factor: "silence", Points: 71.5}, {Factor: "complaint", Points: 12}, {Factor: "goodwill", Points: -2},
			}},
		},
		{
			ID: "w-2", Customer: "c-2", Open: true, IsSnoozed: true, RaisedAt: raised,
			WarningDetail: projections.WarningDetail{
				Level: domain.RiskWatch, Highest: domain.RiskHigh, Score: 31, Snoozed: &projections.WarningDecision{At: raised, Until: instant(t, "2026-07-15T00:00:00Z")},
			},
		},
		{
			ID: "w-3", Customer: "c-3", RaisedAt: raised, EndedAt: instant(t, "2026-06-02T08:30:00Z"),
			WarningDetail: projections.WarningDetail{Level: domain.RiskHigh, Highest: domain.RiskHigh, Score: 12.34, Reason: "eased"},
		},
	}}
}

func TestWarningsArePrintedWithWhatSpeaksForThem(t *testing.T) {
	t.Parallel()
	prints(t, "warnings", exampleWarnings(t), "warnings")
	prints(t, "warnings_csv", exampleWarnings(t), "warnings", "list", "--csv")
	prints(t, "warnings_groups", groupsDocument{Items: []projections.WarningGroup{
		{Key: "brand/north", Open: 5, Watch: 3, High: 1, Critical: 1, Unseen: 4, Snoozed: 1, Unanswered: 3, Overdue: 2, OldestAt: instant(t, "2026-06-01T08:30:00Z")},
		{Key: "", Open: 1, Watch: 1, OldestAt: instant(t, "2026-06-02T08:30:00Z")},
	}}, "warnings", "groups", "--by", "org_unit")
}

func TestTheReportOnWarningsShowsWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	total := projections.WarningRow{
		Raised: 20, Ended: 12, Escalated: 6, Eased: 2, Lost: sharing(3, 10), LeadDays: new(21.25), OpenDays: new(14.5), Acknowledged: 7,
		AcknowledgedHours: new(5.0), Untouched: 4,
		WarningAnswers: projections.WarningAnswers{InTime: 6, Unanswered: 2, InTimeShare: sharing(6, 8)},
	}
	month := total
	month.Month = domain.Month(2026*12 + 5)
	unit := total
	unit.OrgUnit = "brand/north"
	report := &projections.WarningReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), PolicyVersion: "default-1", Total: total,
		Employees: []projections.EmployeeAnswers{{Employee: "e-1", WarningAnswers: total.WarningAnswers}},
		Units:     []projections.WarningRow{unit}, Months: []projections.WarningRow{month},
		Levels: []projections.WarningLevelRow{{Level: domain.RiskWatch, Raised: 18, Eased: 2, Ended: 9, Lost: sharing(1, 8)}},
		Ends:   []projections.WarningEndRow{{Reason: "eased", Ended: 7, OpenDays: new(9.0)}, {Reason: "lost", Ended: 3, OpenDays: new(21.25)}},
	}
	prints(t, "warnings_report", report, "warnings", "report")
	prints(t, "warnings_report_csv", report, "warnings", "report", "--csv")
}

// TestADecisionGoesToEachWarning sends decisions about three warnings, of which the server knows two.
func TestADecisionGoesToEachWarning(t *testing.T) {
	t.Parallel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]string
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		asked = append(asked, r.URL.Path+" by "+r.URL.Query().Get("actor")+": "+body["reason"]+body["until"])
		if r.URL.Path == "/v1/warnings/gone/snooze" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"type":"x","title":"There is no such thing","status":404}`))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(exampleWarnings(t).Items[1]); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	got := execute(t, "warnings", "snooze", "w-1", "gone", "w-2", "--until", "2026-07-15", "--reason", "on holiday ", "--actor", "e-1", "--url", server.URL)
	if got.code != exitNotFound || got.stderr != "rapport: gone: There is no such thing\n" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "warnings_snooze", got.stdout)
	want := []string{
		"/v1/warnings/w-1/snooze by e-1: on holiday 2026-07-15T00:00:00Z", "/v1/warnings/gone/snooze by e-1: on holiday 2026-07-15T00:00:00Z",
		"/v1/warnings/w-2/snooze by e-1: on holiday 2026-07-15T00:00:00Z",
	}
	if len(asked) != 3 || asked[0] != want[0] || asked[1] != want[1] || asked[2] != want[2] {
		t.Errorf("the server was asked %q", asked)
	}
}
