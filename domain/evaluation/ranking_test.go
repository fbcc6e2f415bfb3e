package evaluation_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/evaluation"
)

func rank(t testing.TB, outcomes []evaluation.Outcome, o evaluation.RankOptions) evaluation.Ranking {
	t.Helper()
	r, err := evaluation.Rank(outcomes, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// drawOutcomes draws customers with scores from a few steps, so that many are equal.
func drawOutcomes(t *rapid.T, least int) []evaluation.Outcome {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) evaluation.Outcome {
		return evaluation.Outcome{Score: float64(rapid.IntRange(0, 9).Draw(t, "score")) / 9, Lost: rapid.Bool().Draw(t, "lost")}
	}), least, 60).Draw(t, "customers")
}

func TestAreaIsThatOfTheCurveOfGonum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		outcomes := drawOutcomes(t, 2)
		outcomes[0].Lost, outcomes[1].Lost = true, false
		sorted := slices.Clone(outcomes)
		slices.SortFunc(sorted, func(a, b evaluation.Outcome) int {
			if a.Score < b.Score {
				return -1
			}
			return 1
		})
		var scores []float64
		var lost []bool
		for _, c := range sorted {
			scores, lost = append(scores, c.Score), append(lost, c.Lost)
		}
		hits, alarms, _ := stat.ROC(nil, scores, lost, nil)
		r, err := evaluation.Rank(outcomes, evaluation.RankOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if want := integrate.Trapezoidal(alarms, hits); math.Abs(r.AUC.Value-want) > 1e-12 {
			t.Errorf("the area is %v, want %v", r.AUC.Value, want)
		}
	})
}

// TestFirstCustomersAgreeWithCounting asks for as many of the first as there are customers with a score not below each cut, where
// counting is enough.
func TestFirstCustomersAgreeWithCounting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		outcomes := drawOutcomes(t, 1)
		cut := outcomes[0].Score
		n, lost, all := 0.0, 0.0, 0.0
		for _, c := range outcomes {
			if c.Lost {
				all++
			}
			if c.Score >= cut {
				n++
				if c.Lost {
					lost++
				}
			}
		}
		r, err := evaluation.Rank(outcomes, evaluation.RankOptions{Shares: []float64{n / float64(len(outcomes))}})
		if err != nil {
			t.Fatal(err)
		}
		top := r.Top[0]
		near := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-9 {
				t.Errorf("%s is %v, want %v", what, got, want)
			}
		}
		near("lost", top.Lost, lost)
		near("precision", *top.Precision, lost/n)
		if all == 0 {
			if top.Recall != nil || top.Lift != nil {
				t.Errorf("nobody was lost, but the recall and the lift are %v and %v", top.Recall, top.Lift)
			}
			return
		}
		near("recall", *top.Recall, lost/all)
		near("lift", top.Lift.Value, lost/n/(all/float64(len(outcomes))))
	})
}

// TestCustomersAtTheCutCountInPart has 1 customer ahead and 4 with the same score, of whom 1 was lost: the first 40 % are
// the one ahead and a quarter of each of the four.
func TestCustomersAtTheCutCountInPart(t *testing.T) {
	t.Parallel()
	outcomes := []evaluation.Outcome{{Score: 2, Lost: true}, {Score: 1, Lost: true}, {Score: 1}, {Score: 1}, {Score: 1}}
	top := rank(t, outcomes, evaluation.RankOptions{Shares: []float64{0.4}}).Top[0]
	if top.Customers != 2 || top.Lost != 1.25 || *top.Precision != 0.625 || *top.Recall != 0.625 || top.Lift.Value != 0.625/0.4 {
		t.Errorf("the first are %+v", top)
	}
}

func TestOrderOfCustomersDoesNotShow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		outcomes := drawOutcomes(t, 0)
		shuffled := rapid.Permutation(outcomes).Draw(t, "order")
		o := evaluation.RankOptions{Resamples: 40, Seed: 7}
		first, err1 := evaluation.Rank(outcomes, o)
		second, err2 := evaluation.Rank(shuffled, o)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%+v, %v and %+v, %v", first, err1, second, err2)
		}
		judged, err1 := evaluation.Judge(outcomes)
		again, err2 := evaluation.Judge(shuffled)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(judged, again) {
			t.Errorf("%+v, %v and %+v, %v", judged, err1, again, err2)
		}
	})
}

