package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/evaluation"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/backtest"
	"github.com/rapport-crm/rapport/internal/fit"
)

func TestBacktestPrintsADocumentAndWritesAPage(t *testing.T) {
	t.Parallel()
	data := cdnowLog(t)
	policy, page := filepath.Join(t.TempDir(), "utc.yaml"), filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(policy, []byte("version: utc\ntime_zone: UTC\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := execute(t, "backtest", "--data", data, "--policy", policy, "--origin", "1997-09-30", "--horizon", "39w", "--samples", "0", "--json", "--html", page)
	if got.code != exitDone {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	var r backtest.Report
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Origins) != 1 || r.Origins[0].Customers != 2357 || r.Origins[0].Lost != 1673 || r.HorizonDays != 273 || r.Policies[0].Name != "utc.yaml" {
		t.Errorf("the document is %.300s", got.stdout)
	}
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(written); !strings.HasPrefix(text, "<!DOCTYPE html>") || !strings.Contains(text, "learned_risk") {
		t.Errorf("the page is %.300s", text)
	}
	if got := execute(t, "backtest", "--data", data, "--origin", "1998-06-30", "--horizon", "39w"); got.code != exitUsage || !strings.Contains(got.stderr, "origin 1998-06-30") {
		t.Errorf("an origin without an outcome: exit code %d: %s", got.code, got.stderr)
	}
}

func TestBacktestShowsTheReportAsTables(t *testing.T) {
	t.Parallel()
	ranking := func(area float64, interval *evaluation.Interval) evaluation.Ranking {
		top := func(lift float64) evaluation.Top {
			return evaluation.Top{Share: 0.1, Customers: 20, Lost: 10, Precision: new(0.5), Recall: new(0.25), Lift: &evaluation.Figure{Value: lift, Interval: interval}}
		}
		return evaluation.Ranking{Customers: 200, Lost: 40, AUC: &evaluation.Figure{Value: area, Interval: interval}, Top: []evaluation.Top{top(2.5), top(2), top(1.75)}}
	}
	nobody := evaluation.Ranking{Top: []evaluation.Top{{Share: 0.1}, {Share: 0.2}, {Share: 0.3}}}
	alert := backtest.Alert{Rate: 0.05, Threshold: 90, Days: new(90.0), Early: new(0.0)}
	report := backtest.Report{
		Positions: eventstore.Positions{100, 80}, From: date(t, "2024-01-01"), To: date(t, "2025-01-01"), TimeZone: "Asia/Shanghai", HorizonDays: 90, Currency: "CNY",
		Policies: []backtest.PolicyReport{{Name: "strict.yaml", Version: "strict-1", Warnings: backtest.WarningReport{
			Raised: 30, Right: 12, False: 15, Undecided: 3, Reported: backtest.LossReport{Losses: 20, Caught: 11, Missed: 9, LeadDays: new(34.5)},
		}}},
		Origins: []backtest.OriginReport{{
			Day: date(t, "2024-10-03"), Customers: 200, Repeat: 150, Lost: 40,
			Models: []backtest.ModelReport{
				{Name: "mbg_nbd", Fit: &fit.Result{Model: "nbd"}, Fallback: fit.ReasonNoAttrition}, {Name: "gamma_gamma", Failure: "too_few"},
			},
			Training: &backtest.TrainingReport{Day: date(t, "2024-07-05"), HorizonDays: 90, Customers: 150, Lost: 33},
			Scores: []backtest.ScoreReport{
				{Name: "recency", Kind: backtest.KindRule, All: ranking(0.7, nil), Repeat: nobody},
				{
					Name: "policy strict.yaml with models", Kind: backtest.KindPolicy, Policy: "strict-1+0a1b2c3d", SawLater: true,
					All: ranking(0.8, &evaluation.Interval{Low: 0.75, High: 0.85}), Repeat: ranking(0.75, nil),
					Chance: &evaluation.Judgement{Brier: new(0.125), LogLoss: new(0.5)},
					Levels: []backtest.LevelReport{{Level: "low", Customers: 180, Lost: 25}, {Level: "watch"}, {Level: "lost", Customers: 20, Lost: 15}},
				},
				{Name: "policy loose.yaml", Kind: backtest.KindPolicy, Policy: "loose-1", All: ranking(0.65, nil), Repeat: nobody},
			},
			Accuracy:  []backtest.AccuracyReport{{Name: "fixed_hiatus_13_weeks", Right: 0.78, Alarms: 55}},
			Purchases: []backtest.PurchaseReport{{Name: "naive_rate", Accuracy: evaluation.Accuracy{Expected: 700.4, Actual: 650, MeanAbsoluteError: new(1.25)}}},
			Spend:     []backtest.SpendReport{{Name: "past_spend", Top: new(0.4)}},
		}},
		Rolling: []backtest.RollingReport{{Name: "recency", AUC: 0.7, Least: 0.65, Lift: 2.25}},
		Delays: &backtest.DelayReport{
			LapseDays: 90, Lapses: 12, Gaps: 400, Rules: []backtest.DelayRule{{Name: "fixed_hiatus", PerGap: []backtest.Alert{alert}, PerYear: []backtest.Alert{alert}}},
			Warnings: []backtest.WarningDelay{{Policy: "strict.yaml", Level: "watch", FalseAlarms: 40, PerGap: 0.1, PerYear: 0.3, Alerted: 8, Days: new(70.25), Hiatus: alert, HiatusPerYear: alert}},
		},
	}
	p := newPrinter(io.Discard)
	p.backtest(&report)
	golden(t, "backtest", p.text.String())
}

func date(t *testing.T, text string) domain.Date {
	t.Helper()
	d, err := domain.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSpansAreGivenInHoursDaysOrWeeks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"26w": 182 * 24 * time.Hour, "90d": 90 * 24 * time.Hour, "36h": 36 * time.Hour} {
		var s span
		if err := s.UnmarshalText([]byte(text)); err != nil || time.Duration(s) != want {
			t.Errorf("%s is %s, %v", text, time.Duration(s), err)
		}
	}
	for _, text := range []string{"", "w", "26", "-3d", "0d", "3y", "99999999d", "1.5w"} {
		if err := new(span).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a length of time", text)
		}
	}
}
