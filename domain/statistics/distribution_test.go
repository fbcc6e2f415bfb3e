package statistics_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/statistics"
)

func TestAScaleHasTwoToElevenScores(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		low, high int
		ok        bool
	}{{0, 10, true}, {1, 10, true}, {1, 5, true}, {1, 7, true}, {0, 1, true}, {5, 5, false}, {6, 5, false}, {0, 11, false}, {-1, 3, false}, {200, 205, false}} {
		if _, err := statistics.NewScale(v.low, v.high); v.ok != (err == nil) || !v.ok && !errors.Is(err, statistics.ErrScale) {
			t.Errorf("scale from %d to %d: %v", v.low, v.high, err)
		}
	}
}

func TestAScoreOutsideTheScaleIsRefusedAndNotCounted(t *testing.T) {
	t.Parallel()
	d := statistics.NewDistribution(newScale(t, 1, 10))
	for _, score := range []int{0, 11, -1, math.MaxInt, math.MinInt} {
		if err := d.Add(score, 1); !errors.Is(err, statistics.ErrScale) {
			t.Errorf("score %d: %v", score, err)
		}
	}
	if other := distributionOf(t, 0, 1, 2); !errors.Is(d.Merge(other), statistics.ErrScale) || !errors.Is(d.Sub(other), statistics.ErrScale) {
		t.Error("distributions over different scales were combined")
	}
	if d != statistics.NewDistribution(newScale(t, 1, 10)) {
		t.Errorf("counts %v", d.Counts())
	}
}

// split draws a partition of the answers into parts and an order of the parts.
func split(t *rapid.T, answers []int) [][]int {
	parts := make([][]int, rapid.IntRange(1, 8).Draw(t, "parts"))
	for _, a := range answers {
		i := rapid.IntRange(0, len(parts)-1).Draw(t, "part")
		parts[i] = append(parts[i], a)
	}
	return rapid.Permutation(parts).Draw(t, "order")
}

func TestMergingAnyPartitionInAnyOrderEqualsARecount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anyScale(t)
		answers := scores(t, s, 0, 60, "answers")
		merged := statistics.NewDistribution(s)
		var moments statistics.Moments
		for _, part := range split(t, answers) {
			d := count(t, s, part)
			if err := merged.Merge(d); err != nil {
				t.Fatal(err)
			}
			moments.Merge(d.Moments())
		}
		if all := count(t, s, answers); merged != all || moments != all.Moments() {
			t.Fatalf("merged %v %+v, counted %v %+v", merged.Counts(), moments, all.Counts(), all.Moments())
		}
		checkFigures(t, merged, answers)
	})
}

// checkFigures computes every figure from the sorted answers.
func checkFigures(t *rapid.T, d statistics.Distribution, answers []int) {
	sorted := slices.Sorted(slices.Values(answers))
	n := len(sorted)
	mean, ok := d.Moments().Mean()
	median, ok2 := d.Median()
	p90, ok3 := d.Percentile(90)
	if n == 0 {
		if ok || ok2 || ok3 {
			t.Fatal("figures without answers")
		}
		return
	}
	sum, squares := 0, 0
	for _, a := range sorted {
		sum += a
		squares += a * a
	}
	if want := float64(sum) / float64(n); mean != want {
		t.Fatalf("mean %v, want %v", mean, want)
	}
	if want := float64(sorted[(n-1)/2]+sorted[n/2]) / 2; median != want {
		t.Fatalf("median %v, want %v", median, want)
	}
	if want := sorted[(n*90+99)/100-1]; p90 != want {
		t.Fatalf("90th percentile %v, want %v", p90, want)
	}
	variance, ok := d.Moments().Variance()
	if ok != (n >= 2) {
		t.Fatalf("variance of %d answers: %v", n, ok)
	}
	if want, _ := big.NewRat(int64(n*squares-sum*sum), int64(max(n*(n-1), 1))).Float64(); ok && variance != want {
		t.Fatalf("variance %v, want %v", variance, want)
	}
	atLeast := d.AtLeast(5)
	atMost := d.AtMost(4)
	if atLeast.Part+atMost.Part != int64(n) || atMost.Whole != int64(n) || d.Of(sorted[0]) < 1 {
		t.Fatalf("shares %+v and %+v of %d", atLeast, atMost, n)
	}
}

