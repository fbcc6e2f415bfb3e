package domain_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

func TestTheDefaultPolicyEscalatesAfterOneAndThreeWorkingDays(t *testing.T) {
	t.Parallel()
	want := []domain.EscalationStep{
		{After: 8 * time.Hour, Time: domain.DeadlineWorking, Level: domain.RiskHigh},
		{After: 24 * time.Hour, Time: domain.DeadlineWorking, Level: domain.RiskHigh, Up: 1},
	}
	if got := domain.DefaultPolicy().Risk.Escalation; !slices.Equal(got, want) {
		t.Errorf("the steps are %+v", got)
	}
}

func TestADocumentReplacesAllStepsOfTheEscalation(t *testing.T) {
	t.Parallel()
	p, err := domain.ParsePolicy([]byte("risk: {escalation: [{after: 90m}]}"))
	if err != nil {
		t.Fatal(err)
	}
	want := []domain.EscalationStep{{After: 90 * time.Minute, Time: domain.DeadlineElapsed, Level: domain.RiskWatch}}
	if !slices.Equal(p.Risk.Escalation, want) {
		t.Errorf("the steps are %+v", p.Risk.Escalation)
	}
	if p, err = domain.ParsePolicy([]byte("risk: {escalation: []}")); err != nil || len(p.Risk.Escalation) != 0 {
		t.Errorf("without steps the policy has %+v, %v", p, err)
	}
}

func TestABadStepNamesTheFieldAndItsRule(t *testing.T) {
	t.Parallel()
	for steps, want := range map[string]string{
		"5":                             "risk.escalation must be a list of steps such as {after: 8h",
		"[8h]":                          "risk.escalation[0] must be a mapping",
		"[{up: 1}]":                     "risk.escalation[0].after must be between 1m and 87600h",
		"[{after: 8h}, {after: 59s}]":   "risk.escalation[1].after must be between 1m and 87600h",
		"[{after: soon}]":               "risk.escalation[0].after must be a length of time",
		"[{after: 8h, time: lunch}]":    "risk.escalation[0].time must be one of elapsed, working",
		"[{after: 8h, level: low}]":     "risk.escalation[0].level must be one of watch, high, critical",
		"[{after: 8h, level: grave}]":   "risk.escalation[0].level must be one of",
		"[{after: 8h, up: -1}]":         "risk.escalation[0].up must be between 0 and 16",
		"[{after: 8h, up: 1.5}]":        "risk.escalation[0].up must be a whole number",
		"[{after: 8h, levels: [high]}]": "risk.escalation[0].levels is not a name of the policy",
		"[" + strings.Repeat("{after: 8h}, ", 9) + "]": "risk.escalation must have at most 8 steps",
	} {
		if _, err := domain.ParsePolicy([]byte("risk: {escalation: " + steps + "}")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", steps, err, want)
		}
	}
}

func TestAStepIsDueAtAWholeMinuteAndForTheUnitAbove(t *testing.T) {
	t.Parallel()
	calendar := domain.DefaultPolicy().Calendar()
	friday := domain.InstantOf(time.Date(2026, 3, 6, 9, 0, 0, 1000, time.UTC)) // 17:00 in Shanghai
	for _, c := range []struct {
		time domain.DeadlineTime
		want string
	}{{domain.DeadlineElapsed, "2026-03-06T17:01:00Z"}, {domain.DeadlineWorking, "2026-03-09T09:01:00Z"}} {
		s := domain.EscalationStep{After: 8 * time.Hour, Time: c.time}
		if got := s.Due(friday, calendar); got.String() != c.want {
			t.Errorf("8h of %s time after %s are over at %s, want %s", c.time, friday, got, c.want)
		}
	}
	for up, want := range []string{"brand/north/7", "brand/north", "brand", "brand"} {
		s := domain.EscalationStep{Up: int64(up)}
		if got := s.Unit("brand/north/7"); got != want {
			t.Errorf("%d units above is %q, want %q", up, got, want)
		}
	}
}
