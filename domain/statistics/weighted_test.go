package statistics_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/statistics"
)

func TestTheWeightOfAMissingPartGoesToTheOthers(t *testing.T) {
	t.Parallel()
	whole := func(v int64) *big.Rat { return big.NewRat(v, 1) }
	for name, v := range map[string]struct {
		parts []statistics.Part
		want  *big.Rat
	}{
		"all present":       {[]statistics.Part{{1, whole(9)}, {2, whole(6)}}, whole(7)},
		"one missing":       {[]statistics.Part{{1, whole(9)}, {2, nil}}, whole(9)},
		"zero weight":       {[]statistics.Part{{0, whole(1)}, {3, whole(8)}}, whole(8)},
		"negative weight":   {[]statistics.Part{{-4, whole(1)}, {3, whole(8)}}, whole(8)},
		"a third":           {[]statistics.Part{{1, whole(9)}, {1, whole(9)}, {1, whole(10)}}, big.NewRat(28, 3)},
		"all missing":       {[]statistics.Part{{1, nil}, {1, nil}}, nil},
		"nothing":           {nil, nil},
		"only zero weights": {[]statistics.Part{{0, whole(1)}}, nil},
	} {
		got := statistics.WeightedMean(v.parts)
		if (got == nil) != (v.want == nil) || got != nil && got.Cmp(v.want) != 0 {
			t.Errorf("%s: %v, want %v", name, got, v.want)
		}
	}
}

func TestAnIndexDoesNotDependOnTheOrderOfItsPartsAndLiesBetweenThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := make([]statistics.Part, rapid.IntRange(1, 10).Draw(t, "parts"))
		low, high := big.NewRat(10, 1), new(big.Rat)
		for i := range parts {
			answers := rapid.Int64Range(1, 1000).Draw(t, "answers")
			value := big.NewRat(rapid.Int64Range(answers, 10*answers).Draw(t, "sum"), answers)
			parts[i] = statistics.Part{Weight: rapid.Int64Range(1, 1000).Draw(t, "weight"), Value: value}
			if value.Cmp(low) < 0 {
				low = value
			}
			if value.Cmp(high) > 0 {
				high = value
			}
		}
		a := statistics.WeightedMean(parts)
		b := statistics.WeightedMean(rapid.Permutation(parts).Draw(t, "order"))
		if a.Cmp(b) != 0 || a.Cmp(low) < 0 || a.Cmp(high) > 0 {
			t.Fatalf("%v and %v of parts from %v to %v", a, b, low, high)
		}
	})
}

func TestThousandthsRoundHalvesUp(t *testing.T) {
	t.Parallel()
	for _, v := range []struct{ a, b, want int64 }{
		{28, 3, 9333}, {29, 3, 9667}, {8, 1, 8000}, {1, 2000, 1}, {3, 2000, 2}, {1, 2001, 0}, {0, 1, 0}, {-1, 2000, 0}, {-3, 2, -1500},
	} {
		if got := statistics.Thousandths(big.NewRat(v.a, v.b)); got != v.want {
			t.Errorf("%d/%d is %d thousandths, want %d", v.a, v.b, got, v.want)
		}
	}
}

func TestParetoPutsTheMostFrequentFirst(t *testing.T) {
	t.Parallel()
	rows := statistics.Pareto(map[string]int64{"V02": 3, "V11": 5, "V01": 3, "V05": 0, "V06": -1, "V14": 1})
	want := []statistics.ParetoRow{
		{"V11", 5, statistics.Share{Part: 5, Whole: 12}}, {"V01", 3, statistics.Share{Part: 8, Whole: 12}},
		{"V02", 3, statistics.Share{Part: 11, Whole: 12}}, {"V14", 1, statistics.Share{Part: 12, Whole: 12}},
	}
	if len(rows) != len(want) {
		t.Fatalf("rows %+v", rows)
	}
	for i := range want {
		if rows[i] != want[i] {
			t.Errorf("row %d is %+v, want %+v", i, rows[i], want[i])
		}
	}
	if rows := statistics.Pareto(nil); rows == nil || len(rows) != 0 {
		t.Errorf("rows of nothing: %v", rows)
	}
}
