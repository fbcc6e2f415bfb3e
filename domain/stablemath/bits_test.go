package stablemath_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/bits.txt anew")

// functions are the recorded functions, by the names in testdata/bits.txt.
var functions = map[string]func(x []float64) float64{
	"exp":        func(x []float64) float64 { return stablemath.Exp(x[0]) },
	"expm1":      func(x []float64) float64 { return stablemath.Expm1(x[0]) },
	"log":        func(x []float64) float64 { return stablemath.Log(x[0]) },
	"log1p":      func(x []float64) float64 { return stablemath.Log1p(x[0]) },
	"lgamma":     func(x []float64) float64 { return stablemath.Lgamma(x[0]) },
	"pow":        func(x []float64) float64 { return stablemath.Pow(x[0], x[1]) },
	"logrising":  func(x []float64) float64 { return stablemath.LogRising(x[0], x[1]) },
	"logbeta":    func(x []float64) float64 { return stablemath.LogBeta(x[0], x[1]) },
	"regincbeta": func(x []float64) float64 { return stablemath.RegIncBeta(x[0], x[1], x[2]) },
}

// record calls each function for random arguments and writes the bits of arguments and results.
func record() []byte {
	random := rand.New(rand.NewPCG(5, 6))
	var out bytes.Buffer
	line := func(name string, arguments ...float64) {
		fmt.Fprint(&out, name)
		for _, x := range append(arguments, functions[name](arguments)) {
			fmt.Fprint(&out, " ", strconv.FormatFloat(x, 'x', -1, 64))
		}
		fmt.Fprintln(&out)
	}
	for range 25 {
		line("exp", between(-745, 709)(random))
		line("exp", signed(across(-40, 3))(random))
		line("expm1", between(-40, 709)(random))
		line("expm1", signed(across(-40, 3))(random))
		line("log", across(-1074, 1023)(random))
		line("log", between(0.5, 2)(random))
		line("log1p", across(-60, 60)(random))
		line("log1p", signed(across(-40, -0.1))(random))
		line("lgamma", across(-60, 60)(random))
		line("lgamma", between(0, 20)(random))
		line("pow", across(-20, 20)(random), between(-40, 40)(random))
		a, b := across(-10, 20)(random), across(-10, 20)(random)
		line("logrising", a, b)
		line("logbeta", a, b)
		line("regincbeta", math.Sqrt(a), math.Sqrt(b), random.Float64())
	}
	return out.Bytes()
}

// TestResultsHaveTheRecordedBits holds on every platform, also where the compiler fuses the products and sums that stand
// bare, for example with GOAMD64=v3.
func TestResultsHaveTheRecordedBits(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "bits.txt")
	if *rewrite {
		if err := os.WriteFile(path, record(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) < 300 {
		t.Fatalf("%d results are recorded, want some hundred", len(lines))
	}
	for _, line := range lines {
		words := strings.Fields(line)
		numbers := make([]float64, len(words)-1)
		for i, word := range words[1:] {
			if numbers[i], err = strconv.ParseFloat(word, 64); err != nil {
				t.Fatal(err)
			}
		}
		last := len(numbers) - 1
		if got := functions[words[0]](numbers[:last]); math.Float64bits(got) != math.Float64bits(numbers[last]) {
			t.Errorf("%s%v = %x, want %x", words[0], numbers[:last], got, numbers[last])
		}
	}
}

func benchmark(b *testing.B, f func(float64) float64, x float64) {
	b.Helper()
	for b.Loop() {
		f(x)
	}
}

func BenchmarkExp(b *testing.B)    { benchmark(b, stablemath.Exp, -3.7) }
func BenchmarkLog(b *testing.B)    { benchmark(b, stablemath.Log, 37.7) }
func BenchmarkLog1p(b *testing.B)  { benchmark(b, stablemath.Log1p, 0.377) }
func BenchmarkLgamma(b *testing.B) { benchmark(b, stablemath.Lgamma, 3.77) }
