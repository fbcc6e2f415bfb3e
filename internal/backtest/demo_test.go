package backtest_test

import (
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/backtest"
	"github.com/rapport-crm/rapport/internal/demo"
)

// TestTheGeneratedGroupShowsTheSkillOfScoresAndTheirLimits holds on to what docs/backtest.md says about the demo: the scores foretell
// losses better than chance and than the rules anybody could use, and they do not foretell all of them.
func TestTheGeneratedGroupShowsTheSkillOfScoresAndTheirLimits(t *testing.T) {
	t.Parallel()
	if raceDetector {
		t.Skip("too slow under the race detector; make test-full runs it")
	}
	g, err := demo.New(demo.Options{End: domain.InstantOf(date(t, "2025-12-01").Time())})
	if err != nil {
		t.Fatal(err)
	}
	log := newLog(2)
	for ev := range g.Events() {
		log.add(&ev)
	}
	policy := backtest.Policy{Name: "default", Policy: domain.DefaultPolicy()}
	r := run(t, log, backtest.Options{Policies: []backtest.Policy{policy}, Horizon: days(90), Resamples: 100})
	o := r.Origins[0]
	best := 0.0
	for _, s := range o.Scores {
		if s.Kind == backtest.KindRule {
			best = max(best, s.All.AUC.Value)
		}
	}
	for _, name := range []string{"policy " + policy.Name, "learned_risk"} {
		s := find(t, o.Scores, name)
		area, lift := s.All.AUC, s.All.Top[0].Lift
		if area.Interval.Low <= 0.5 || lift.Interval.Low <= 1 {
			t.Errorf("%s: area %v %v and lift %v %v are not above chance", name, area.Value, *area.Interval, lift.Value, *lift.Interval)
		}
		if area.Value <= best {
			t.Errorf("%s: the area is %.4f, that of a rule %.4f", name, area.Value, best)
		}
		if area.Value > 0.99 {
			t.Errorf("%s: the area is %.4f: the data give their secret away", name, area.Value)
		}
	}
	w := r.Policies[0].Warnings
	if w.Right == 0 || w.False == 0 || w.Reported.Caught == 0 || w.Reported.Missed == 0 {
		t.Errorf("the warnings are %+v", w)
	}
	if lead := w.Reported.LeadDays; lead == nil || *lead < 7 {
		t.Errorf("half of the reported losses are warned of %v days before or less", lead)
	}
	low, watch := find(t, o.Scores, "policy "+policy.Name).Levels[domain.RiskLow], find(t, o.Scores, "policy "+policy.Name).Levels[domain.RiskWatch]
	if low.Lost == 0 || watch.Lost == watch.Customers || watch.Lost*low.Customers <= 2*low.Lost*watch.Customers {
		t.Errorf("of %d customers without a warning %d were lost, of %d under watch %d", low.Customers, low.Lost, watch.Customers, watch.Lost)
	}
}
