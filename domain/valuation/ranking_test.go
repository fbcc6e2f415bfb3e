package valuation_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/valuation"
)

// retail returns what each customer of Online Retail paid, in minor units. The data set is not part of the project: without
// it the test is skipped, except on CI.
func retail(t *testing.T) []int64 {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "online_retail", "online_retail_invoices.csv"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the data set Online Retail is not here")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sums := make(map[string]int64)
	for _, row := range rows[1:] {
		amount, err := strconv.ParseFloat(row[7], 64)
		if err != nil {
			t.Fatal(err)
		}
		if row[2] == "purchase" {
			sums[row[1]] += int64(math.Round(amount * 100))
		}
	}
	values := make([]int64, 0, len(sums))
	for _, v := range sums {
		values = append(values, v)
	}
	return values
}

// The figures are those of the same data computed independently (docs/value.md).
func TestOnlineRetailHasThePublishedClasses(t *testing.T) {
	t.Parallel()
	r := valuation.NewRanking(retail(t))
	if r.Customers() != 4338 || r.Total() != 891140790 {
		t.Errorf("%d customers with %d are ranked, want 4338 with 891140790", r.Customers(), r.Total())
	}
	var counts []int64
	for _, c := range r.Classes([]float64{0.8, 0.95, 1}) {
		counts = append(counts, c.Customers)
	}
	if want := []int64{1133, 1469, 1736}; !slices.Equal(counts, want) {
		t.Errorf("the classes hold %d customers, want %d", counts, want)
	}
	figures := map[string]string{}
	for _, top := range []float64{0.2, 0.1, 0.01} {
		share, _ := r.Top(top)
		figures[fmt.Sprint(top)] = fmt.Sprintf("%.4f", share)
	}
	gini, _ := r.Gini()
	figures["gini"] = fmt.Sprintf("%.4f", gini)
	for name, want := range map[string]string{"0.2": "0.7459", "0.1": "0.6133", "0.01": "0.3178", "gini": "0.7151"} {
		if figures[name] != want {
			t.Errorf("%s is %s, want %s", name, figures[name], want)
		}
	}
}

func TestClassesByHand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values []int64
		shares []float64
		want   []valuation.Class
		least  []int64
	}{
		"the customer who crosses a share is in the higher class": {
			[]int64{50, 40, 10}, []float64{0.8, 0.95, 1},
			[]valuation.Class{{2, 90, 40}, {1, 10, 10}, {}}, []int64{40, 10},
		},
		"a share that is reached exactly ends the class": {
			[]int64{80, 15, 5}, []float64{0.8, 0.95, 1},
			[]valuation.Class{{1, 80, 80}, {1, 15, 15}, {1, 5, 5}}, []int64{80, 15},
		},
		"equal values are in one class": {
			[]int64{25, 25, 25, 25}, []float64{0.3, 1},
			[]valuation.Class{{4, 100, 25}, {}}, []int64{25},
		},
		"one customer can leave a class empty": {
			[]int64{960, 40}, []float64{0.8, 0.95, 1},
			[]valuation.Class{{1, 960, 960}, {}, {1, 40, 40}}, []int64{960, 960},
		},
		"four classes": {
			[]int64{5, 3, 1, 1, 0, -7}, []float64{0.4, 0.6, 0.9, 1},
			[]valuation.Class{{1, 5, 5}, {1, 3, 3}, {2, 2, 1}, {}}, []int64{5, 3, 1},
		},
		"nobody": {nil, []float64{0.8, 1}, []valuation.Class{{}, {}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := valuation.NewRanking(slices.Clone(c.values))
			if got := r.Classes(c.shares); !slices.Equal(got, c.want) {
				t.Errorf("the classes are %+v, want %+v", got, c.want)
			}
			if got := r.Least(c.shares); !slices.Equal(got, c.least) {
				t.Errorf("the least values are %v, want %v", got, c.least)
			}
		})
	}
}

// Thresholds taken from a ranking put every ranked customer into the class of the ranking.
func TestLeastValuesGiveTheClassesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(1, 60), 1, 40).Draw(t, "values")
		shares := rapid.SampledFrom([][]float64{{0.8, 0.95, 1}, {0.5, 1}, {0.2, 0.5, 0.8, 1}}).Draw(t, "shares")
		r := valuation.NewRanking(slices.Clone(values))
		again := make([]valuation.Class, len(shares))
		for _, v := range values {
			k := &again[valuation.ClassOf(v, r.Least(shares))]
			if k.Customers == 0 || v < k.Least {
				k.Least = v
			}
			k.Customers, k.Value = k.Customers+1, k.Value+v
		}
		if want := r.Classes(shares); !slices.Equal(again, want) {
			t.Fatalf("the least values give %+v, want %+v", again, want)
		}
	})
}

func TestUnevennessByHand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values                []int64
		top, gini, herfindahl float64
	}{
		"equal":                 {[]int64{5, 5, 5, 5}, 0.25, 0, 0.25},
		"all with one of four":  {[]int64{1, 1, 1, 997}, 0.997, 0.747, 0.994012},
		"at least one customer": {[]int64{30, 10}, 0.75, 0.25, 0.625},
	} {
		r := valuation.NewRanking(c.values)
		top, _ := r.Top(0.25)
		gini, _ := r.Gini()
		herfindahl, _ := r.Herfindahl()
		for figure, pair := range map[string][2]float64{
			"share of the first quarter": {top, c.top}, "Gini": {gini, c.gini}, "Herfindahl": {herfindahl, c.herfindahl},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-12 {
				t.Errorf("%s: %s is %v, want %v", name, figure, pair[0], pair[1])
			}
		}
	}
	if _, ok := valuation.NewRanking([]int64{0, -3}).Gini(); ok {
		t.Error("values that are not positive have a coefficient of Gini")
	}
}
