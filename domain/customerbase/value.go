package customerbase

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// DiscountedPurchases returns the expected purchases within a number of equal steps after the age, each discounted at a
// rate for one step and counted at the end of the step in which it falls. Times the expected spend and the margin it is the
// value of the future of a customer.
func DiscountedPurchases(m PurchaseModel, h History, step float64, steps int, rate float64) (float64, error) {
	if err := notNegative("number of steps", float64(steps)); err != nil {
		return 0, err
	}
	if err := notNegative("discount rate", rate); err != nil {
		return 0, err
	}
	var sum stablemath.Sum
	before, fall := 0.0, -stablemath.Log1p(rate)
	for i := range steps {
		n := float64(i + 1)
		total, err := m.Expected(h, n*step)
		if err != nil {
			return 0, fmt.Errorf("discounted purchases: %w", err)
		}
		sum.Add((total - before) * stablemath.Exp(n*fall))
		before = total
	}
	return finite("discounted purchases", sum.Value())
}

// ResidualTransactions returns the expected number of all purchases to come, without a horizon, discounted continuously
// at a positive rate for a unit of time (DERT in Fader, Hardie and Lee 2005). The literature writes it with Tricomi's
// function; this is the integral behind it.
func (m ParetoNBD) ResidualTransactions(h History, rate float64) (float64, error) {
	if err := checkHistory(m, h, 0); err != nil {
		return 0, err
	}
	if err := positive("discount", []Parameter{{"rate", rate}}); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrArgument, err)
	}
	buy := (m.R + float64(h.Repeats)) / (m.Alpha + h.Age)
	return finite("residual transactions under pareto_nbd", m.alive(h)*buy*m.discountedStay(m.Beta+h.Age, rate))
}

// discountedStay returns the integral over t from 0 of exp(-rate t) (beta / (beta + t))^s, which is the expected discounted
// time until the hazard strikes. Over log(rate t) the trapezoidal rule converges exponentially.
func (m ParetoNBD) discountedStay(beta, rate float64) float64 {
	const step = 0.125
	at := func(y float64) float64 {
		t := stablemath.Exp(y)
		return stablemath.Exp(y - t - float64(m.S*stablemath.Log1p(t/(rate*beta))))
	}
	var sum stablemath.Sum
	// exp(y - e^y) is below 2^-1000 from 6.6 up and falls by a factor e for each unit down. The other factor can shift the
	// mass down to where t is a small part of beta, so the end there is found by the size of the terms.
	for y := 6.75; y > -700; y -= step {
		term := at(y)
		sum.Add(term)
		if y < 0 && term < negligible*sum.Value() {
			break
		}
	}
	return step * sum.Value() / rate
}
