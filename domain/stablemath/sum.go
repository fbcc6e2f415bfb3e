package stablemath

import "math"

// Sum adds numbers with a running correction (Neumaier), so that the error of the total does not grow with their count.
// The zero value is an empty sum. The total depends on the order of the numbers: add them in a fixed one.
type Sum struct{ total, rest float64 }

// Add adds x.
func (s *Sum) Add(x float64) {
	// The conversion keeps a product that the caller passes from being fused with the addition.
	t := addExact(s.total, float64(x))
	s.total = t.hi
	s.rest += t.lo
}

// Value returns the total.
func (s *Sum) Value() float64 {
	if math.IsNaN(s.rest) || math.IsInf(s.rest, 0) {
		return s.total
	}
	return s.total + s.rest
}

// LogAdd returns log(exp(a) + exp(b)) without leaving the range of float64 on the way. Minus infinity stands for nothing.
func LogAdd(a, b float64) float64 {
	high, low := max(a, b), min(a, b)
	if math.IsInf(low, -1) || math.IsInf(high, 1) {
		return high
	}
	return high + Log1p(Exp(low-high))
}
