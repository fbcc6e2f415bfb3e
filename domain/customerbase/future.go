package customerbase

import (
	"math"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// future is what lies before a customer who is there: purchases at a rate that has a gamma distribution of shape rate, each
// followed by a toss that is lost with a probability p that has the beta distribution (leave, stay).
type future struct{ rate, leave, stay float64 }

const (
	// futureStep is the step of the trapezoidal rule for a beta distribution of moderate width. Results differ from those of
	// much smaller steps by 2e-14, with 0.5 by 1e-10.
	futureStep = 0.35
	// futureSteps bounds the steps on one side. It is reached only by a distribution so narrow that its width is lost in the
	// rounding of its mode.
	futureSteps = 20_000
	// negligible is the share of a sum below which further terms do not change it.
	negligible = 0x1p-56
)

// purchases returns the expected number of purchases within tau scales of the gamma distribution. It is the mean over p of
//
//	f(p) = (1 - (1 + p tau)^-rate) / p,
//
// which the literature writes with Gauss's hypergeometric function (for BG/NBD equation 10 of Fader, Hardie and Lee, 2005).
// That form divides by a - 1 and cancels near a = 1; the mean has only positive terms. It is an integral over
// y = log(p/(1-p)), where the trapezoidal rule converges exponentially. The sum goes outwards from the mode of the
// distribution until terms no longer count.
func (u future) purchases(tau float64) float64 {
	if tau == 0 {
		return 0
	}
	mode := stablemath.Log(u.leave / u.stay)
	step := futureStep / math.Sqrt(1+float64(u.leave/(u.leave+u.stay)*u.stay))
	scale := stablemath.LogBeta(u.leave, u.stay)
	term := func(y float64) float64 { return u.term(y, tau, scale) }
	var sum stablemath.Sum
	sum.Add(term(mode))
	// Beyond the edge, terms fall by the same factor from step to step, because f and the other power are constant.
	edge := 42 + stablemath.Log1p((u.rate+1)*tau) + stablemath.Log1p(u.leave+u.stay)
	side := func(direction, tail float64) {
		quiet := 0
		for n := 1.0; n <= futureSteps; n++ {
			y := mode + float64(n*direction)
			t := term(y)
			if float64(y*direction) > float64(edge*step) {
				sum.Add(t / -stablemath.Expm1(-tail*step))
				return
			}
			sum.Add(t)
			quiet++
			if t > negligible*sum.Value() {
				quiet = 0
			} else if quiet == 2 {
				return
			}
		}
		sum.Add(math.NaN())
	}
	side(-step, u.leave)
	side(step, u.stay)
	return step * sum.Value()
}

// term is f(p) times the density of y.
func (u future) term(y, tau, scale float64) float64 {
	// With e = exp(-|y|) the larger of p and 1-p is 1/(1+e), and the logarithms of the two differ by |y|.
	e := stablemath.Exp(-math.Abs(y))
	logLarge := -stablemath.Log1p(e)
	logSmall := logLarge - math.Abs(y)
	p, logP, logQ := 1/(1+e), logLarge, logSmall
	if y < 0 {
		p, logP, logQ = e/(1+e), logSmall, logLarge
	}
	density := stablemath.Exp(float64(u.leave*logP) + float64(u.stay*logQ) - scale)
	if p == 0 {
		return density * u.rate * tau
	}
	return density * (-stablemath.Expm1(-u.rate*stablemath.Log1p(p*tau)) / p)
}
