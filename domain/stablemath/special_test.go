package stablemath_test

import (
	"math"
	"testing"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// extremes are arguments at which a function has a value of its own or its calculation could leave the range.
var extremes = []float64{
	math.Inf(-1), -math.MaxFloat64, -1e300, -746, -745.2, -709, -38.5, -1, -0.5, -1e-300, math.Copysign(0, -1), 0,
	1e-300, 0x1p-60, 0.5, 1, 2, 38, 709, 709.78, 709.79, 746, 1e300, 0x1p1000, 0x1p1015, math.MaxFloat64,
	math.Inf(1), math.NaN(),
}

// TestSubnormalArguments has no comparison with the standard library, whose Log is off there on amd64.
func TestSubnormalArguments(t *testing.T) {
	t.Parallel()
	x := math.SmallestNonzeroFloat64
	if got, want := stablemath.Log(x), -1074*math.Ln2; got != want {
		t.Errorf("Log is %v, want %v", got, want)
	}
	if got, want := stablemath.Lgamma(x), 1074*math.Ln2; got != want {
		t.Errorf("Lgamma is %v, want %v", got, want)
	}
	if got := stablemath.Exp(-1074 * math.Ln2); got != x {
		t.Errorf("Exp is %v, want %v", got, x)
	}
}

// alike says whether two results agree in kind, and in value up to a relative distance.
func alike(got, want, distance float64) bool {
	if math.IsNaN(got) || math.IsNaN(want) {
		return math.IsNaN(got) && math.IsNaN(want)
	}
	return got == want || math.Abs(got-want) <= distance*math.Abs(want)
}

func TestSpecialValuesAreThoseOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]struct{ ours, theirs func(float64) float64 }{
		"Exp":   {stablemath.Exp, math.Exp},
		"Expm1": {stablemath.Expm1, math.Expm1},
		"Log":   {stablemath.Log, math.Log},
		"Log1p": {stablemath.Log1p, math.Log1p},
	} {
		for _, x := range extremes {
			if got, want := f.ours(x), f.theirs(x); !alike(got, want, 1e-15) || math.Signbit(got) != math.Signbit(want) && got == 0 {
				t.Errorf("%s(%v) = %v, want %v", name, x, got, want)
			}
		}
	}
	for _, x := range extremes {
		for _, y := range extremes {
			got, want := stablemath.Pow(x, y), math.Abs(math.Pow(x, y))
			if x < 0 && y != 0 {
				want = math.NaN()
			}
			if !alike(got, want, 1e-14) {
				t.Errorf("Pow(%v, %v) = %v, want %v", x, y, got, want)
			}
		}
		want, _ := math.Lgamma(x)
		if x < 0 {
			want = math.NaN()
		}
		if got := stablemath.Lgamma(x); !alike(got, want, 1e-14) {
			t.Errorf("Lgamma(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestRisingFactorialsAgreeWithTheirProducts(t *testing.T) {
	t.Parallel()
	for _, x := range []float64{1e-9, 0.3, 1, 2.5, 15.9, 16, 40, 7e5, 1e12} {
		want := 0.0
		for n := range 60 {
			got := stablemath.LogRising(x, float64(n))
			if math.Abs(got-want) > 1e-15*float64(8+n)*max(1, math.Abs(want)) {
				t.Errorf("LogRising(%v, %d) = %v, want %v", x, n, got, want)
			}
			want += math.Log(x + float64(n))
		}
	}
}

// TestBetaOfUnevenArguments uses B(a, b) = 1 / (a (1 + a/b) …) for a whole b, where the usual difference of three
// logarithms of the gamma function has lost most digits.
func TestBetaOfUnevenArguments(t *testing.T) {
	t.Parallel()
	for _, b := range []float64{1, 2, 3, 7, 1000, 1e5} {
		for _, a := range []float64{1e-6, 0.5, 1, 3.25} {
			var sum stablemath.Sum
			for k := 1.0; k < b; k++ {
				sum.Add(-math.Log1p(a / k))
			}
			want := sum.Value() - math.Log(a)
			for _, got := range []float64{stablemath.LogBeta(a, b), stablemath.LogBeta(b, a)} {
				if math.Abs(got-want) > 2e-14*max(1, math.Abs(want)) {
					t.Errorf("LogBeta(%v, %v) = %v, want %v", a, b, got, want)
				}
			}
		}
	}
}

// TestIncompleteBetaIsABinomialTail compares with the sum of binomial probabilities.
func TestIncompleteBetaIsABinomialTail(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 5, 20, 60} {
		for _, p := range []float64{1e-6, 0.01, 0.3, 0.5, 0.77, 0.999} {
			tail := 0.0
			for k := n; k >= 1; k-- {
				choose, _ := math.Lgamma(float64(n + 1))
				a, _ := math.Lgamma(float64(k + 1))
				b, _ := math.Lgamma(float64(n - k + 1))
				tail += math.Exp(choose - a - b + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
				if got := stablemath.RegIncBeta(float64(k), float64(n-k+1), p); math.Abs(got-tail) > 1e-12*tail {
					t.Errorf("RegIncBeta(%d, %d, %v) = %v, want %v", k, n-k+1, p, got, tail)
				}
			}
		}
	}
}

func TestArgumentsOutsideTheDomainGiveNaN(t *testing.T) {
	t.Parallel()
	for name, got := range map[string]float64{
		"LogRising of 0":                     stablemath.LogRising(0, 1),
		"LogRising down":                     stablemath.LogRising(1, -1),
		"LogBeta of 0":                       stablemath.LogBeta(0, 1),
		"LogBeta of NaN":                     stablemath.LogBeta(math.NaN(), 1),
		"RegIncBeta of 0":                    stablemath.RegIncBeta(0, 1, 0.5),
		"RegIncBeta outside the probability": stablemath.RegIncBeta(1, 1, 1.5),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s = %v, want NaN", name, got)
		}
	}
}

func TestSumsKeepWhatPlainAdditionLoses(t *testing.T) {
	t.Parallel()
	var s stablemath.Sum
	for range 1000 {
		for _, x := range []float64{1e16, 1, -1e16} {
			s.Add(x)
		}
	}
	if s.Value() != 1000 {
		t.Errorf("the sum is %v, want 1000", s.Value())
	}
	if got := stablemath.LogAdd(-2000, -2000+math.Log(3)); math.Abs(got-(-2000+math.Log(4))) > 1e-12 {
		t.Errorf("LogAdd is %v", got)
	}
	if got := stablemath.LogAdd(math.Inf(-1), -5); got != -5 {
		t.Errorf("LogAdd of nothing is %v", got)
	}
}
