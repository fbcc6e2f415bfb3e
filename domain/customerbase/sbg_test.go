package customerbase_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

func exp(x float64) float64 { return math.Exp(x) }

// The cohorts of Fader and Hardie (2007), in customers of a thousand: the loss in each of seven years.
var (
	regular = customerbase.Cohort{Lost: []int{369, 163, 86, 56, 37, 27, 21}, Left: 241}
	highEnd = customerbase.Cohort{Lost: []int{131, 126, 90, 60, 42, 34, 26}, Left: 491}
)

func TestSBGValuesOfFaderAndHardie2007(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		model      customerbase.SBG
		cohort     customerbase.Cohort
		likelihood string
		projected  [5]string
		observed   [5]float64
	}{
		{
			"high end", customerbase.SBG{Alpha: 0.668088, Beta: 3.806095}, highEnd, "-1611.158",
			[5]string{"46.0", "43.6", "41.4", "39.5", "37.8"},
			[5]float64{46.8, 44.5, 42.7, 40.9, 39.4},
		},
		{
			"regular", customerbase.SBG{Alpha: 0.704077, Beta: 1.182043}, regular, "-1680.265",
			[5]string{"22.0", "20.4", "19.1", "18.0", "17.0"},
			[5]float64{22.3, 20.7, 19.4, 18.3, 17.3},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			get := value(t)
			printed(t, "log-likelihood", get(c.model.LogLikelihood(c.cohort)), c.likelihood)
			for i, want := range c.projected {
				left := 100 * get(c.model.Survival(8+i))
				printed(t, fmt.Sprintf("share left after %d years", 8+i), left, want)
				// The model saw seven years, and these are the next ones.
				if math.Abs(left-c.observed[i]) > 1.7 {
					t.Errorf("after %d years %v were left, but %v projected", 8+i, c.observed[i], left)
				}
			}
		})
	}
}

func TestSBGRetentionIsTheRatioOfSurvivals(t *testing.T) {
	t.Parallel()
	get := value(t)
	m := customerbase.SBG{Alpha: 0.668088, Beta: 3.806095}
	before := 0.0
	for n := range 40 {
		r := get(m.Retention(n))
		near(t, "retention", r, get(m.Survival(n+1))/get(m.Survival(n)), 1e-13)
		if r <= before {
			t.Errorf("retention does not rise at %d", n)
		}
		before = r
	}
	// Without a discount the payments are the sum of the conditional survivals.
	sum := 0.0
	for i := range 10 {
		sum += get(m.Survival(3+i)) / get(m.Survival(3))
	}
	near(t, "periods to come", get(m.DiscountedPeriods(3, 10, 0)), sum, 1e-13)
	near(t, "periods at a high discount", get(m.DiscountedPeriods(3, 10, 1e12)), 1, 1e-11)
}
