package statistics

import (
	"math"
	"math/big"
)

// Moments are count, sum and sum of squares of whole numbers in any one unit: scores, or thousandths of an index. They
// are exact as long as each stays below 2^63.
type Moments struct {
	Count   int64
	Sum     int64
	Squares int64
}

// Add counts n values; a negative n takes them back.
func (m *Moments) Add(value, n int64) {
	m.Count += n
	m.Sum += n * value
	m.Squares += n * value * value
}

// Merge adds the moments of other values.
func (m *Moments) Merge(o Moments) {
	m.Count += o.Count
	m.Sum += o.Sum
	m.Squares += o.Squares
}

// Sub takes the moments of other values away: it undoes Merge.
func (m *Moments) Sub(o Moments) {
	m.Count -= o.Count
	m.Sum -= o.Sum
	m.Squares -= o.Squares
}

// Mean returns the arithmetic mean. It is false without values.
func (m Moments) Mean() (float64, bool) {
	if m.Count <= 0 {
		return 0, false
	}
	return quotient(big.NewInt(m.Sum), big.NewInt(m.Count)), true
}

// ExactMean returns the arithmetic mean as a fraction, nil without values.
func (m Moments) ExactMean() *big.Rat {
	if m.Count <= 0 {
		return nil
	}
	return big.NewRat(m.Sum, m.Count)
}

// Variance returns the variance of the population estimated from the values as a sample, with Count − 1 in the
// denominator. It is computed without cancellation and rounded once. It is false with fewer than two values, or when
// the moments are those of no set of values.
func (m Moments) Variance() (float64, bool) {
	if m.Count < 2 {
		return 0, false
	}
	// (n·Σx² − (Σx)²) / (n·(n − 1))
	n := big.NewInt(m.Count)
	spread := m.spread()
	if spread.Sign() < 0 {
		return 0, false
	}
	return quotient(spread, n.Mul(n, big.NewInt(m.Count-1))), true
}

// spread returns n·Σx² − (Σx)².
func (m Moments) spread() *big.Int {
	a := new(big.Int).Mul(big.NewInt(m.Count), big.NewInt(m.Squares))
	b := big.NewInt(m.Sum)
	return a.Sub(a, b.Mul(b, b))
}

// StandardDeviation returns the square root of the variance, under the same conditions.
func (m Moments) StandardDeviation() (float64, bool) {
	v, ok := m.Variance()
	return math.Sqrt(v), ok
}

// StandardError returns the standard error of the mean, under the conditions of Variance.
func (m Moments) StandardError() (float64, bool) {
	v, ok := m.Variance()
	if !ok {
		return 0, false
	}
	return math.Sqrt(v / float64(m.Count)), true
}

// MeanInterval returns Student's t interval of the mean at a confidence level between 0 and 1. Equal values give an
// interval without width. It is false with fewer than two values.
func (m Moments) MeanInterval(level float64) (Interval, bool) {
	mean, _ := m.Mean()
	se, ok := m.StandardError()
	if !ok {
		return Interval{}, false
	}
	return studentInterval(mean, se, float64(m.Count-1), level)
}

// quotient returns a/b, correctly rounded.
func quotient(a, b *big.Int) float64 {
	f, _ := new(big.Rat).SetFrac(a, b).Float64()
	return f
}