func TestTakingAwayUndoesAddingAndLeavesNoTrace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anyScale(t)
		kept, retracted := count(t, s, scores(t, s, 0, 20, "kept")), count(t, s, scores(t, s, 0, 20, "retracted"))
		before, moments := kept, kept.Moments()
		if err := errors.Join(kept.Merge(retracted), kept.Sub(retracted)); err != nil {
			t.Fatal(err)
		}
		moments.Merge(retracted.Moments())
		moments.Sub(retracted.Moments())
		if kept != before || moments != before.Moments() {
			t.Fatalf("%v %+v, want %v", kept.Counts(), moments, before.Counts())
		}
		score := rapid.IntRange(s.Low(), s.High()).Draw(t, "score")
		if err := errors.Join(kept.Add(score, 3), kept.Add(score, -3)); err != nil || kept != before {
			t.Fatalf("%v, error %v, want %v", kept.Counts(), err, before.Counts())
		}
	})
}

func TestSharesAndPromotersOfPartsAreThoseOfTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, _ := statistics.NewScale(0, 10)
		answers := scores(t, s, 0, 40, "answers")
		var share statistics.Share
		var promotion statistics.Promotion
		for _, part := range split(t, answers) {
			d := count(t, s, part)
			share.Merge(d.AtLeast(8))
			p, _ := d.Promotion()
			promotion.Merge(p)
		}
		whole := count(t, s, answers)
		want, ok := whole.Promotion()
		if !ok || share != whole.AtLeast(8) || promotion != want || whole.Scale() != s {
			t.Fatalf("%+v and %+v, want %+v and %+v", share, promotion, whole.AtLeast(8), want)
		}
		share.Sub(whole.AtLeast(8))
		promotion.Sub(want)
		if share != (statistics.Share{}) || promotion != (statistics.Promotion{}) {
			t.Fatalf("%+v and %+v are left", share, promotion)
		}
	})
}

func TestADistributionOfChangesHasNoFigures(t *testing.T) {
	t.Parallel()
	d := distributionOf(t, 1, 5, -1, 3)
	if _, ok := d.Median(); ok {
		t.Error("a median")
	}
	if _, ok := d.Percentile(50); ok {
		t.Error("a percentile")
	}
	if f := (statistics.Reporting{Least: 1}).Mean(d); f.Mean != nil || f.Interval != nil || f.Counts != nil || f.Count != 7 {
		t.Errorf("figures %+v", f)
	}
	if v, ok := (statistics.Moments{Count: 3, Sum: 10, Squares: 1}).Variance(); ok {
		t.Errorf("a variance of %v of no set of values", v)
	}
}

func TestAPercentileIsBetweenOneAndAHundred(t *testing.T) {
	t.Parallel()
	d := distributionOf(t, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
	for p, want := range map[int]int{1: 1, 10: 1, 11: 2, 50: 5, 90: 9, 91: 10, 100: 10} {
		if got, ok := d.Percentile(p); !ok || got != want {
			t.Errorf("percentile %d is %d, want %d", p, got, want)
		}
	}
	for _, p := range []int{0, 101, -5} {
		if got, ok := d.Percentile(p); ok {
			t.Errorf("percentile %d is %d", p, got)
		}
	}
}

func TestAShareBeyondTheScaleIsAllOrNothing(t *testing.T) {
	t.Parallel()
	d := distributionOf(t, 1, 1, 2, 3)
	for name, v := range map[string]struct {
		share statistics.Share
		want  int64
	}{
		"at most 0": {d.AtMost(0), 0}, "at most 2": {d.AtMost(2), 3}, "at most all": {d.AtMost(math.MaxInt), 6},
		"at least 4": {d.AtLeast(4), 0}, "at least 2": {d.AtLeast(2), 5}, "at least any": {d.AtLeast(math.MinInt), 6},
		"top 1": {d.Top(1), 3}, "top 3": {d.Top(3), 6}, "top 0": {d.Top(0), 0}, "top 9": {d.Top(9), 6},
	} {
		if v.share.Part != v.want || v.share.Whole != 6 {
			t.Errorf("%s is %+v, want %d of 6", name, v.share, v.want)
		}
	}
}

func TestLargeCountsStayExact(t *testing.T) {
	t.Parallel()
	const n = 1 << 50
	d := distributionOf(t, 9, n, n)
	mean, _ := d.Moments().Mean()
	variance, _ := d.Moments().Variance()
	if mean != 9.5 || !near(variance, 0.25, 15) {
		t.Errorf("mean %v and variance %v, want 9.5 and 0.25", mean, variance)
	}
	if p, _ := d.Percentile(51); p != 10 {
		t.Errorf("51st percentile %d, want 10", p)
	}
}

func BenchmarkMerge(b *testing.B) {
	one := statistics.NewDistribution(newScale(b, 1, 10))
	if err := one.Add(7, 1); err != nil {
		b.Fatal(err)
	}
	d := one
	for b.Loop() {
		if err := d.Merge(one); err != nil {
			b.Fatal(err)
		}
	}
}
