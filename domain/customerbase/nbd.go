package customerbase

import "github.com/rapport-crm/rapport/domain/stablemath"

// NBD is Ehrenberg's model of repeat buying: purchases come as a Poisson process with a rate that varies between customers
// by a gamma distribution, and nobody leaves (Ehrenberg 1959; Schmittlein, Bemmaor and Morrison 1985).
type NBD struct {
	// R and Alpha are the shape of the gamma distribution of rates and its inverse scale, a time.
	R, Alpha float64
}

// Name returns NameNBD.
func (m NBD) Name() string { return NameNBD }

// Parameters returns r and alpha.
func (m NBD) Parameters() []Parameter { return []Parameter{{"r", m.R}, {"alpha", m.Alpha}} }

// Validate returns an error unless both parameters are positive and finite.
func (m NBD) Validate() error { return positive(m.Name(), m.Parameters()) }

// LogLikelihood returns the log-likelihood of a history: log of (r)_x alpha^r (alpha + T)^-(r+x). The moments of the
// purchases carry no information.
func (m NBD) LogLikelihood(h History) (float64, error) {
	if err := checkHistory(m, h, 0); err != nil {
		return 0, err
	}
	x := float64(h.Repeats)
	return finite("log-likelihood under nbd", m.head(x)-float64((m.R+x)*stablemath.Log(m.Alpha+h.Age)))
}

func (m NBD) head(x float64) float64 {
	return stablemath.LogRising(m.R, x) + float64(m.R*stablemath.Log(m.Alpha))
}

// SampleLogLikelihood returns the sum of the log-likelihoods of all customers.
func (m NBD) SampleLogLikelihood(s *Sample) (float64, error) {
	if err := m.Validate(); err != nil {
		return 0, err
	}
	return finite("log-likelihood of the sample under nbd", s.total(
		func(x float64) parts { return parts{m.head(x), m.R + x} },
		func(t float64) parts { return parts{stablemath.Log(m.Alpha + t)} },
		func(count, _, age parts) float64 { return count[0] - float64(count[1]*age[0]) },
	))
}

// Alive returns 1: in this model nobody leaves.
func (m NBD) Alive(h History) (float64, error) {
	if err := checkHistory(m, h, 0); err != nil {
		return 0, err
	}
	return 1, nil
}

// NoPurchase returns ((alpha + T) / (alpha + T + horizon))^(r+x).
func (m NBD) NoPurchase(h History, horizon float64) (float64, error) {
	if err := checkHistory(m, h, horizon); err != nil {
		return 0, err
	}
	shape := m.R + float64(h.Repeats)
	return probability("chance of no purchase under nbd", stablemath.Exp(-shape*stablemath.Log1p(horizon/(m.Alpha+h.Age))))
}

// Expected returns the horizon times the posterior mean rate (r + x) / (alpha + T).
func (m NBD) Expected(h History, horizon float64) (float64, error) {
	if err := checkHistory(m, h, horizon); err != nil {
		return 0, err
	}
	return finite("expected purchases under nbd", (m.R+float64(h.Repeats))*(horizon/(m.Alpha+h.Age)))
}

// ExpectedRepeats returns t r / alpha.
func (m NBD) ExpectedRepeats(t float64) (float64, error) { return m.Expected(History{}, t) }

// Repeats returns the probability of exactly x repeat purchases within t.
func (m NBD) Repeats(x int, t float64) (float64, error) {
	if err := checkCount(m, x, t); err != nil {
		return 0, err
	}
	return probability("chance of a count under nbd", nbdExactly(m.R, m.Alpha, float64(x), t))
}

// checkCount validates a model, a count and a time.
func checkCount(m PurchaseModel, x int, t float64) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := notNegative("count", float64(x)); err != nil {
		return err
	}
	return notNegative("time", t)
}

// nbdExactly returns the negative binomial probability of n purchases within t.
func nbdExactly(r, alpha, n, t float64) float64 {
	none := -float64(r * stablemath.Log1p(t/alpha))
	if n == 0 {
		return stablemath.Exp(none)
	}
	ways := stablemath.LogRising(r, n) - stablemath.Lgamma(n+1)
	return stablemath.Exp(ways + none + float64(n*stablemath.Log(t/(alpha+t))))
}

// nbdAtLeast returns the negative binomial probability of n purchases or more within t.
func nbdAtLeast(r, alpha, n, t float64) float64 {
	if n == 0 {
		return 1
	}
	return stablemath.RegIncBeta(n, r, t/(alpha+t))
}
