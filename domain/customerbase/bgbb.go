package customerbase

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// BGBB is the BG/BB model of Fader, Hardie and Shang (2010) for purchases at regular opportunities, such as a yearly appeal.
// At each opportunity a customer first leaves for good with one probability, which varies by a beta distribution (gamma,
// delta); if not, they buy with another, which varies by a beta distribution (alpha, beta).
type BGBB struct{ Alpha, Beta, Gamma, Delta float64 }

// Record is what BGBB needs of a customer: of so many opportunities after the first purchase, how many were taken and
// which was the last one taken (1 for the first opportunity, 0 for none).
type Record struct{ Repeats, Last, Opportunities int }

// RecordGroup is a number of customers with the same record.
type RecordGroup struct {
	Record
	Customers int
}

// NameBGBB is the name of the model in events and reports.
const NameBGBB = "bg_bb"

// Name returns NameBGBB.
func (m BGBB) Name() string { return NameBGBB }

// Parameters returns alpha, beta, gamma and delta.
func (m BGBB) Parameters() []Parameter {
	return []Parameter{{"alpha", m.Alpha}, {"beta", m.Beta}, {"gamma", m.Gamma}, {"delta", m.Delta}}
}

// Validate returns an error unless all parameters are positive and finite.
func (m BGBB) Validate() error { return positive(m.Name(), m.Parameters()) }

// Validate returns an error unless the record is possible.
func (r Record) Validate() error {
	switch {
	case r.Repeats < 0, r.Last < r.Repeats, r.Opportunities < r.Last, (r.Repeats == 0) != (r.Last == 0):
		return fmt.Errorf("%d purchases, the last at %d of %d opportunities: %w", r.Repeats, r.Last, r.Opportunities, ErrArgument)
	}
	return nil
}

func (m BGBB) check(r Record, n int) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	return notNegative("number of opportunities", float64(n))
}

// LogLikelihood returns the log-likelihood of a record: the sum over the opportunities after the last purchase at which
// the customer may have left, and the chance to be there still.
func (m BGBB) LogLikelihood(r Record) (float64, error) {
	if err := m.check(r, 0); err != nil {
		return 0, err
	}
	return finite("log-likelihood under bg_bb", m.logLikelihood(r))
}

func (m BGBB) logLikelihood(r Record) float64 {
	sum := m.there(r, r.Opportunities)
	for n := r.Last; n < r.Opportunities; n++ {
		left := stablemath.Log(m.Gamma) - stablemath.Log(m.Gamma+m.Delta+float64(n))
		sum = stablemath.LogAdd(sum, m.bought(r.Repeats, n)+m.stayed(n)+left)
	}
	return sum
}

// SampleLogLikelihood returns the sum of the log-likelihoods of all customers.
func (m BGBB) SampleLogLikelihood(groups []RecordGroup) (float64, error) {
	var sum stablemath.Sum
	for _, g := range groups {
		if err := m.check(g.Record, g.Customers); err != nil {
			return 0, err
		}
		sum.Add(float64(g.Customers) * m.logLikelihood(g.Record))
	}
	return finite("log-likelihood of the sample under bg_bb", sum.Value())
}

// stayed is the logarithm of the chance to be there at n opportunities: B(gamma, delta + n) / B(gamma, delta).
func (m BGBB) stayed(n int) float64 {
	return stablemath.LogRising(m.Delta, float64(n)) - stablemath.LogRising(m.Gamma+m.Delta, float64(n))
}

// bought is the logarithm of the chance to take a given x of n opportunities: B(alpha + x, beta + n - x) / B(alpha, beta).
func (m BGBB) bought(x, n int) float64 {
	return stablemath.LogRising(m.Alpha, float64(x)) + stablemath.LogRising(m.Beta, float64(n-x)) -
		stablemath.LogRising(m.Alpha+m.Beta, float64(n))
}

// there is the log-likelihood of the record together with being there at n opportunities, n from those observed on.
func (m BGBB) there(r Record, n int) float64 {
	return m.bought(r.Repeats, r.Opportunities) + m.stayed(n)
}

// Alive returns the probability that the customer is there at the next opportunity.
func (m BGBB) Alive(r Record) (float64, error) {
	if err := m.check(r, 0); err != nil {
		return 0, err
	}
	return probability("chance to be alive under bg_bb", stablemath.Exp(m.there(r, r.Opportunities+1)-m.logLikelihood(r)))
}

// NoPurchase returns the probability that none of the next n opportunities is taken. One who was there at the last
// opportunity faces the next ones with the model whose parameters have learned the record.
func (m BGBB) NoPurchase(r Record, n int) (float64, error) {
	if err := m.check(r, n); err != nil {
		return 0, err
	}
	x, seen := float64(r.Repeats), float64(r.Opportunities)
	learned := BGBB{m.Alpha + x, m.Beta + seen - x, m.Gamma, m.Delta + seen}
	there := stablemath.Exp(m.there(r, r.Opportunities) - m.logLikelihood(r))
	silent := stablemath.Exp(learned.logLikelihood(Record{Opportunities: n}))
	return probability("chance of no purchase under bg_bb", 1-float64(there*(1-silent)))
}

// Expected returns the expected number of purchases in the next n opportunities: the chance to be there at each, times the
// mean chance to buy. The closed form of the literature divides by gamma - 1; this sum does not.
func (m BGBB) Expected(r Record, n int) (float64, error) {
	if err := m.check(r, n); err != nil {
		return 0, err
	}
	buy := (m.Alpha + float64(r.Repeats)) / (m.Alpha + m.Beta + float64(r.Opportunities))
	all := m.logLikelihood(r)
	var sum stablemath.Sum
	for i := range n {
		sum.Add(stablemath.Exp(m.there(r, r.Opportunities+1+i) - all))
	}
	return finite("expected purchases under bg_bb", buy*sum.Value())
}

// ExpectedRepeats returns the expected number of purchases of a new customer in n opportunities.
func (m BGBB) ExpectedRepeats(n int) (float64, error) { return m.Expected(Record{}, n) }
