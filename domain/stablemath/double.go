package stablemath

import "math"

// double is a number held as the unevaluated sum of two: hi is the sum rounded, lo the rest. It carries about 105 bits.
type double struct{ hi, lo float64 }

// addExact returns a + b without error (Knuth's sum).
func addExact(a, b float64) double {
	s := a + b
	t := s - a
	return double{s, (a - (s - t)) + (b - t)}
}

// addOrdered returns a + b without error when a is zero or not smaller than b in magnitude (Dekker's sum).
func addOrdered(a, b float64) double {
	s := a + b
	return double{s, b - (s - a)}
}

// mulExact returns a * b without error, unless the product or its last bit leaves the range.
func mulExact(a, b float64) double {
	p := float64(a * b)
	return double{p, math.FMA(a, b, -p)}
}

// add returns x + y with a relative error near 2^-104, unless the two cancel.
func (x double) add(y double) double {
	s := addExact(x.hi, y.hi)
	return addOrdered(s.hi, s.lo+(x.lo+y.lo))
}

// mul returns x * y with a relative error near 2^-102.
func (x double) mul(y double) double {
	p := mulExact(x.hi, y.hi)
	return addOrdered(p.hi, p.lo+(float64(x.hi*y.lo)+float64(x.lo*y.hi)))
}

// scale returns x * y with a relative error near 2^-104.
func (x double) scale(y float64) double {
	p := mulExact(x.hi, y)
	return addOrdered(p.hi, p.lo+float64(x.lo*y))
}

// value returns the sum rounded to one number.
func (x double) value() float64 { return x.hi + x.lo }

// shift returns x 2^k, rounded once.
func shift(x float64, k int) float64 {
	if k < -1022 || k > 1023 {
		return math.Ldexp(x, k)
	}
	return x * math.Float64frombits(uint64(k+1023)<<52)
}
