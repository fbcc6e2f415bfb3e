package statistics

import (
	"math"
	"math/big"
)

// Difference is the difference of two means: of a later and an earlier period, or of internal and external answers.
type Difference struct {
	// Estimate is the second mean minus the first.
	Estimate float64
	// StandardError is that of the estimate.
	StandardError float64
	// Degrees are Welch's degrees of freedom; 0 when neither set of values varies.
	Degrees float64
}

// Compare returns the difference between the means of two independent sets of values, whose variances may differ (Welch
// 1947). It is false unless both have at least two values.
func Compare(first, second Moments) (Difference, bool) {
	v1, ok1 := first.Variance()
	v2, ok2 := second.Variance()
	if !ok1 || !ok2 {
		return Difference{}, false
	}
	n1, n2 := float64(first.Count), float64(second.Count)
	s1, s2 := v1/n1, v2/n2
	d := Difference{StandardError: math.Sqrt(s1 + s2)}
	d.Estimate, _ = new(big.Rat).Sub(second.ExactMean(), first.ExactMean()).Float64()
	if whole := s1 + s2; whole > 0 {
		// In shares of the whole, so that small variances do not vanish when squared.
		a, b := s1/whole, s2/whole
		d.Degrees = 1 / (float64(a*a)/(n1-1) + float64(b*b)/(n2-1))
	}
	return d, true
}

// Interval returns the t interval of the difference at a confidence level between 0 and 1; it has no width when neither
// set of values varies. It is false for another level.
func (d Difference) Interval(level float64) (Interval, bool) {
	if d.Degrees == 0 {
		_, ok := NormalQuantile(level)
		return around(d.Estimate, 0), ok
	}
	return studentInterval(d.Estimate, d.StandardError, d.Degrees, level)
}

// PValue returns the probability of a difference at least as large, in either direction, if the true means were equal.
func (d Difference) PValue() float64 {
	switch {
	case d.Estimate == 0:
		return 1
	case d.Degrees == 0:
		return 0
	default:
		return studentTail(math.Abs(d.Estimate)/d.StandardError, d.Degrees)
	}
}

// CompareShares returns the second share minus the first, both independent, and its interval composed of the two Wilson
// intervals (method 10 of Newcombe 1998, "Interval estimation for the difference between independent proportions"). It
// is false when one of the shares has no value or the level is not between 0 and 1.
func CompareShares(first, second Share, level float64) (estimate float64, interval Interval, ok bool) {
	p1, ok1 := first.Value()
	p2, ok2 := second.Value()
	i1, ok3 := first.Interval(level)
	i2, ok4 := second.Interval(level)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return 0, Interval{}, false
	}
	estimate = p2 - p1
	return estimate, Interval{
		Low:  estimate - math.Hypot(p2-i2.Low, i1.High-p1),
		High: estimate + math.Hypot(i2.High-p2, p1-i1.Low),
	}, true
}
