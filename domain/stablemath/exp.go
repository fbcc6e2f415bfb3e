package stablemath

import "math"

// ln2 as a sum of three parts. The first has 32 bits, so its product with the exponent of a float64 is exact.
const (
	ln2Head = 0x1.62e42feep-1
	ln2Mid  = 0x1.a39ef35793c76p-33
	ln2Tail = 0x1.cc01f97b57a08p-87

	log2E = 0x1.71547652b82fep+0

	// Above expMax the exponential is infinite, below expMin it is zero, and below expm1Min it is -1 after subtracting 1.
	expMax   = 709.782712893384
	expMin   = -745.1332191019412
	expm1Min = -38.0
)

// Exp returns e to the power of x.
func Exp(x float64) float64 { return exp(double{hi: float64(x)}) }

// exp returns e to the power of the sum. The low part must be small against 1.
func exp(x double) float64 {
	switch {
	case math.IsNaN(x.hi) || x.hi > expMax+1:
		return x.hi * math.Inf(1)
	case x.hi < expMin-1:
		return 0
	}
	k, r := reduce(x)
	one := addOrdered(1, r.hi)
	return shift(one.hi+(one.lo+(r.lo+expTail(r.hi))), k)
}

// Expm1 returns e to the power of x, less 1, and keeps the digits of a result near 0.
func Expm1(x float64) float64 {
	switch {
	case math.IsNaN(x) || x > expMax:
		return x * math.Inf(1)
	case x < expm1Min:
		return -1
	case math.Abs(x) < 0x1p-54:
		return x
	}
	k, r := reduce(double{hi: x})
	tail := r.lo + expTail(r.hi)
	if k == 0 {
		return r.hi + tail
	}
	if k > 60 {
		one := addOrdered(1, r.hi)
		return shift(one.hi+(one.lo+tail), k)
	}
	// 2^k (1 + r + tail) - 1 = 2^k ((1 - 2^-k) + r + tail), where the bracket is exact for k up to 53 and loses nothing
	// that counts above.
	sum := addExact(1-shift(1, -k), r.hi)
	return shift(sum.hi+(sum.lo+tail), k)
}

// reduce splits x into k ln 2 + r with |r| at most half of ln 2.
func reduce(x double) (k int, r double) {
	n := math.Floor(float64(x.hi*log2E) + 0.5)
	if n == 0 {
		return 0, x
	}
	// n ln2Head is exact and close to x, so the difference is exact too.
	rest := x.hi - float64(n*ln2Head)
	r = addExact(rest, -float64(n*ln2Mid))
	mid := math.FMA(n, ln2Mid, -float64(n*ln2Mid))
	r.lo += x.lo - (mid + float64(n*ln2Tail))
	return int(n), addOrdered(r.hi, r.lo)
}

// expTail returns exp(r) - 1 - r for |r| at most half of ln 2 by the series of the exponential. The even and the odd powers
// are two chains, which a processor works on at once.
func expTail(r float64) float64 {
	z := float64(r * r)
	even := 1.0 / 87178291200 // 1/14!
	even = 1.0/479001600 + float64(z*even)
	even = 1.0/3628800 + float64(z*even)
	even = 1.0/40320 + float64(z*even)
	even = 1.0/720 + float64(z*even)
	even = 1.0/24 + float64(z*even)
	even = 1.0/2 + float64(z*even)
	odd := 1.0 / 6227020800 // 1/13!
	odd = 1.0/39916800 + float64(z*odd)
	odd = 1.0/362880 + float64(z*odd)
	odd = 1.0/5040 + float64(z*odd)
	odd = 1.0/120 + float64(z*odd)
	odd = 1.0/6 + float64(z*odd)
	return float64(z * (even + float64(r*odd)))
}
