package main

import (
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func month(t *testing.T, s string) domain.Month {
	t.Helper()
	var m domain.Month
	if err := m.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return m
}

func exampleReport(t *testing.T) *projections.LifecycleReport {
	t.Helper()
	mean := 41.25
	january, february := month(t, "2026-01"), month(t, "2026-02")
	return &projections.LifecycleReport{
		AsOf: instant(t, "2026-02-28T12:00:00Z"), PolicyVersion: "default-1", Started: 9,
		Stages: map[string]int64{"prospect": 3, "growth": 4, "maturity": 1, "decline": 1, "termination": 0},
		Transitions: []projections.Transition{
			{From: domain.StageProspect, To: domain.StageGrowth, Count: 6, MeanDwellDays: 12.5},
			{From: domain.StageGrowth, To: domain.StageDecline, Count: 2, MeanDwellDays: 41.25},
			{From: domain.StageDecline, To: domain.StageGrowth, Count: 1, WonBack: 1, MeanDwellDays: 3},
		},
		Dwell: []projections.Dwell{
			{Stage: domain.StageProspect, Entered: 9, Left: 6, MeanDays: &mean},
			{Stage: domain.StageGrowth, Entered: 7, Left: 2, MeanDays: &mean},
			{Stage: domain.StageMaturity},
			{Stage: domain.StageDecline, Entered: 2, Left: 1, MeanDays: &mean},
			{Stage: domain.StageTermination},
		},
		Flows: []projections.MonthFlow{
			{Month: january, New: 4, Closing: 4},
			{Month: february, Opening: 4, Lost: 2, Retained: 2, New: 2, WonBack: 1, Closing: 5},
		},
		Cohorts: []projections.Cohort{
			{Month: january, Size: 4, Active: []projections.CohortMonth{{Age: 0, Active: 4, Retention: 1}, {Age: 1, Active: 3, Retention: 0.75}}},
			{Month: february, Size: 2, Active: []projections.CohortMonth{{Age: 0, Active: 2, Retention: 1}}},
		},
	}
}

func TestLifecycleShowsTheReportAsTables(t *testing.T) {
	t.Parallel()
	server := answer(t, exampleReport(t))
	whole := execute(t, "lifecycle", "--cohorts", "--url", server.url)
	if whole.code != exitDone || whole.stderr != "" {
		t.Errorf("the run shows %+v", whole)
	}
	golden(t, "lifecycle", whole.stdout)

	without := execute(t, "lifecycle", "--url", server.url)
	rest, found := strings.CutPrefix(whole.stdout, without.stdout)
	if !found || without.stdout == "" || !strings.HasPrefix(rest, "\nCOHORTS") {
		t.Errorf("without --cohorts it prints\n%s\nand the flag adds\n%s", without.stdout, rest)
	}
}

func TestLifecycleOfAnEmptyLogShowsEmptyTables(t *testing.T) {
	t.Parallel()
	server := answer(t, &projections.LifecycleReport{PolicyVersion: "default-1"})
	got := execute(t, "lifecycle", "--cohorts", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "lifecycle_empty", got.stdout)
}
