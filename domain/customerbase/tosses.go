package customerbase

import (
	"math"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// tosses is what BG/NBD and MBG/NBD share. While a customer is there, purchases come as a Poisson process whose rate
// varies between customers by a gamma distribution (r, alpha). At certain moments the customer tosses a coin and leaves
// with a probability that varies by a beta distribution (a, b): after each repeat purchase, and in MBG/NBD also after the
// first purchase.
type tosses struct {
	r, alpha, a, b float64
	// first is the number of tosses before the first repeat purchase: 1 in MBG/NBD, 0 in BG/NBD.
	first float64
}

// survived returns the number of tosses before the purchase that follows x repeats.
func (m tosses) survived(x float64) float64 { return x + m.first }

// logSurvival returns the logarithm of the probability to survive k tosses: B(a, b + k) / B(a, b).
func (m tosses) logSurvival(k float64) float64 {
	return stablemath.LogRising(m.b, k) - stablemath.LogRising(m.a+m.b, k)
}

// logGone returns log(a / (b + k - 1)): the odds that the toss before a silence was lost, before the silence is looked
// at. It is minus infinity when there was no toss.
func (m tosses) logGone(k float64) float64 {
	if k == 0 {
		return math.Inf(-1)
	}
	return stablemath.Log(m.a) - stablemath.Log(m.b+k-1)
}

// ofCount returns the factor of the likelihood that depends on the repeats alone, and the odds of logGone.
func (m tosses) ofCount(x float64) (head, gone float64) {
	k := m.survived(x)
	head = stablemath.LogRising(m.r, x) + float64(m.r*stablemath.Log(m.alpha)) + m.logSurvival(k)
	return head, m.logGone(k)
}

func (m tosses) logLikelihood(h History) float64 {
	x := float64(h.Repeats)
	head, gone := m.ofCount(x)
	return m.join(head, gone, m.r+x, stablemath.Log(m.alpha+h.Last), stablemath.Log(m.alpha+h.Age))
}

// join returns the log-likelihood: of a customer who is there and bought nothing since the last purchase, or who left then.
func (m tosses) join(head, gone, rate, logLast, logAge float64) float64 {
	return head - float64(rate*logAge) + stablemath.LogAdd(0, gone+float64(rate*(logAge-logLast)))
}

func (m tosses) sampleLogLikelihood(s *Sample) float64 {
	return s.total(
		func(x float64) parts {
			head, gone := m.ofCount(x)
			return parts{head, gone, m.r + x}
		},
		func(t float64) parts { return parts{stablemath.Log(m.alpha + t)} },
		func(count, last, age parts) float64 { return m.join(count[0], count[1], count[2], last[0], age[0]) },
	)
}

// alive is 1 / (1 + odds of having left), where the odds grow with the silence.
func (m tosses) alive(h History) float64 {
	x := float64(h.Repeats)
	silence := stablemath.Log1p((h.Age - h.Last) / (m.alpha + h.Last))
	return 1 / (1 + stablemath.Exp(m.logGone(m.survived(x))+float64((m.r+x)*silence)))
}

func (m tosses) noPurchase(h History, horizon float64) float64 {
	return 1 + float64(m.alive(h)*stablemath.Expm1(-(m.r+float64(h.Repeats))*stablemath.Log1p(horizon/(m.alpha+h.Age))))
}

func (m tosses) expected(h History, horizon float64) float64 {
	x := float64(h.Repeats)
	f := future{rate: m.r + x, leave: m.a, stay: m.b + m.survived(x)}
	return m.alive(h) * f.purchases(horizon/(m.alpha+h.Age))
}

func (m tosses) expectedRepeats(t float64) float64 {
	f := future{rate: m.r, leave: m.a, stay: m.b + m.first}
	return stablemath.Exp(m.logSurvival(m.first)) * f.purchases(t/m.alpha)
}

// repeats returns the probability of exactly x repeats within t: either all tosses so far were survived and the process
// had x arrivals, or the last one was lost and it had x or more.
func (m tosses) repeats(x int, t float64) float64 {
	n, k := float64(x), m.survived(float64(x))
	there := stablemath.Exp(m.logSurvival(k))
	p := float64(there * nbdExactly(m.r, m.alpha, n, t))
	if k > 0 {
		gone := there * stablemath.Exp(m.logGone(k))
		p += float64(gone * nbdAtLeast(m.r, m.alpha, n, t))
	}
	return p
}

// ageWhenAlive returns the age at which alive has fallen to p, for a customer with x repeats and the last at last.
func (m tosses) ageWhenAlive(x int, last, p float64) float64 {
	n := float64(x)
	odds := stablemath.Log((1-p)/p) - m.logGone(m.survived(n))
	return last + float64((m.alpha+last)*stablemath.Expm1(max(odds, 0)/(m.r+n)))
}
