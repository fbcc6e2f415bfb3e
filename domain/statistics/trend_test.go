package statistics_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/statistics"
)

// Ezekiel, Methods of Correlation Analysis (1930): speed and stopping distance of 50 cars. The figures are those that R
// prints for its data set "cars".
func TestTheTrendOfEzekiel1930(t *testing.T) {
	t.Parallel()
	var periods []statistics.Period
	for speed, distances := range map[int64][]int64{
		4: {2, 10}, 7: {4, 22}, 8: {16}, 9: {10}, 10: {18, 26, 34}, 11: {17, 28}, 12: {14, 20, 24, 28},
		13: {26, 34, 34, 46}, 14: {26, 36, 60, 80}, 15: {20, 26, 54}, 16: {32, 40}, 17: {32, 40, 50},
		18: {42, 56, 76, 84}, 19: {36, 46, 68}, 20: {32, 48, 52, 56, 64}, 22: {66}, 23: {54}, 24: {70, 92, 93, 120},
		25: {85},
	} {
		periods = append(periods, statistics.Period{Number: speed, Moments: tenths(distances...)})
	}
	trend, ok := statistics.TrendOf(periods)
	if !ok || !near(trend.Slope, 3.9324, 4) || !near(trend.StandardError, 0.4155, 4) || trend.Degrees != 48 {
		t.Errorf("trend %+v, want 3.9324, 0.4155 and 48", trend)
	}
	if i, ok := trend.Interval(0.95); !ok || !near(i.Low, 3.096964, 6) || !near(i.High, 4.767853, 6) {
		t.Errorf("interval %v, want [3.096964, 4.767853]", i)
	}
}

func TestATrendNeedsTwoPeriodsAndThreeAnswers(t *testing.T) {
	t.Parallel()
	for name, periods := range map[string][]statistics.Period{
		"nothing":       nil,
		"one period":    {{Number: 1, Moments: tenths(1, 2, 3)}},
		"two answers":   {{Number: 1, Moments: tenths(1)}, {Number: 2, Moments: tenths(3)}},
		"empty period":  {{Number: 1, Moments: tenths(1, 2, 3)}, {Number: 2}},
		"negative sums": {{Number: 1, Moments: tenths(1, 2, 3)}, {Number: 2, Moments: statistics.Moments{Count: 2, Sum: 5, Squares: -90}}},
	} {
		if trend, ok := statistics.TrendOf(periods); ok {
			t.Errorf("%s has the trend %+v", name, trend)
		}
	}
}

func TestATrendDependsNeitherOnOrderNorOnTheSplitOfAPeriod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, _ := statistics.NewScale(1, 10)
		var periods, pieces []statistics.Period
		for number := range int64(rapid.IntRange(2, 6).Draw(t, "periods")) {
			answers := scores(t, s, 2, 12, "answers")
			periods = append(periods, statistics.Period{Number: number, Moments: count(t, s, answers).Moments()})
			for _, part := range split(t, answers) {
				pieces = append(pieces, statistics.Period{Number: number, Moments: count(t, s, part).Moments()})
			}
		}
		a, ok := statistics.TrendOf(periods)
		b, _ := statistics.TrendOf(rapid.Permutation(pieces).Draw(t, "pieces"))
		if !ok || a != b || math.IsNaN(a.StandardError) {
			t.Fatalf("trend %+v, of pieces %+v", a, b)
		}
	})
}

func TestTheRankCorrelationIsThatOfTheRanks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anyScale(t)
		n := rapid.IntRange(2, 30).Draw(t, "n")
		x, y := scores(t, s, n, n, "x"), scores(t, s, n, n, "y")
		p, half := statistics.NewPairs(s, s), statistics.NewPairs(s, s)
		for i := range x {
			into := &p
			if i%2 == 0 {
				into = &half
			}
			if err := into.Add(x[i], y[i], 1); err != nil {
				t.Fatal(err)
			}
		}
		before := p
		if err := p.Merge(half); err != nil {
			t.Fatal(err)
		}
		got, ok := p.Spearman()
		want := pearson(ranks(x), ranks(y))
		if ok == math.IsNaN(want) || ok && math.Abs(got-want) > 1e-12 {
			t.Fatalf("correlation %v %v, want %v", got, ok, want)
		}
		if err := p.Sub(half); err != nil || p != before {
			t.Fatalf("taking away does not undo adding: %v", err)
		}
	})
}

func TestPairsOfOtherScalesOrChangesHaveNoCorrelation(t *testing.T) {
	t.Parallel()
	five, ten := newScale(t, 1, 5), newScale(t, 1, 10)
	p := statistics.NewPairs(five, ten)
	for _, err := range []error{p.Add(6, 1, 1), p.Add(1, 0, 1), p.Merge(statistics.NewPairs(ten, five)), p.Sub(statistics.NewPairs(five, five))} {
		if !errors.Is(err, statistics.ErrScale) {
			t.Errorf("error %v, want %v", err, statistics.ErrScale)
		}
	}
	if p != statistics.NewPairs(five, ten) {
		t.Error("what is not on the scales was counted")
	}
	if err := errors.Join(p.Add(1, 1, 3), p.Add(2, 2, 3), p.Add(3, 3, -1)); err != nil {
		t.Fatal(err)
	}
	if r, ok := p.Spearman(); ok {
		t.Errorf("changes have the correlation %v", r)
	}
}

// ranks returns the mean rank of each value.
func ranks(values []int) []float64 {
	list := make([]float64, len(values))
	for i, v := range values {
		for _, o := range values {
			switch {
			case o < v:
				list[i]++
			case o == v:
				list[i] += 0.5
			}
		}
	}
	return list
}

// pearson returns the linear correlation, NaN when one of the lists does not vary.
func pearson(x, y []float64) float64 {
	var mx, my, xy, xx, yy float64
	for i := range x {
		mx += x[i] / float64(len(x))
		my += y[i] / float64(len(y))
	}
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		if math.Abs(dx) < 1e-9 {
			dx = 0
		}
		if math.Abs(dy) < 1e-9 {
			dy = 0
		}
		xy, xx, yy = xy+dx*dy, xx+dx*dx, yy+dy*dy
	}
	return xy / math.Sqrt(xx*yy)
}
