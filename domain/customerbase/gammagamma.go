package customerbase

import (
	"fmt"
	"math"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// GammaGamma is the model of amounts of Fader, Hardie and Lee (2005) and Colombo and Jiang (1999): the amounts of a
// customer's purchases vary by a gamma distribution of shape p, whose scale varies between customers by another one of
// shape q and scale v. It assumes that how often and for how much someone buys do not depend on each other. The mean of a
// customer is that of the repeat purchases alone: with first purchases the parameters are others.
type GammaGamma struct{ P, Q, V float64 }

// Spend is a number of customers with the same number of repeat purchases, at least one, and the same mean amount of them.
type Spend struct {
	Repeats   int
	Mean      float64
	Customers int
}

// NameGammaGamma is the name of the model in events and reports.
const NameGammaGamma = "gamma_gamma"

// NewGammaGamma returns the model of parameters by name; errors are those of NewPurchaseModel.
func NewGammaGamma(parameters map[string]float64) (GammaGamma, error) {
	m := GammaGamma{P: parameters["p"], Q: parameters["q"], V: parameters["v"]}
	if err := restored(m, parameters); err != nil {
		return GammaGamma{}, err
	}
	return m, nil
}

// Name returns NameGammaGamma.
func (m GammaGamma) Name() string { return NameGammaGamma }

// Parameters returns p, q and v.
func (m GammaGamma) Parameters() []Parameter { return []Parameter{{"p", m.P}, {"q", m.Q}, {"v", m.V}} }

// Validate returns an error unless all parameters are positive and finite.
func (m GammaGamma) Validate() error { return positive(m.Name(), m.Parameters()) }

// Validate returns an error unless there are purchases and a positive mean. Free orders are no evidence for this model.
func (s Spend) Validate() error {
	if s.Repeats < 1 || !(s.Mean > 0) || math.IsInf(s.Mean, 1) {
		return fmt.Errorf("mean of %v over %d repeat purchases: %w", s.Mean, s.Repeats, ErrArgument)
	}
	return nil
}

// SampleLogLikelihood returns the sum of the log-likelihoods of the means of all customers. It adds in the given order.
func (m GammaGamma) SampleLogLikelihood(spends []Spend) (float64, error) {
	if err := m.Validate(); err != nil {
		return 0, err
	}
	var sum stablemath.Sum
	for _, s := range spends {
		if err := s.Validate(); err != nil {
			return 0, err
		}
		sum.Add(float64(s.Customers) * m.logLikelihood(float64(s.Repeats), s.Mean))
	}
	return finite("log-likelihood of the sample under gamma_gamma", sum.Value())
}

// LogLikelihood returns the log-likelihood of a mean z over x purchases: the logarithm of
//
//	1 / (z B(px, q)) (v / (v + xz))^q (xz / (v + xz))^(px).
func (m GammaGamma) LogLikelihood(s Spend) (float64, error) {
	s.Customers = 1
	return m.SampleLogLikelihood([]Spend{s})
}

func (m GammaGamma) logLikelihood(x, mean float64) float64 {
	shape, spent := m.P*x, x*mean
	return -stablemath.LogBeta(shape, m.Q) - stablemath.Log(mean) -
		float64(m.Q*stablemath.Log1p(spent/m.V)) - float64(shape*stablemath.Log1p(m.V/spent))
}

// ExpectedSpend returns the expected mean amount of a customer with a mean over x repeat purchases:
// p (v + x z) / (p x + q - 1), between the mean of the population and the customer's own. Repeats 0 gives the mean of the
// population, whatever Mean is. The error wraps ErrNoValue if the distribution has no mean, which needs p x + q above 1.
func (m GammaGamma) ExpectedSpend(repeats int, mean float64) (float64, error) {
	if err := m.Validate(); err != nil {
		return 0, err
	}
	if repeats == 0 {
		mean = 0
	} else if err := (Spend{Repeats: repeats, Mean: mean}).Validate(); err != nil {
		return 0, err
	}
	x := float64(repeats)
	below := float64(m.P*x) + m.Q - 1
	if !(below > 0) {
		return 0, fmt.Errorf("expected spend under gamma_gamma with q = %v: %w", m.Q, ErrNoValue)
	}
	return finite("expected spend under gamma_gamma", m.P*((m.V+float64(x*mean))/below))
}
