package stablemath

import "math"

// Pow returns x to the power of y for x at least 0. A negative x, and any NaN, gives NaN, except that the power 0 gives 1.
func Pow(x, y float64) float64 {
	switch {
	case y == 0 || x == 1:
		return 1
	case math.IsNaN(x) || math.IsNaN(y) || x < 0:
		return math.NaN()
	case x == 0 || math.IsInf(x, 0) || math.IsInf(y, 0):
		// These are limits, not calculations: the result is 0 or infinite on every platform.
		return limit((x > 1) == (y > 0))
	}
	log := logDouble(double{hi: x})
	if t := float64(log.hi * y); t > expMax+1 || t < expMin-1 {
		return limit(t > 0)
	}
	return exp(log.scale(y))
}

// limit returns infinity if it grows, else 0.
func limit(grows bool) float64 {
	if grows {
		return math.Inf(1)
	}
	return 0
}
