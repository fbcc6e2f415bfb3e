package customerbase_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

func drawLifetime(t *rapid.T) customerbase.Lifetime {
	return customerbase.Lifetime{
		Duration:  float64(rapid.IntRange(1, 6).Draw(t, "duration")),
		Ended:     rapid.Bool().Draw(t, "ended"),
		Customers: rapid.IntRange(1, 3).Draw(t, "customers"),
	}
}

// drawSubjects draws subjects with two covariates, each subject as a group and as single customers.
func drawSubjects(t *rapid.T) (grouped, single []customerbase.Subject) {
	for range rapid.IntRange(2, 12).Draw(t, "subjects") {
		s := customerbase.Subject{Lifetime: drawLifetime(t)}
		for range 2 {
			s.Covariates = append(s.Covariates, float64(rapid.IntRange(-2, 2).Draw(t, "covariate")))
		}
		grouped = append(grouped, s)
		one := s
		one.Customers = 1
		for range s.Customers {
			single = append(single, one)
		}
	}
	return grouped, rapid.Permutation(single).Draw(t, "order")
}

func cox(t *rapid.T, effects ...float64) customerbase.ProportionalHazards {
	var m customerbase.ProportionalHazards
	for _, x := range effects {
		m.Effects = append(m.Effects, customerbase.Parameter{Name: "x", Value: x})
	}
	return m
}

func partialLikelihood(t *rapid.T, m customerbase.ProportionalHazards, subjects []customerbase.Subject) customerbase.PartialLikelihood {
	l, err := m.PartialLikelihood(subjects)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// efron is the formula as Efron gives it, computed anew at each duration.
func efron(effects []float64, subjects []customerbase.Subject) float64 {
	risk := func(s customerbase.Subject) float64 {
		return float64(effects[0]*s.Covariates[0]) + float64(effects[1]*s.Covariates[1])
	}
	sum := 0.0
	for duration := range 7 {
		ended, n, all, gone := 0.0, 0, 0.0, 0.0
		for _, s := range subjects {
			w := math.Exp(risk(s))
			if s.Duration >= float64(duration) {
				all += w
			}
			if s.Duration == float64(duration) && s.Ended {
				ended += risk(s)
				gone += w
				n++
			}
		}
		for k := range n {
			ended -= math.Log(all - float64(k)/float64(n)*gone)
		}
		sum += ended
	}
	return sum
}

func TestPartialLikelihoodIsEfronsInAnyOrderAndGrouping(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		grouped, single := drawSubjects(t)
		effects := []float64{rapid.Float64Range(-3, 3).Draw(t, "first"), rapid.Float64Range(-3, 3).Draw(t, "second")}
		want := efron(effects, single)
		for _, subjects := range [][]customerbase.Subject{grouped, single} {
			if l := partialLikelihood(t, cox(t, effects...), subjects); math.Abs(l.Log-want) > 1e-9*(1+math.Abs(want)) {
				t.Errorf("the partial likelihood is %v, want %v", l.Log, want)
			}
		}
	})
}

func TestDerivativesOfThePartialLikelihoodAreItsDifferences(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, subjects := drawSubjects(t)
		effects := []float64{rapid.Float64Range(-2, 2).Draw(t, "first"), rapid.Float64Range(-2, 2).Draw(t, "second")}
		l := partialLikelihood(t, cox(t, effects...), subjects)
		const step = 1e-4
		for i := range effects {
			up, down := []float64{effects[0], effects[1]}, []float64{effects[0], effects[1]}
			up[i] += step
			down[i] -= step
			higher, lower := partialLikelihood(t, cox(t, up...), subjects), partialLikelihood(t, cox(t, down...), subjects)
			if slope := (higher.Log - lower.Log) / (2 * step); math.Abs(slope-l.Gradient[i]) > 1e-4 {
				t.Errorf("derivative %d is %v, want %v", i, l.Gradient[i], slope)
			}
			for j := range effects {
				if bend := (lower.Gradient[j] - higher.Gradient[j]) / (2 * step); math.Abs(bend-l.Information[i][j]) > 1e-4 {
					t.Errorf("second derivative %d, %d is %v, want %v", i, j, l.Information[i][j], bend)
				}
			}
		}
	})
}

func TestConcordanceIsTheShareOfPairsInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var lifetimes []customerbase.Lifetime
		var risks []float64
		for range rapid.IntRange(2, 15).Draw(t, "customers") {
			lifetimes = append(lifetimes, drawLifetime(t))
			risks = append(risks, float64(rapid.IntRange(0, 4).Draw(t, "risk")))
		}
		pairs, agree := 0.0, 0.0
		for i, a := range lifetimes {
			for j, b := range lifetimes {
				if !a.Ended || i == j || b.Duration < a.Duration || b.Duration == a.Duration && b.Ended {
					continue
				}
				n := float64(a.Customers * b.Customers)
				pairs += n
				switch {
				case risks[i] > risks[j]:
					agree += n
				case risks[i] == risks[j]:
					agree += n / 2
				}
			}
		}
		got, err := customerbase.Concordance(lifetimes, risks)
		if pairs == 0 {
			if !errors.Is(err, customerbase.ErrNoValue) {
				t.Errorf("without a pair the error is %v", err)
			}
			return
		}
		if err != nil || math.Abs(got-agree/pairs) > 1e-12 {
			t.Errorf("the concordance is %v, %v; want %v", got, err, agree/pairs)
		}
	})
}

// TestLargeRisksStayInRange has effects whose powers of e no number can hold.
func TestLargeRisksStayInRange(t *testing.T) {
	t.Parallel()
	m := customerbase.ProportionalHazards{Effects: []customerbase.Parameter{{Name: "x", Value: 1000}}}
	l, err := m.PartialLikelihood([]customerbase.Subject{
		{Lifetime: customerbase.Lifetime{Duration: 1, Ended: true, Customers: 1}, Covariates: []float64{1}},
		{Lifetime: customerbase.Lifetime{Duration: 2, Ended: true, Customers: 1}, Covariates: []float64{0}},
	})
	if err != nil || l.Log != 0 {
		t.Errorf("the partial likelihood is %v, %v", l.Log, err)
	}
	if _, err := m.LogRisk([]float64{1, 2}); !errors.Is(err, customerbase.ErrArgument) {
		t.Errorf("with a covariate too many the error is %v", err)
	}
}