// TestIntervalCoversTheTruth draws many sets of customers whose true area is known: scores are normal with a distance of 1
// between those who were lost and those who stayed, so it is the normal distribution at the square root of one half.
func TestIntervalCoversTheTruth(t *testing.T) {
	t.Parallel()
	const truth, sets = 0.7602499389065233, 300
	source := rand.New(rand.NewPCG(1, 2))
	covered := 0
	for range sets {
		outcomes := make([]evaluation.Outcome, 120)
		for i := range outcomes {
			lost := i%2 == 0
			outcomes[i] = evaluation.Outcome{Score: source.NormFloat64(), Lost: lost}
			if lost {
				outcomes[i].Score++
			}
		}
		ci := rank(t, outcomes, evaluation.RankOptions{Resamples: 200, Seed: 3}).AUC.Interval
		if ci.Low <= truth && truth <= ci.High {
			covered++
		}
	}
	// 95 % of 300 are 285; the limits are four standard deviations away, less what percentiles of 200 samples lose.
	if covered < 266 || covered > 300 {
		t.Errorf("%d of %d intervals cover the truth", covered, sets)
	}
}

// TestIntervalsHaveTheRecordedBits pins the generator: a report must not change between versions or platforms.
func TestIntervalsHaveTheRecordedBits(t *testing.T) {
	t.Parallel()
	var outcomes []evaluation.Outcome
	for i := range 50 {
		outcomes = append(outcomes, evaluation.Outcome{Score: float64(i * 7 % 50), Lost: i*i%3 == 1})
	}
	r := rank(t, outcomes, evaluation.RankOptions{Shares: []float64{0.1}, Resamples: 1000, Seed: 42})
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"customers":50,"lost":33,"base_rate":0.66,` +
		`"auc":{"value":0.5187165775401069,"interval_95":{"low":0.34318555008210183,"high":0.6985446985446986}},` +
		`"top":[{"share":0.1,"customers":5,"lost":4,"precision":0.8,"recall":0.12121212121212122,` +
		`"lift":{"value":1.2121212121212122,"interval_95":{"low":0.35714285714285715,"high":1.6129032258064517}}}]}`
	if string(got) != want {
		t.Errorf("the ranking is %s", got)
	}
}

func TestFiguresWithoutCustomersAreNull(t *testing.T) {
	t.Parallel()
	r, err := json.Marshal(rank(t, nil, evaluation.RankOptions{Shares: []float64{0.5}, Resamples: 10}))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"customers":0,"lost":0,"base_rate":null,"auc":null,` +
		`"top":[{"share":0.5,"customers":0,"lost":0,"precision":null,"recall":null,"lift":null}]}`
	if string(r) != want {
		t.Errorf("the ranking is %s", r)
	}
	j, err := evaluation.Judge(nil)
	if err != nil || j.Brier != nil || j.LogLoss != nil || j.Error != nil || len(j.Bins) != 10 || j.Bins[3].Observed != nil {
		t.Errorf("the judgement is %+v, %v", j, err)
	}
	if a, err := evaluation.Compare(nil); err != nil || a.MeanAbsoluteError != nil {
		t.Errorf("the accuracy is %+v, %v", a, err)
	}
}

func TestImpossibleArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := evaluation.Rank([]evaluation.Outcome{{Score: x}}, evaluation.RankOptions{}); !errors.Is(err, evaluation.ErrArgument) {
			t.Errorf("score %v: the error is %v", x, err)
		}
		if _, err := evaluation.Compare([]evaluation.Forecast{{Expected: x}}); !errors.Is(err, evaluation.ErrArgument) {
			t.Errorf("forecast %v: the error is %v", x, err)
		}
	}
	for _, x := range []float64{math.NaN(), -0.1, 1.1} {
		if _, err := evaluation.Judge([]evaluation.Outcome{{Score: x}}); !errors.Is(err, evaluation.ErrArgument) {
			t.Errorf("chance %v: the error is %v", x, err)
		}
		if _, err := evaluation.Rank(nil, evaluation.RankOptions{Shares: []float64{x}}); !errors.Is(err, evaluation.ErrArgument) {
			t.Errorf("share %v: the error is %v", x, err)
		}
		if _, err := evaluation.Concentration(nil, x); !errors.Is(err, evaluation.ErrArgument) {
			t.Errorf("share %v: the error is %v", x, err)
		}
	}
}

func BenchmarkRankWithIntervals(b *testing.B) {
	source := rand.New(rand.NewPCG(1, 2))
	outcomes := make([]evaluation.Outcome, 23570)
	for i := range outcomes {
		outcomes[i] = evaluation.Outcome{Score: source.Float64(), Lost: source.Float64() < 0.7}
	}
	for b.Loop() {
		rank(b, outcomes, evaluation.RankOptions{Resamples: 1000})
	}
}
