package evaluation_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/evaluation"
)

func TestChancesAreJudgedByHand(t *testing.T) {
	t.Parallel()
	j, err := evaluation.Judge([]evaluation.Outcome{{0.1, false}, {0.15, true}, {0.8, true}, {1, true}})
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got *float64, want float64) {
		t.Helper()
		if got == nil || math.Abs(*got-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("Brier score", j.Brier, (0.01+0.7225+0.04)/4)
	near("log-loss", j.LogLoss, -(math.Log(0.9)+math.Log(0.15)+math.Log(0.8))/4)
	near("foretold", j.Foretold, 2.05/4)
	near("observed", j.Observed, 0.75)
	// Bins: two customers between 0.1 and 0.2 with 0.25 foretold and 1 lost, one at 0.8, one at 1.
	near("error", j.Error, (0.75+0.2+0)/4)
	if b := j.Bins[1]; b.Customers != 2 || b.Lost != 1 || *b.Foretold != 0.125 || *b.Observed != 0.5 {
		t.Errorf("the second bin is %+v", b)
	}
	if j.Bins[8].Customers != 1 || j.Bins[9].Customers != 1 || j.Bins[9].To != 1 {
		t.Errorf("the last bins are %+v", j.Bins[8:])
	}
}

func TestASureMistakeHasAFiniteLoss(t *testing.T) {
	t.Parallel()
	j, err := evaluation.Judge([]evaluation.Outcome{{0, true}})
	if err != nil || math.Abs(*j.LogLoss-15*math.Ln10) > 1e-12 || *j.Brier != 1 {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestBrierScoreIsLeastAtTheObservedShare is what makes it honest: no other chance for all does better.
func TestBrierScoreIsLeastAtTheObservedShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		outcomes := drawOutcomes(t, 1)
		judge := func(p float64) float64 {
			for i := range outcomes {
				outcomes[i].Score = p
			}
			j, err := evaluation.Judge(outcomes)
			if err != nil {
				t.Fatal(err)
			}
			return *j.Brier
		}
		lost := 0.0
		for _, c := range outcomes {
			if c.Lost {
				lost++
			}
		}
		best := judge(lost / float64(len(outcomes)))
		if other := judge(rapid.Float64Range(0, 1).Draw(t, "chance")); other < best-1e-12 {
			t.Errorf("another chance has the score %v, below %v", other, best)
		}
	})
}

func TestForecastsAreComparedByHand(t *testing.T) {
	t.Parallel()
	forecasts := []evaluation.Forecast{{3, 1}, {1, 2}, {1, 0}, {1, 3}, {0, 4}}
	a, err := evaluation.Compare(forecasts)
	if err != nil || a.Customers != 5 || a.Expected != 6 || a.Actual != 10 || *a.MeanAbsoluteError != (2+1+1+2+4)/5.0 {
		t.Errorf("%+v, %v", a, err)
	}
	// The first 40 % are the first customer and a third of each of the next three.
	for share, want := range map[float64]float64{0: 0, 0.2: 0.1, 0.4: (1 + 5.0/3) / 10, 0.8: 0.6, 1: 1} {
		got, err := evaluation.Concentration(forecasts, share)
		if err != nil || math.Abs(*got-want) > 1e-12 {
			t.Errorf("the first %v hold %v, %v; want %v", share, *got, err, want)
		}
	}
	if got, err := evaluation.Concentration([]evaluation.Forecast{{1, 0}}, 0.5); err != nil || got != nil {
		t.Errorf("no amount at all is held by %v, %v", got, err)
	}
}
