package stablemath_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// bits is the precision of the reference calculation.
const bits = 300

func num(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }

func add(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Add(x, y) }
func sub(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Sub(x, y) }
func mul(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Mul(x, y) }
func quo(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Quo(x, y) }

// atanhSeries returns 2 atanh(s) for a small s.
func atanhSeries(s *big.Float) *big.Float {
	z, power, sum := mul(s, s), s, num(0)
	for n := 1.0; power.Sign() != 0 && power.MantExp(nil) > s.MantExp(nil)-bits; n += 2 {
		sum = add(sum, quo(power, num(n)))
		power = mul(power, z)
	}
	return mul(num(2), sum)
}

var bigLn2 = atanhSeries(quo(num(1), num(3)))

func bigLog(x *big.Float) *big.Float {
	m := new(big.Float).SetPrec(bits)
	k := x.MantExp(m)
	if m.Cmp(num(0.75)) < 0 {
		m = mul(m, num(2))
		k--
	}
	near := atanhSeries(quo(sub(m, num(1)), add(m, num(1))))
	return add(near, mul(num(float64(k)), bigLn2))
}

// bigExpm1 returns exp(x) - 1: by its series, after the argument was halved often enough.
func bigExpm1(x *big.Float) *big.Float {
	if x.Sign() == 0 {
		return num(0)
	}
	k := max(x.MantExp(nil)+10, 0)
	small := new(big.Float).SetPrec(bits).SetMantExp(x, -k)
	sum, term := num(0), num(1)
	for n := 1.0; n < 60; n++ {
		term = quo(mul(term, small), num(n))
		sum = add(sum, term)
	}
	for range k {
		sum = mul(sum, add(sum, num(2)))
	}
	return sum
}

// bigExp returns exp(x). The reciprocal keeps the digits of a small result.
func bigExp(x *big.Float) *big.Float {
	if x.Sign() < 0 {
		return quo(num(1), bigExp(new(big.Float).Neg(x)))
	}
	return add(bigExpm1(x), num(1))
}

// bernoulli returns Bernoulli's numbers up to B(50), by their recurrence.
var bernoulli = sync.OnceValue(func() []*big.Rat {
	b := make([]*big.Rat, 51)
	for m := range b {
		sum := new(big.Rat)
		choose := big.NewInt(1)
		for k := range m {
			sum.Add(sum, new(big.Rat).Mul(new(big.Rat).SetInt(choose), b[k]))
			choose.Mul(choose, big.NewInt(int64(m+1-k)))
			choose.Div(choose, big.NewInt(int64(k+1)))
		}
		b[m] = sum.Mul(sum, big.NewRat(-1, int64(m+1)))
		if m == 0 {
			b[m] = big.NewRat(1, 1)
		}
	}
	return b
})

// bigLgamma is Stirling's series at x + 60, brought back by the recurrence.
func bigLgamma(t testing.TB, x *big.Float) *big.Float {
	t.Helper()
	product := num(1)
	for x.Cmp(num(60)) < 0 {
		product = mul(product, x)
		x = add(x, num(1))
	}
	pi, ok := new(big.Float).SetPrec(bits).SetString("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798")
	if !ok {
		t.Fatal("pi is not a number")
	}
	sum := sub(mul(sub(x, num(0.5)), bigLog(x)), x)
	sum = add(sum, quo(bigLog(mul(num(2), pi)), num(2)))
	power := x
	for k, b := range bernoulli() {
		if k < 2 || k%2 == 1 {
			continue
		}
		c := new(big.Float).SetPrec(bits).SetRat(new(big.Rat).Mul(b, big.NewRat(1, int64(k*(k-1)))))
		sum = add(sum, quo(c, power))
		power = mul(power, mul(x, x))
	}
	return sub(sum, bigLog(product))
}

