package backtest_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/backtest"
)

func TestWhatTheLogDoesNotTellIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	log := told(stories(t, 1, 1)[:40], nil)
	for name, test := range map[string]struct {
		options backtest.Options
		want    string
	}{
		"an outcome beyond the end":  {backtest.Options{Origins: []domain.Date{date(t, "2025-05-01")}, Horizon: days(90)}, "origin 2025-05-01"},
		"an origin before the log":   {backtest.Options{Origins: []domain.Date{date(t, "2020-05-01")}, Horizon: days(90)}, "origin 2020-05-01"},
		"a horizon of no whole day":  {backtest.Options{Horizon: time.Hour}, "at least one day"},
		"a horizon beyond the log":   {backtest.Options{Horizon: days(9000)}, "horizon of 9000 days"},
		"a training that lies ahead": {backtest.Options{Horizon: days(90), Training: -time.Hour}, "at least one day"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := backtest.Run(t.Context(), log, test.options)
			if !errors.Is(err, backtest.ErrOptions) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
		})
	}
	empty := newLog(2)
	empty.add(new(happening("C1", "e1", "note.added", 20000, "{}")))
	if _, err := backtest.Run(t.Context(), empty, backtest.Options{}); !errors.Is(err, backtest.ErrOptions) {
		t.Errorf("without a purchase the error is %v", err)
	}
}

func TestPoliciesAreComparedOnTheSameCustomersAndWithoutWhatWasPublished(t *testing.T) {
	t.Parallel()
	log := told(stories(t, 1, 1), nil)
	strict := policy(t, "version: strict\ntime_zone: UTC\nrisk: {levels: {watch: 10, high: 20, critical: 30}}\n")
	o := backtest.Options{Policies: []backtest.Policy{utc(t), strict}, Origins: []domain.Date{date(t, storyOrigin)}, Horizon: days(storyHorizon)}
	want := run(t, log, o)
	levels := func(name string) int {
		return find(t, want.Origins[0].Scores, name).Levels[domain.RiskCritical].Customers
	}
	if levels("policy strict") <= levels("policy utc") {
		t.Errorf("%d customers are critical under the strict policy, %d under the other", levels("policy strict"), levels("policy utc"))
	}
	if of := want.Policies[1].Warnings; of.Raised <= want.Policies[0].Warnings.Raised {
		t.Errorf("%d warnings under the strict policy, %d under the other", of.Raised, want.Policies[0].Warnings.Raised)
	}

	// The same events with a policy published between them: it counts for the log as it is, and for no given policy.
	published := told(nil, nil)
	document := string(strict.Policy.Document())
	for p, records := range log.partitions {
		published.partitions[p] = append(published.partitions[p], records...)
		ev := happening(domain.ControlSubject, "p1", "policy.published", date(t, "2024-01-01"), `{"version":"strict","document":`+inJSON(t, document)+`}`)
		published.addTo(p, &ev)
	}
	if got := run(t, published, o); inJSON(t, got.Origins) != inJSON(t, want.Origins) || inJSON(t, got.Policies) != inJSON(t, want.Policies) {
		t.Error("a published policy changed what a given policy foretells")
	}
	o.Policies = nil
	if got := run(t, published, o); got.Policies[0].Version != "strict" {
		t.Errorf("the policy of the log is %s", got.Policies[0].Version)
	}
}

func inJSON(t testing.TB, value any) string {
	t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
