package customerbase

import "github.com/rapport-crm/rapport/domain/stablemath"

// ParetoNBD is the Pareto/NBD model of Schmittlein, Morrison and Colombo (1987): purchases come as in NBD until the
// customer leaves for good, at any moment, with a hazard that varies between customers by a gamma distribution.
type ParetoNBD struct {
	// R and Alpha are the shape of the gamma distribution of purchase rates and its inverse scale, a time.
	R, Alpha float64
	// S and Beta are the shape of the gamma distribution of the hazard to leave and its inverse scale, a time.
	S, Beta float64
}

// Name returns NameParetoNBD.
func (m ParetoNBD) Name() string { return NameParetoNBD }

// Parameters returns r, alpha, s and beta.
func (m ParetoNBD) Parameters() []Parameter {
	return []Parameter{{"r", m.R}, {"alpha", m.Alpha}, {"s", m.S}, {"beta", m.Beta}}
}

// Validate returns an error unless all parameters are positive and finite.
func (m ParetoNBD) Validate() error { return positive(m.Name(), m.Parameters()) }

// head is the part of the log-likelihood that depends on the repeats alone.
func (m ParetoNBD) head(x float64) float64 {
	return stablemath.LogRising(m.R, x) + float64(m.R*stablemath.Log(m.Alpha)) + float64(m.S*stablemath.Log(m.Beta))
}

// terms returns the logarithms of the two ways to buy x times, last at last, and nothing until age: the customer is there,
// or left in between. The factor head is left out.
//
//	there: (alpha + T)^-(r+x) (beta + T)^-s
//	left:  s times the integral from t_x to T of (alpha + u)^-(r+x) (beta + u)^-(s+1) du
//
// The literature writes the integral as a difference of two hypergeometric functions, which loses its digits when the last
// purchase is recent and leaves the range when x is large (Fader and Hardie 2005, note 9).
func (m ParetoNBD) terms(x float64, last, age parts) (there, left float64) {
	return m.join(x, age, powers{m.R + x, m.S + 1, m.Alpha, m.Beta}.logIntegral(last, age))
}

// join makes the terms out of the logarithm of the integral.
func (m ParetoNBD) join(x float64, age parts, logIntegral float64) (there, left float64) {
	there = -float64((m.R+x)*age[0]) - float64(m.S*age[1])
	return there, stablemath.Log(m.S) + logIntegral
}

// ofTime returns log(alpha + t) and log(beta + t).
func (m ParetoNBD) ofTime(t float64) parts {
	return parts{stablemath.Log(m.Alpha + t), stablemath.Log(m.Beta + t)}
}

// LogLikelihood returns the log-likelihood of a history.
func (m ParetoNBD) LogLikelihood(h History) (float64, error) {
	if err := checkHistory(m, h, 0); err != nil {
		return 0, err
	}
	x := float64(h.Repeats)
	there, left := m.terms(x, m.ofTime(h.Last), m.ofTime(h.Age))
	return finite("log-likelihood under pareto_nbd", m.head(x)+stablemath.LogAdd(there, left))
}

// SampleLogLikelihood returns the sum of the log-likelihoods of all customers.
func (m ParetoNBD) SampleLogLikelihood(s *Sample) (float64, error) {
	if err := m.Validate(); err != nil {
		return 0, err
	}
	l := m.newLadder(s)
	logs, heads := m.logIntegrals(l), make([]float64, len(s.counts))
	for i, x := range s.counts {
		heads[i] = m.head(float64(x))
	}
	var sum stablemath.Sum
	for i, p := range s.places {
		there, left := m.join(float64(s.counts[p.count]), l.at[p.age], logs[i])
		sum.Add(float64(s.groups[i].Customers) * (heads[p.count] + stablemath.LogAdd(there, left)))
	}
	return finite("log-likelihood of the sample under pareto_nbd", sum.Value())
}

// Alive returns the share of the first of the two terms of the likelihood.
func (m ParetoNBD) Alive(h History) (float64, error) {
	if err := checkHistory(m, h, 0); err != nil {
		return 0, err
	}
	return probability("chance to be alive under pareto_nbd", m.alive(h))
}

func (m ParetoNBD) alive(h History) float64 {
	there, left := m.terms(float64(h.Repeats), m.ofTime(h.Last), m.ofTime(h.Age))
	return 1 / (1 + stablemath.Exp(left-there))
}

// NoPurchase adds the customers who have left, those who stay and buy nothing, and those who leave before they buy.
func (m ParetoNBD) NoPurchase(h History, horizon float64) (float64, error) {
	if err := checkHistory(m, h, horizon); err != nil {
		return 0, err
	}
	x, now := float64(h.Repeats), m.ofTime(h.Age)
	there := -float64((m.R+x)*now[0]) - float64(m.S*now[1])
	stay, leave := m.terms(x, now, m.ofTime(h.Age+horizon))
	silent := stablemath.Exp(stay-there) + stablemath.Exp(leave-there)
	return probability("chance of no purchase under pareto_nbd", 1-float64(m.alive(h)*(1-silent)))
}

// Expected returns Alive times (r + x) / (alpha + T) times the expected time until the customer leaves or the horizon ends.
func (m ParetoNBD) Expected(h History, horizon float64) (float64, error) {
	if err := checkHistory(m, h, horizon); err != nil {
		return 0, err
	}
	rate := (m.R + float64(h.Repeats)) / (m.Alpha + h.Age)
	return finite("expected purchases under pareto_nbd", m.alive(h)*rate*m.stay(m.Beta+h.Age, horizon))
}

// stay returns the expected time until the hazard of scale beta strikes or the horizon ends:
// beta / (s - 1) (1 - (beta / (beta + horizon))^(s-1)), continued through s = 1.
func (m ParetoNBD) stay(beta, horizon float64) float64 {
	grown := stablemath.Log1p(horizon / beta)
	if m.S == 1 {
		return beta * grown
	}
	return beta * (stablemath.Expm1((1-m.S)*grown) / (1 - m.S))
}

// ExpectedRepeats returns r / alpha times the expected time a new customer stays within t.
func (m ParetoNBD) ExpectedRepeats(t float64) (float64, error) {
	if err := checkHistory(m, History{}, t); err != nil {
		return 0, err
	}
	return finite("expected repeats under pareto_nbd", m.R/m.Alpha*m.stay(m.Beta, t))
}
