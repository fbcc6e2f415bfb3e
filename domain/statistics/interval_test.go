package statistics_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/statistics"
)

// Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I,
// method 3; the last two are the small samples of a top-two-box share.
func TestWilsonIntervalsOfNewcombe1998(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		share     statistics.Share
		low, high float64
	}{
		{statistics.Share{Part: 81, Whole: 263}, 0.2553, 0.3662},
		{statistics.Share{Part: 15, Whole: 148}, 0.0624, 0.1605},
		{statistics.Share{Part: 0, Whole: 20}, 0, 0.1611},
		{statistics.Share{Part: 1, Whole: 29}, 0.0061, 0.1718},
		{statistics.Share{Part: 8, Whole: 10}, 0.4902, 0.9433},
		{statistics.Share{Part: 90, Whole: 100}, 0.8256, 0.9448},
	} {
		i, ok := v.share.Interval(0.95)
		if !ok || !near(i.Low, v.low, 4) || !near(i.High, v.high, 4) {
			t.Errorf("%+v: %v, want [%v, %v]", v.share, i, v.low, v.high)
		}
	}
}

// Newcombe, "Interval estimation for the difference between independent proportions", the same volume, table II, method
// 10.
func TestDifferencesOfSharesOfNewcombe1998(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		first, second statistics.Share
		low, high     float64
	}{
		{statistics.Share{Part: 48, Whole: 80}, statistics.Share{Part: 56, Whole: 70}, 0.0524, 0.3339},
		{statistics.Share{Part: 3, Whole: 10}, statistics.Share{Part: 9, Whole: 10}, 0.1705, 0.8090},
		{statistics.Share{Part: 2, Whole: 7}, statistics.Share{Part: 6, Whole: 7}, 0.0582, 0.8062},
		{statistics.Share{Part: 0, Whole: 29}, statistics.Share{Part: 5, Whole: 56}, -0.0381, 0.1926},
		{statistics.Share{Part: 0, Whole: 10}, statistics.Share{Part: 10, Whole: 10}, 0.6075, 1},
	} {
		_, i, ok := statistics.CompareShares(v.first, v.second, 0.95)
		if !ok || !near(i.Low, v.low, 4) || !near(i.High, v.high, 4) {
			t.Errorf("%+v to %+v: %v, want [%v, %v]", v.first, v.second, i, v.low, v.high)
		}
	}
	if _, _, ok := statistics.CompareShares(statistics.Share{}, statistics.Share{Part: 1, Whole: 2}, 0.95); ok {
		t.Error("a difference from an empty share")
	}
}

// Rocks, "Interval estimation for the net promoter score", The American Statistician 70 (2016). The figures are computed
// with z = 1.96, which shows in the last digit of 65.21.
func TestNetPromoterIntervalsOfRocks2016(t *testing.T) {
	t.Parallel()
	level := math.Erf(1.96 / math.Sqrt2)
	p := statistics.Promotion{Promoters: 60, Passives: 25, Detractors: 15}
	score, _ := p.Score()
	se, _ := p.StandardError()
	wald, _ := p.WaldInterval(level)
	if score != 45 || !near(se, 7.399, 3) || !near(wald.Low, 30.50, 2) || !near(wald.High, 59.50, 2) {
		t.Errorf("score %v, standard error %v, Wald %v, want 45, 7.399, [30.50, 59.50]", score, se, wald)
	}
	centre, i, _ := p.Interval(level)
	if !near(centre, 43.689, 3) || !near(i.Low, 29.34, 2) || !near(i.High, 58.04, 2) {
		t.Errorf("adjusted %v %v, want 43.689 [29.34, 58.04]", centre, i)
	}
	p = statistics.Promotion{Promoters: 5, Passives: 3, Detractors: 2}
	score, _ = p.Score()
	centre, i, _ = p.Interval(level)
	if score != 30 || !near(centre, 23.077, 3) || !near(i.Low, -19.05, 2) || !near(i.High, 65.21, 2) {
		t.Errorf("score %v, adjusted %v %v, want 30, 23.077 [-19.05, 65.21]", score, centre, i)
	}
}

func TestOnlyAScaleFromZeroToTenHasPromoters(t *testing.T) {
	t.Parallel()
	p, ok := distributionOf(t, 0, 1, 1, 1, 1, 1, 1, 1, 10, 20, 300, 400).Promotion()
	if want := (statistics.Promotion{Promoters: 700, Passives: 30, Detractors: 7}); !ok || p != want {
		t.Errorf("%+v, want %+v", p, want)
	}
	if p, ok := distributionOf(t, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1).Promotion(); ok {
		t.Errorf("%+v on a scale from 1 to 10", p)
	}
}

// tenths sums values given in tenths.
func tenths(values ...int64) (m statistics.Moments) {
	for _, v := range values {
		m.Add(v, 1)
	}
	return m
}

