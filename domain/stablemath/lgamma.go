package stablemath

import "math"

// stirlingMin is the argument from which on Stirling's series with the terms below is exact to the last place.
const stirlingMin = 16

// eulerGamma is the constant of Euler and Mascheroni.
var eulerGamma = double{0x1.2788cfc6fb619p-1, -0x1.6cb90701fbfabp-58}

// stirlingShift is (log(2 pi) - 1) / 2.
var stirlingShift = double{0x1.acfe390c97d69p-2, 0x1.3494bc9001442p-56}

// stirling holds B(2k) / (2k (2k - 1)) for k from 1, where B are Bernoulli's numbers.
var stirling = [...]float64{
	1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400, 43867.0 / 244188,
}

// zetaTail holds (zeta(k) - 1) / k for k from 2, where zeta is Riemann's function.
var zetaTail = [...]float64{
	0.3224670334241132, 0.0673523010531981, 0.020580808427784546, 0.007385551028673986, 0.0028905103307415234,
	0.001192753911703261, 0.0005096695247430425, 0.00022315475845357939, 9.945751278180853e-05, 4.492623673813314e-05,
	2.050721277567069e-05, 9.439488275268397e-06, 4.374866789907488e-06, 2.039215753801366e-06, 9.55141213040742e-07,
	4.492469198764566e-07, 2.1207184805554665e-07, 1.0043224823968099e-07, 4.7698101693639804e-08, 2.2711094608943164e-08,
	1.0838659214896955e-08, 5.183475041970047e-09, 2.4836745438024785e-09, 1.1921401405860912e-09, 5.731367241678862e-10,
	2.7595228851242334e-10, 1.330476437424449e-10, 6.4229645638381e-11, 3.1044247747322276e-11,
}

// Lgamma returns the logarithm of the gamma function of x for x above 0. It is infinite at 0 and NaN below.
func Lgamma(x float64) float64 {
	switch {
	case math.IsNaN(x) || x < 0:
		return math.NaN()
	case x == 0 || math.IsInf(x, 1):
		return math.Inf(1)
	case x >= stirlingMin:
		return lgammaLarge(x)
	case x > 2.5:
		return lgammaMiddle(x)
	case x > 1.5:
		// log Gamma(2 + e) = e - Euler's constant e + sum over k of (zeta(k) - 1) (-e)^k / k.
		e := x - 2
		return eulerGamma.scale(-e).add(double{hi: e}).add(double{hi: zetaSeries(e)}).value()
	case x >= 0.5:
		return lgammaNear1(x-1, logDouble(double{hi: x})).value()
	}
	u := addExact(1, x)
	return lgammaNear1(x, logDouble(u)).add(negate(logDouble(double{hi: x}))).value()
}

// lgammaNear1 returns log Gamma(1 + e) = log Gamma(2 + e) - log(1 + e) for |e| at most 1/2, given log(1 + e).
func lgammaNear1(e float64, log double) double {
	// e - log(1 + e) is added first: the rest then has the size of the result, which is 0 at e = 0.
	return double{hi: e}.add(negate(log)).add(eulerGamma.scale(-e)).add(double{hi: zetaSeries(e)})
}

// lgammaMiddle goes down to (1.5, 2.5] by Gamma(x) = (x - 1) Gamma(x - 1).
func lgammaMiddle(x float64) float64 {
	product := double{hi: 1}
	for x > 2.5 {
		x--
		product = product.scale(x)
	}
	e := x - 2
	return logDouble(product).add(eulerGamma.scale(-e)).add(double{hi: e}).add(double{hi: zetaSeries(e)}).value()
}

// lgammaLarge is Stirling's series: (x - 1/2) (log x - 1) + (log(2 pi) - 1) / 2 + stirlingSeries(x).
func lgammaLarge(x float64) float64 {
	if x > 0x1p1000 {
		// Here x - 1/2 is x and the other terms do not count. The exact product below would make NaN of an overflow.
		return float64(x * (Log(x) - 1))
	}
	log := logDouble(double{hi: x}).add(double{hi: -1})
	return log.mul(addExact(x, -0.5)).add(stirlingShift).add(double{hi: stirlingSeries(x)}).value()
}

// stirlingSeries returns what Stirling's formula leaves: log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2, for x at least
// stirlingMin.
func stirlingSeries(x float64) float64 {
	z := 1 / x
	w := float64(z * z)
	sum := 0.0
	for i := len(stirling) - 1; i >= 0; i-- {
		sum = stirling[i] + float64(w*sum)
	}
	return float64(z * sum)
}

// zetaSeries returns the sum over k from 2 of (zeta(k) - 1) (-e)^k / k for |e| at most 1/2.
func zetaSeries(e float64) float64 {
	sum := 0.0
	for i := len(zetaTail) - 1; i >= 0; i-- {
		sum = zetaTail[i] - float64(e*sum)
	}
	return float64(float64(e*e) * sum)
}

func negate(x double) double { return double{-x.hi, -x.lo} }
