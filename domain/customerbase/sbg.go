package customerbase

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// SBG is the shifted beta-geometric model of contracts of Fader and Hardie (2007): at the end of each period a customer
// cancels with a probability that varies between customers by a beta distribution. Retention rises with tenure because
// those who are likely to cancel have gone.
type SBG struct{ Alpha, Beta float64 }

// Cohort is what SBG needs of customers who began together: how many cancelled at the end of each period, and how many
// are left after the last one.
type Cohort struct {
	Lost []int
	Left int
}

// NameSBG is the name of the model in events and reports.
const NameSBG = "sbg"

// NewSBG returns the model of parameters by name; errors are those of NewPurchaseModel.
func NewSBG(parameters map[string]float64) (SBG, error) {
	m := SBG{Alpha: parameters["alpha"], Beta: parameters["beta"]}
	if err := restored(m, parameters); err != nil {
		return SBG{}, err
	}
	return m, nil
}

// Name returns NameSBG.
func (m SBG) Name() string { return NameSBG }

// Parameters returns alpha and beta.
func (m SBG) Parameters() []Parameter { return []Parameter{{"alpha", m.Alpha}, {"beta", m.Beta}} }

// Validate returns an error unless both parameters are positive and finite.
func (m SBG) Validate() error { return positive(m.Name(), m.Parameters()) }

func (m SBG) check(periods ...int) error {
	if err := m.Validate(); err != nil {
		return err
	}
	for _, n := range periods {
		if err := notNegative("number of periods or customers", float64(n)); err != nil {
			return err
		}
	}
	return nil
}

func (m SBG) logSurvival(n int) float64 {
	return stablemath.LogRising(m.Beta, float64(n)) - stablemath.LogRising(m.Alpha+m.Beta, float64(n))
}

// Survival returns the share of a cohort that is left after n periods: B(alpha, beta + n) / B(alpha, beta).
func (m SBG) Survival(n int) (float64, error) {
	if err := m.check(n); err != nil {
		return 0, err
	}
	return probability("survival under sbg", stablemath.Exp(m.logSurvival(n)))
}

// Retention returns the share of those left after n periods who are left after the next one too.
func (m SBG) Retention(n int) (float64, error) {
	if err := m.check(n); err != nil {
		return 0, err
	}
	return probability("retention under sbg", (m.Beta+float64(n))/(m.Alpha+m.Beta+float64(n)))
}

// LogLikelihood returns the log-likelihood of a cohort.
func (m SBG) LogLikelihood(c Cohort) (float64, error) {
	if err := m.check(append([]int{c.Left}, c.Lost...)...); err != nil {
		return 0, err
	}
	var sum stablemath.Sum
	for n, lost := range c.Lost {
		leave := stablemath.Log(m.Alpha) - stablemath.Log(m.Alpha+m.Beta+float64(n))
		sum.Add(float64(lost) * (m.logSurvival(n) + leave))
	}
	sum.Add(float64(c.Left) * m.logSurvival(len(c.Lost)))
	return finite("log-likelihood of the cohort under sbg", sum.Value())
}

// DiscountedPeriods returns the expected number of further periods that a customer who has renewed n times pays within
// the next periods, the first due at once and each later one discounted at a rate for a period: the value of the contract in
// units of the payment of one period.
func (m SBG) DiscountedPeriods(n, periods int, rate float64) (float64, error) {
	if err := m.check(n, periods); err != nil {
		return 0, err
	}
	if err := notNegative("discount rate", rate); err != nil {
		return 0, err
	}
	var sum stablemath.Sum
	fall := -stablemath.Log1p(rate)
	for i := range periods {
		stay := m.logSurvival(n+i) - m.logSurvival(n)
		sum.Add(stablemath.Exp(stay + float64(float64(i)*fall)))
	}
	return finite(fmt.Sprintf("discounted periods under sbg after %d", n), sum.Value())
}
