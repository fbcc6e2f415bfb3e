package stablemath

import "math"

// LogRising returns log(Gamma(x + n) / Gamma(x)) for x above 0 and n at least 0: for a whole n the logarithm of the rising
// factorial x (x + 1) … (x + n - 1). Its error is a few units in the last place of the larger of 1 and the result, however
// large x is. Other arguments give NaN.
func LogRising(x, n float64) float64 {
	if !(x > 0) || !(n >= 0) || math.IsInf(x, 1) || math.IsInf(n, 1) {
		return math.NaN()
	}
	if x < stirlingMin {
		return Lgamma(x+n) - Lgamma(x)
	}
	// The difference of two of Stirling's formulas, where the large parts are taken out before they are rounded.
	large := float64((x-0.5)*Log1p(n/x)) + float64(n*(Log(x+n)-1))
	return large + (stirlingSeries(x+n) - stirlingSeries(x))
}

// LogBeta returns the logarithm of the beta function of a and b, both above 0. Its error is that of LogRising. Other
// arguments give NaN.
func LogBeta(a, b float64) float64 {
	if !(a > 0) || !(b > 0) {
		return math.NaN()
	}
	return Lgamma(min(a, b)) - LogRising(max(a, b), min(a, b))
}

const (
	// fractionSteps bounds the steps of the continued fraction, which needs about the square root of the larger parameter.
	fractionSteps = 100_000
	tiny          = 0x1p-1000
)

// RegIncBeta returns the regularised incomplete beta function I_x(a, b): the probability that a variable with the beta
// distribution of a and b, both above 0, is at most x. The relative error of the smaller of I_x(a, b) and its complement
// is near 2^-50 times the larger of 1 and the logarithm of that value. Other arguments, and a fraction that does not settle, give NaN.
func RegIncBeta(a, b, x float64) float64 {
	switch {
	case !(a > 0) || !(b > 0) || !(x >= 0) || !(x <= 1) || math.IsInf(a, 1) || math.IsInf(b, 1):
		return math.NaN()
	case x == 0 || x == 1:
		return x
	}
	front := Exp(float64(a*Log(x)) + float64(b*Log1p(-x)) - LogBeta(a, b))
	if x < (a+1)/(a+b+2) {
		return front * betaFraction(a, b, x) / a
	}
	return 1 - front*betaFraction(b, a, 1-x)/b
}

// betaFraction evaluates the continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method.
func betaFraction(a, b, x float64) float64 {
	c, d := 1.0, 1/away0(1-float64((a+b)*x)/(a+1))
	value := d
	step := func(coefficient float64) float64 {
		d = 1 / away0(1+float64(coefficient*d))
		c = away0(1 + coefficient/c)
		return float64(c * d)
	}
	for m := 1.0; m < fractionSteps; m++ {
		even := float64(float64(m*(b-m))*x) / float64((a+2*m-1)*(a+2*m))
		value *= step(even)
		odd := -float64(float64((a+m)*(a+b+m))*x) / float64((a+2*m)*(a+2*m+1))
		change := step(odd)
		value *= change
		if math.Abs(change-1) < 0x1p-52 {
			return value
		}
	}
	return math.NaN()
}

// away0 keeps a denominator of Lentz's method from being zero.
func away0(x float64) float64 {
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}
