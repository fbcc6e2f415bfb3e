package customerbase_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// TestLikelihoodOfASampleIsTheSumOverItsCustomers compares the integrals that a sample shares with those of its customers one by
// one: on days, where histories share their moments, and on moments of their own.
func TestLikelihoodOfASampleIsTheSumOverItsCustomers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) float64 { return positiveNumber(t, name, 12) }
		m := customerbase.ParetoNBD{R: draw("r"), Alpha: draw("alpha"), S: draw("s"), Beta: draw("beta")}
		unit := rapid.SampledFrom([]float64{1, 1.0 / 7, 7, 1.0 / 1440}).Draw(t, "unit")
		days := rapid.IntRange(2, 60).Draw(t, "days")
		var groups []customerbase.Group
		for range rapid.IntRange(1, 80).Draw(t, "customers") {
			age := rapid.IntRange(1, days).Draw(t, "age")
			h := history(rapid.IntRange(0, 40).Draw(t, "repeats")/10, 0, float64(age)*unit)
			if h.Repeats > 0 {
				h.Repeats *= rapid.SampledFrom([]int{1, 1, 100}).Draw(t, "times")
				h.Last = float64(rapid.IntRange(1, age).Draw(t, "last")) * unit
			}
			groups = append(groups, customerbase.Group{History: h, Customers: 1})
		}
		s, err := customerbase.NewSample(groups)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := m.SampleLogLikelihood(s)
		if err != nil {
			t.Fatal(err)
		}
		sum, size := 0.0, 0.0
		for _, g := range groups {
			l, err := m.LogLikelihood(g.History)
			if err != nil {
				t.Fatal(err)
			}
			sum += l
			size += 1 + math.Abs(l)
		}
		if math.Abs(whole-sum) > 1e-11*size {
			t.Errorf("%+v: the sample has %v, its customers %v", m, whole, sum)
		}
	})
}
