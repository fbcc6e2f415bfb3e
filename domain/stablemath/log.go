package stablemath

import "math"

// Log returns the natural logarithm of x.
func Log(x float64) float64 {
	switch {
	case math.IsNaN(x) || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	m, k := split(x)
	return logNear1(double{hi: m - 1}, k)
}

// Log1p returns the natural logarithm of 1 + x and keeps the digits of an x near 0.
func Log1p(x float64) float64 {
	switch {
	case math.IsNaN(x) || x < -1:
		return math.NaN()
	case x == -1:
		return math.Inf(-1)
	case math.IsInf(x, 1) || math.Abs(x) < 0x1p-54:
		return x
	}
	u := addExact(1, x)
	m, k := split(u.hi)
	return logNear1(addExact(m-1, shift(u.lo, -k)), k)
}

const (
	minNormal    = 0x1p-1022
	sqrtHalfBits = 0x3fe6a09e667f3bcd
)

// split returns m in [sqrt(1/2), sqrt(2)) and k with x = m 2^k for a positive, finite x.
func split(x float64) (m float64, k int) {
	if x < minNormal {
		m, k = split(x * 0x1p64)
		return m, k - 64
	}
	// Taking the bits of sqrt(1/2) away leaves the exponent in the upper bits, one higher from sqrt(2) times a power on.
	b := math.Float64bits(x) - sqrtHalfBits
	k = int(int64(b) >> 52)
	return math.Float64frombits(b&(1<<52-1) + sqrtHalfBits), k
}

// logNear1 returns log(1 + f) + k log 2 for 1 + f in [sqrt(1/2), sqrt(2)) by the series of 2 atanh(f / (2 + f)).
func logNear1(f double, k int) float64 {
	below := addOrdered(2, f.hi)
	s := f.hi / below.hi
	rest := math.FMA(-s, below.hi, f.hi) + (f.lo - float64(s*(below.lo+f.lo)))
	z := float64(s * s)
	tail := float64(2*(rest/below.hi)) + float64(float64(2*s)*float64(z*atanhTail(z)))
	n := float64(k)
	sum := addOrdered(float64(n*ln2Head), 2*s)
	return sum.hi + (sum.lo + (tail + float64(n*ln2Mid)))
}

// atanhTail returns 1/3 + z/5 + z²/7 + …, which is (atanh(s)/s - 1)/s² for z = s², for z below 0.03. The even and the odd
// powers are two chains, which a processor works on at once.
func atanhTail(z float64) float64 {
	w := float64(z * z)
	even := 1.0 / 23
	even = 1.0/19 + float64(w*even)
	even = 1.0/15 + float64(w*even)
	even = 1.0/11 + float64(w*even)
	even = 1.0/7 + float64(w*even)
	even = 1.0/3 + float64(w*even)
	odd := 1.0 / 21
	odd = 1.0/17 + float64(w*odd)
	odd = 1.0/13 + float64(w*odd)
	odd = 1.0/9 + float64(w*odd)
	odd = 1.0/5 + float64(w*odd)
	return even + float64(z*odd)
}

// The first coefficients of the series of atanh with more bits than a float64 has.
var (
	third   = double{0x1.5555555555555p-2, 0x1.5555555555555p-56}
	fifth   = double{0x1.999999999999ap-3, -0x1.999999999999ap-57}
	seventh = double{0x1.2492492492492p-3, 0x1.2492492492492p-57}
)

// logDouble returns the natural logarithm of a positive, finite number with a relative error below 2^-64, which is what a
// power and the logarithm of the gamma function need to come out right in the last place.
func logDouble(x double) double {
	m, k := split(x.hi)
	f := addExact(m-1, shift(x.lo, -k))
	below := addExact(2, f.hi)
	below.lo += f.lo
	s := divide(f, below)
	z := s.mul(s)
	tail := z.mul(third.add(z.mul(fifth.add(z.mul(seventh.add(z.scale(ninthTail(z.hi))))))))
	log := double{2 * s.hi, 2 * s.lo}
	log = log.add(log.mul(tail))
	n := float64(k)
	whole := addExact(float64(n*ln2Head), float64(n*ln2Mid))
	whole.lo += math.FMA(n, ln2Mid, -float64(n*ln2Mid)) + float64(n*ln2Tail)
	return whole.add(log)
}

// divide returns x / y.
func divide(x, y double) double {
	q := x.hi / y.hi
	rest := math.FMA(-q, y.hi, x.hi) + (x.lo - float64(q*y.lo))
	return addOrdered(q, rest/y.hi)
}

// ninthTail returns 1/9 + z/11 + z²/13 + …, the rest of the series of atanh(s)/s for z = s², for z below 0.03.
func ninthTail(z float64) float64 {
	sum := 0.0
	for n := 27.0; n >= 9; n -= 2 {
		sum = 1/n + float64(z*sum)
	}
	return sum
}