// Student, "The probable error of a mean", Biometrika 6 (1908): the additional hours of sleep under two drugs. The
// figures are those that R prints for its data set "sleep".
func TestTheSleepDataOfStudent1908(t *testing.T) {
	t.Parallel()
	first := tenths(7, -16, -2, -12, -1, 34, 37, 8, 0, 20)
	second := tenths(19, 8, 11, 1, -1, 44, 55, 16, 46, 34)
	d, ok := statistics.Compare(first, second)
	if !ok || !near(d.Estimate/10, 1.58, 12) || !near(d.Degrees, 17.776, 3) || !near(d.Estimate/d.StandardError, 1.8608, 4) {
		t.Errorf("difference %+v", d)
	}
	i, _ := d.Interval(0.95)
	if !near(i.Low/10, -0.2054832, 7) || !near(i.High/10, 3.3654832, 7) || !near(d.PValue(), 0.07939, 5) {
		t.Errorf("interval %v and p %v, want [-2.054832, 33.654832] and 0.07939", i, d.PValue())
	}
	paired := tenths(12, 24, 13, 13, 0, 10, 18, 8, 46, 14)
	i, ok = paired.MeanInterval(0.95)
	if !ok || !near(i.Low/10, 0.7001142, 7) || !near(i.High/10, 2.4598858, 7) {
		t.Errorf("interval of the differences %v, want [7.001142, 24.598858]", i)
	}
}

func TestAFigureThatTheAnswersDoNotDetermineIsAbsent(t *testing.T) {
	t.Parallel()
	var none statistics.Moments
	one := tenths(7)
	for name, present := range map[string]func() bool{
		"mean of nothing":          func() bool { _, ok := none.Mean(); return ok },
		"exact mean of nothing":    func() bool { return none.ExactMean() != nil },
		"deviation of one":         func() bool { _, ok := one.StandardDeviation(); return ok },
		"error of one":             func() bool { _, ok := one.StandardError(); return ok },
		"interval of one":          func() bool { _, ok := one.MeanInterval(0.95); return ok },
		"comparison with one":      func() bool { _, ok := statistics.Compare(one, tenths(1, 2)); return ok },
		"value of an empty share":  func() bool { _, ok := statistics.Share{}.Value(); return ok },
		"value of part above all":  func() bool { _, ok := statistics.Share{Part: 3, Whole: 2}.Value(); return ok },
		"value of a negative part": func() bool { _, ok := statistics.Share{Part: -1, Whole: 2}.Value(); return ok },
		"interval of empty share":  func() bool { _, ok := statistics.Share{}.Interval(0.95); return ok },
		"share at level 1":         func() bool { _, ok := statistics.Share{Part: 1, Whole: 2}.Interval(1); return ok },
		"mean at level 0":          func() bool { _, ok := tenths(1, 2).MeanInterval(0); return ok },
		"score of nobody":          func() bool { _, ok := statistics.Promotion{}.Score(); return ok },
		"error of nobody":          func() bool { _, ok := statistics.Promotion{}.StandardError(); return ok },
		"interval of nobody":       func() bool { _, _, ok := statistics.Promotion{}.Interval(0.95); return ok },
		"Wald interval of nobody":  func() bool { _, ok := statistics.Promotion{}.WaldInterval(0.95); return ok },
		"score of negative counts": func() bool { _, ok := statistics.Promotion{Promoters: 3, Detractors: -1}.Score(); return ok },
	} {
		if present() {
			t.Errorf("%s is present", name)
		}
	}
}

func TestEqualAnswersHaveIntervalsWithoutWidth(t *testing.T) {
	t.Parallel()
	same := tenths(7, 7, 7)
	if i, ok := same.MeanInterval(0.95); !ok || i != (statistics.Interval{Low: 7, High: 7}) {
		t.Errorf("interval %v", i)
	}
	d, ok := statistics.Compare(same, tenths(9, 9))
	if i, known := d.Interval(0.95); !ok || !known || i != (statistics.Interval{Low: 2, High: 2}) || d.PValue() != 0 {
		t.Errorf("difference %+v, interval %v, p %v", d, i, d.PValue())
	}
	if d, _ := statistics.Compare(same, same); d.PValue() != 1 {
		t.Errorf("p %v of no difference, want 1", d.PValue())
	}
}

// Rounding may put an end a few units of the last place beside the estimate when both are the same number.
const last = 1e-12

func TestIntervalsContainTheEstimateAndShrinkWithTheNumberOfAnswers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		level := rapid.Float64Range(0.95, 0.999).Draw(t, "level")
		s, _ := statistics.NewScale(0, 10)
		d := count(t, s, scores(t, s, 2, 40, "answers"))
		more := d
		for range rapid.IntRange(1, 5).Draw(t, "times") {
			if err := more.Merge(d); err != nil {
				t.Fatal(err)
			}
		}
		mean, _ := d.Moments().Mean()
		i, ok := d.Moments().MeanInterval(level)
		j, _ := more.Moments().MeanInterval(level)
		check(t, "mean", mean, i, j, ok)

		share, _ := d.Top(2).Value()
		i, ok = d.Top(2).Interval(level)
		j, _ = more.Top(2).Interval(level)
		check(t, "share", share, i, j, ok)

		p, _ := d.Promotion()
		q, _ := more.Promotion()
		score, _ := p.Score()
		_, i, ok = p.Interval(level)
		_, j, _ = q.Interval(level)
		check(t, "score", score, i, j, ok)
		i, ok = p.WaldInterval(level)
		j, _ = q.WaldInterval(level)
		check(t, "score by Wald", score, i, j, ok)
	})
}

func check(t *rapid.T, what string, estimate float64, i, ofMore statistics.Interval, ok bool) {
	if !ok || math.IsNaN(i.Width()) || estimate < i.Low-last || estimate > i.High+last {
		t.Fatalf("%s: %v does not contain %v", what, i, estimate)
	}
	if ofMore.Width() > i.Width()+last {
		t.Fatalf("%s: more answers widen %v to %v", what, i, ofMore)
	}
}
