package customerbase_test

import (
	"math"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// TestGGompertzNBDLogLikelihoodsOfCLVToolsAndBemmaorAndGlady2012: both print b and beta with one or two digits, and only their ratio
// counts for the likelihood, so the published value must be the best one among what rounds to the printed digits.
func TestGGompertzNBDLogLikelihoodsOfCLVToolsAndBemmaorAndGlady2012(t *testing.T) {
	t.Parallel()
	s := cdnowSample(t)
	for name, c := range map[string]struct {
		model  customerbase.GGompertzNBD
		half   float64
		sought string
	}{
		"CLVTools":          {customerbase.GGompertzNBD{R: 0.55313, Alpha: 10.5758, B: 1.1e-6, S: 0.60682, Beta: 1.3e-5}, 5e-8, "-9594.9762"},
		"Bemmaor and Glady": {customerbase.GGompertzNBD{R: 0.553, Alpha: 10.578, B: 2e-4, S: 0.603, Beta: 2.6e-3}, 5e-5, "-9594.98"},
	} {
		best := math.Inf(-1)
		for i := range 41 {
			m := c.model
			m.B += c.half * (float64(i)/20 - 1)
			for j := range 5 {
				m.Beta = c.model.Beta * (1 + 0.0095*float64(j-2))
				best = max(best, value(t)(m.SampleLogLikelihood(s)))
			}
		}
		printed(t, name+": the log-likelihood", best, c.sought)
	}
}

// TestGGompertzNBDBecomesParetoNBD as the growth of the hazard vanishes.
func TestGGompertzNBDBecomesParetoNBD(t *testing.T) {
	t.Parallel()
	get := value(t)
	const growth = 1e-9
	m := customerbase.GGompertzNBD{R: cdnowPareto.R, Alpha: cdnowPareto.Alpha, B: growth, S: cdnowPareto.S, Beta: growth * cdnowPareto.Beta}
	for _, h := range []customerbase.History{history(0, 0, 38.86), history(2, 30.43, 38.86), history(26, 30.857, 31), history(200, 1, 40)} {
		near(t, "log-likelihood", get(m.LogLikelihood(h)), get(cdnowPareto.LogLikelihood(h)), 1e-7)
		near(t, "chance to be alive", get(m.Alive(h)), get(cdnowPareto.Alive(h)), 1e-6)
	}
}

// TestGGompertzNBDIsThePlainSum compares with Simpson's rule over many small steps.
func TestGGompertzNBDIsThePlainSum(t *testing.T) {
	t.Parallel()
	for _, m := range []customerbase.GGompertzNBD{
		{R: 0.5, Alpha: 10, B: 0.05, S: 0.6, Beta: 0.7}, {R: 2, Alpha: 3, B: 0.3, S: 1.5, Beta: 20}, {R: 0.5, Alpha: 1, B: 1, S: 0.2, Beta: 1},
	} {
		for _, h := range []customerbase.History{history(0, 0, 39), history(3, 20, 39), history(12, 38, 39)} {
			p := m.R + float64(h.Repeats)
			at := func(u float64) float64 {
				grown := m.Beta + math.Expm1(m.B*u)
				return m.B * m.S * math.Exp(m.B*u) * math.Pow(m.Alpha+u, -p) * math.Pow(grown, -m.S-1)
			}
			const steps = 40_000
			width := (h.Age - h.Last) / steps
			left := 0.0
			for i := range steps {
				u := h.Last + float64(i)*width
				left += width / 6 * (at(u) + 4*at(u+width/2) + at(u+width))
			}
			there := math.Pow(m.Alpha+h.Age, -p) * math.Pow(m.Beta+math.Expm1(m.B*h.Age), -m.S)
			near(t, "chance to be alive", value(t)(m.Alive(h)), there/(there+left), 1e-10)
		}
	}
}
