package customerbase

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Lifetime is a number of customers who were observed for the same time. Ended says that the relationship ended then;
// otherwise it went on and nothing more is known (the lifetime is censored).
type Lifetime struct {
	Duration  float64
	Ended     bool
	Customers int
}

// validate returns an error unless the lifetime is possible.
func (l Lifetime) validate() error {
	if err := notNegative("duration", l.Duration); err != nil {
		return err
	}
	if l.Customers <= 0 {
		return fmt.Errorf("a lifetime of %d customers: %w", l.Customers, ErrArgument)
	}
	return nil
}

// Step is a duration at which relationships ended or were last observed.
type Step struct {
	Duration float64
	// AtRisk is the number of customers observed for at least the duration, Ended how many of them ended at it.
	AtRisk, Ended int
	// Survival is the estimated share of relationships that last longer than the duration.
	Survival float64
	// StandardError is that of Survival by Greenwood's formula.
	StandardError float64
}

// Curve is an estimated survival curve: its steps in order of duration.
type Curve []Step

// KaplanMeier returns the product-limit estimate of the survival of relationships (Kaplan and Meier 1958). At one duration
// those who ended count before those who were censored. The order of the arguments does not matter.
func KaplanMeier(lifetimes []Lifetime) (Curve, error) {
	sorted := slices.Clone(lifetimes)
	slices.SortFunc(sorted, func(a, b Lifetime) int { return cmp.Compare(a.Duration, b.Duration) })
	atRisk := 0
	for _, l := range sorted {
		if err := l.validate(); err != nil {
			return nil, err
		}
		atRisk += l.Customers
	}
	var curve Curve
	survival := 1.0
	var greenwood stablemath.Sum
	for len(sorted) > 0 {
		step, gone := Step{Duration: sorted[0].Duration, AtRisk: atRisk}, 0
		for len(sorted) > 0 && sorted[0].Duration == step.Duration {
			gone += sorted[0].Customers
			if sorted[0].Ended {
				step.Ended += sorted[0].Customers
			}
			sorted = sorted[1:]
		}
		stay := atRisk - step.Ended
		survival *= float64(stay) / float64(atRisk)
		if stay > 0 {
			greenwood.Add(float64(step.Ended) / (float64(atRisk) * float64(stay)))
		}
		step.Survival, step.StandardError = survival, survival*math.Sqrt(greenwood.Value())
		curve = append(curve, step)
		atRisk -= gone
	}
	return curve, nil
}

// At returns the last step not after a duration; before the first step nothing has ended and Survival is 1.
func (c Curve) At(duration float64) Step {
	i, found := slices.BinarySearchFunc(c, duration, func(s Step, d float64) int { return cmp.Compare(s.Duration, d) })
	if found {
		return c[i]
	}
	if i == 0 {
		return Step{Duration: duration, Survival: 1, AtRisk: c.AtRisk(duration)}
	}
	return c[i-1]
}

// AtRisk returns the number of customers who were observed for at least a duration.
func (c Curve) AtRisk(duration float64) int {
	i, _ := slices.BinarySearchFunc(c, duration, func(s Step, d float64) int { return cmp.Compare(s.Duration, d) })
	if i == len(c) {
		return 0
	}
	return c[i].AtRisk
}

// normal95 is the point below which a standard normal variable is with a probability of 97.5 %.
const normal95 = 1.959963984540054

// Interval returns the limits of the 95 % interval of Survival, symmetric in its logarithm, as survival analysis in R does.
func (s Step) Interval() (low, high float64) {
	if s.Survival == 0 {
		return 0, 0
	}
	width := stablemath.Exp(normal95 * s.StandardError / s.Survival)
	return s.Survival / width, min(s.Survival*width, 1)
}

// Median returns the shortest duration at which Survival is at most one half, and its 95 % interval. A limit that the
// curve does not reach is infinite; the error wraps ErrNoValue if the median itself is not reached.
func (c Curve) Median() (median, low, high float64, err error) {
	first := func(reached func(Step) bool) float64 {
		if i := slices.IndexFunc(c, reached); i >= 0 {
			return c[i].Duration
		}
		return math.Inf(1)
	}
	median = first(func(s Step) bool { return s.Survival <= 0.5 })
	if math.IsInf(median, 1) {
		return 0, 0, 0, fmt.Errorf("median lifetime: %w", ErrNoValue)
	}
	low = first(func(s Step) bool { l, _ := s.Interval(); return l <= 0.5 })
	high = first(func(s Step) bool { _, h := s.Interval(); return h <= 0.5 })
	return median, low, high, nil
}
