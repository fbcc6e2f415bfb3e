package customerbase

import (
	"math"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// GGompertzNBD is the gamma-Gompertz/NBD model of Bemmaor and Glady (2012): purchases come as in NBD until the customer leaves, with
// a hazard eta b exp(b t) that grows with the age, where eta varies between customers by a gamma distribution. With b near
// 0 and Beta/B kept it becomes Pareto/NBD. It serves to compare likelihoods: for the data it was tried on it gained nothing.
type GGompertzNBD struct {
	// R and Alpha are the shape of the gamma distribution of purchase rates and its inverse scale, a time.
	R, Alpha float64
	// B is how fast the hazard to leave grows, the inverse of a time.
	B float64
	// S and Beta are the shape of the gamma distribution of eta and its inverse scale, a number.
	S, Beta float64
}

// NameGGompertzNBD is the name of the model in reports.
const NameGGompertzNBD = "ggompertz_nbd"

// Name returns NameGGompertzNBD.
func (m GGompertzNBD) Name() string { return NameGGompertzNBD }

// Parameters returns r, alpha, b, s and beta.
func (m GGompertzNBD) Parameters() []Parameter {
	return []Parameter{{"r", m.R}, {"alpha", m.Alpha}, {"b", m.B}, {"s", m.S}, {"beta", m.Beta}}
}

// Validate returns an error unless all parameters are positive and finite.
func (m GGompertzNBD) Validate() error { return positive(m.Name(), m.Parameters()) }

// LogLikelihood returns the log-likelihood of a history: the logarithm of (r)_x alpha^r beta^s times the sum of
//
//	there: (alpha + T)^-(r+x) (beta + e^(bT) - 1)^-s
//	left:  b s times the integral from t_x to T of e^(bu) (alpha + u)^-(r+x) (beta + e^(bu) - 1)^-(s+1) du
func (m GGompertzNBD) LogLikelihood(h History) (float64, error) {
	if err := m.check(h); err != nil {
		return 0, err
	}
	there, left := m.terms(h)
	x := float64(h.Repeats)
	head := stablemath.LogRising(m.R, x) + float64(m.R*stablemath.Log(m.Alpha)) + float64(m.S*stablemath.Log(m.Beta))
	return finite("log-likelihood under ggompertz_nbd", head+stablemath.LogAdd(there, left))
}

// SampleLogLikelihood returns the sum of the log-likelihoods of all customers.
func (m GGompertzNBD) SampleLogLikelihood(s *Sample) (float64, error) {
	var sum stablemath.Sum
	for g := range s.Groups() {
		height, err := m.LogLikelihood(g.History)
		if err != nil {
			return 0, err
		}
		sum.Add(float64(g.Customers) * height)
	}
	return finite("log-likelihood of the sample under ggompertz_nbd", sum.Value())
}

// Alive returns the share of the first of the two terms of the likelihood.
func (m GGompertzNBD) Alive(h History) (float64, error) {
	if err := m.check(h); err != nil {
		return 0, err
	}
	there, left := m.terms(h)
	return probability("chance to be alive under ggompertz_nbd", 1/(1+stablemath.Exp(left-there)))
}

func (m GGompertzNBD) check(h History) error {
	if err := m.Validate(); err != nil {
		return err
	}
	return h.Validate()
}

// terms returns the logarithms of the two terms.
func (m GGompertzNBD) terms(h History) (there, left float64) {
	p := m.R + float64(h.Repeats)
	there = -float64(p*stablemath.Log(m.Alpha+h.Age)) - float64(m.S*stablemath.Log(m.Beta+stablemath.Expm1(m.B*h.Age)))
	return there, stablemath.Log(m.B) + stablemath.Log(m.S) + m.logIntegral(p, h.Last, h.Age)
}

// logIntegral returns the logarithm of the integral. It is summed in pieces which are short against the distances to where the
// integrand is infinite, and across which it does not change by more than pieceDecay powers of e.
func (m GGompertzNBD) logIntegral(p, from, to float64) float64 {
	grown := m.Beta + stablemath.Expm1(m.B*from)
	steep := stablemath.Exp(m.B*from) / grown
	value := func(d float64) float64 {
		rise := stablemath.Expm1(m.B * d)
		return stablemath.Exp(float64(m.B*d) - float64(p*stablemath.Log1p(d/(m.Alpha+from))) -
			float64((m.S+1)*stablemath.Log1p(float64(steep*rise))))
	}
	var sum stablemath.Sum
	end, before := to-from, 0.0
	for d, n := 0.0, 0; d < end; n++ {
		if n == maxPieces {
			return math.NaN()
		}
		next := end
		if width := m.pieceAt(p, from+d); width < end-d {
			next = d + width
		}
		piece := gaussPiece(value, d, next)
		sum.Add(piece)
		if piece < before && piece < negligible*sum.Value() {
			break
		}
		before, d = piece, next
	}
	start := float64(m.B*from) - float64(p*stablemath.Log(m.Alpha+from)) - float64((m.S+1)*stablemath.Log(grown))
	return start + stablemath.Log(sum.Value())
}

// pieceAt returns the width of the piece that begins at a time.
func (m GGompertzNBD) pieceAt(p, t float64) float64 {
	near := m.Alpha + t
	far := (1 - float64((1-m.Beta)*stablemath.Exp(-m.B*t))) / m.B
	return min(near/2, far/2, pieceDecay/(m.B+p/near+(m.S+1)/far))
}