// ulps returns how far got is from the exact value, in units of the last place of that value.
func ulps(got float64, exact *big.Float) float64 {
	near, _ := exact.Float64()
	if near == 0 || math.IsInf(near, 0) {
		if got == near {
			return 0
		}
		return math.Inf(1)
	}
	unit := math.Nextafter(math.Abs(near), math.Inf(1)) - math.Abs(near)
	if math.IsInf(got, 0) || math.IsNaN(got) {
		return math.Inf(1)
	}
	d, _ := sub(num(got), exact).Float64()
	return math.Abs(d) / unit
}

// worst calls an accuracy for many arguments and reports the largest error.
func worst(t *testing.T, n int, limit float64, draw func(*rand.Rand) float64, f func(float64) float64, exact func(*big.Float) *big.Float) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	largest, at := 0.0, 0.0
	for range n {
		x := draw(random)
		if u := ulps(f(x), exact(num(x))); u > largest {
			largest, at = u, x
		}
	}
	t.Logf("largest error %.3f units at %v", largest, at)
	if largest > limit {
		t.Errorf("the result for %v is off by %.3f units in the last place, more than %v", at, largest, limit)
	}
}

// between draws evenly, across draws evenly in the logarithm.
func between(low, high float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return low + (high-low)*r.Float64() }
}

func across(low, high float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return math.Exp2(low + (high-low)*r.Float64()) }
}

func signed(draw func(*rand.Rand) float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return draw(r) * float64(1-2*r.IntN(2)) }
}

func TestResultsAreWithinTwoUnitsInTheLastPlace(t *testing.T) {
	t.Parallel()
	one := num(1)
	log1p := func(x *big.Float) *big.Float { return bigLog(add(x, one)) }
	lgamma := func(x *big.Float) *big.Float { return bigLgamma(t, x) }
	for _, c := range []struct {
		name  string
		n     int
		draw  func(*rand.Rand) float64
		f     func(float64) float64
		exact func(*big.Float) *big.Float
	}{
		{"exp over the range", 750, between(-708, 709.7), stablemath.Exp, bigExp},
		{"exp near 0", 500, signed(across(-60, 1)), stablemath.Exp, bigExp},
		{"expm1 over the range", 500, between(-50, 709.7), stablemath.Expm1, bigExpm1},
		{"expm1 near 0", 1000, signed(across(-60, 3)), stablemath.Expm1, bigExpm1},
		{"log over the range", 750, across(-1074, 1023.9), stablemath.Log, bigLog},
		{"log near 1", 1000, between(0.5, 2), stablemath.Log, bigLog},
		{"log1p above 0", 750, across(-60, 1023), stablemath.Log1p, log1p},
		{"log1p near 0", 1000, signed(across(-60, -0.01)), stablemath.Log1p, log1p},
		{"lgamma over the range", 83, across(-1000, 1014), stablemath.Lgamma, lgamma},
		{"lgamma of small numbers", 250, between(0, 20), stablemath.Lgamma, lgamma},
		{"lgamma near its zeros", 250, between(0.4, 2.6), stablemath.Lgamma, lgamma},
		{"lgamma at 1", 50, func(r *rand.Rand) float64 { return 1 + signed(across(-50, -1))(r) }, stablemath.Lgamma, lgamma},
		{"lgamma at 2", 50, func(r *rand.Rand) float64 { return 2 + signed(across(-50, -1))(r) }, stablemath.Lgamma, lgamma},
		{"lgamma of thousands", 50, between(16, 1e4), stablemath.Lgamma, lgamma},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			worst(t, c.n, 2, c.draw, c.f, c.exact)
		})
	}
}

func TestPowersAreWithinTwoUnitsInTheLastPlace(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	largest := 0.0
	for range 1000 {
		x := across(-30, 30)(random)
		y := between(-700, 700)(random) / math.Max(1, math.Abs(math.Log(x)))
		exact := bigExp(mul(num(y), bigLog(num(x))))
		u := ulps(stablemath.Pow(x, y), exact)
		if u > 2 {
			t.Errorf("Pow(%v, %v) is off by %.3f units in the last place", x, y, u)
		}
		largest = max(largest, u)
	}
	t.Logf("largest error %.3f units", largest)
}
