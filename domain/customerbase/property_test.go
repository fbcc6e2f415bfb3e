package customerbase_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// positiveNumber draws from 2^-scale to 2^scale, evenly in the logarithm.
func positiveNumber(t *rapid.T, name string, scale float64) float64 {
	return math.Exp2(rapid.Float64Range(-scale, scale).Draw(t, name))
}

func drawModel(t *rapid.T, scale float64) customerbase.PurchaseModel {
	draw := func(name string) float64 { return positiveNumber(t, name, scale) }
	switch rapid.IntRange(0, 3).Draw(t, "model") {
	case 0:
		return customerbase.MBGNBD{R: draw("r"), Alpha: draw("alpha"), A: draw("a"), B: draw("b")}
	case 1:
		return customerbase.BGNBD{R: draw("r"), Alpha: draw("alpha"), A: draw("a"), B: draw("b")}
	case 2:
		return customerbase.ParetoNBD{R: draw("r"), Alpha: draw("alpha"), S: draw("s"), Beta: draw("beta")}
	}
	return customerbase.NBD{R: draw("r"), Alpha: draw("alpha")}
}

func drawHistory(t *rapid.T, repeats int, scale float64) customerbase.History {
	age := positiveNumber(t, "age", scale)
	x := rapid.IntRange(0, repeats).Draw(t, "repeats")
	if x == 0 {
		return history(0, 0, age)
	}
	return history(x, age*rapid.Float64Range(1e-6, 1).Draw(t, "last"), age)
}

// TestEveryResultIsANumberOrAnError draws parameters and histories far outside what is fitted.
func TestEveryResultIsANumberOrAnError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, 60)
		h := drawHistory(t, 3000, 40)
		horizon := positiveNumber(t, "horizon", 40)
		check := func(name string, low, high, x float64, err error) {
			switch {
			case err != nil && !errors.Is(err, customerbase.ErrNoValue):
				t.Errorf("%s of %+v under %+v: %v", name, h, m, err)
			case err == nil && !(x >= low && x <= high):
				t.Errorf("%s of %+v under %+v is %v", name, h, m, x)
			}
		}
		x, err := m.LogLikelihood(h)
		check("log-likelihood", -math.MaxFloat64, math.MaxFloat64, x, err)
		x, err = m.Alive(h)
		check("alive", 0, 1, x, err)
		x, err = m.NoPurchase(h, horizon)
		check("no purchase", 0, 1, x, err)
		x, err = m.Expected(h, horizon)
		check("expected", 0, math.MaxFloat64, x, err)
		x, err = m.ExpectedRepeats(horizon)
		check("expected repeats", 0, math.MaxFloat64, x, err)
	})
}

// TestNoPurchaseIsTheRatioOfLikelihoods: the history of a customer who buys nothing more differs in the age alone.
func TestNoPurchaseIsTheRatioOfLikelihoods(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, h := drawModel(t, 5), drawHistory(t, 100, 6)
		horizon := positiveNumber(t, "horizon", 6)
		longer := h
		longer.Age += horizon
		before, err1 := m.LogLikelihood(h)
		after, err2 := m.LogLikelihood(longer)
		got, err3 := m.NoPurchase(h, horizon)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		if want := math.Exp(after - before); math.Abs(got-want) > 1e-10*math.Max(want, 1e-3) {
			t.Errorf("no purchase of %+v within %v under %+v is %v, want %v", h, horizon, m, got, want)
		}
	})
}

// TestSilenceAndHorizonMoveResultsOneWay allows for the last digits.
func TestSilenceAndHorizonMoveResultsOneWay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, h := drawModel(t, 5), drawHistory(t, 50, 6)
		near, far := positiveNumber(t, "horizon", 6), 1+positiveNumber(t, "longer", 6)
		later := h
		later.Age += positiveNumber(t, "silence", 6)
		get := func(x float64, err error) float64 {
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
		const slack = 1e-11
		if a, b := get(m.Alive(h)), get(m.Alive(later)); b > a+slack {
			t.Errorf("a silence raises the chance to be alive from %v to %v under %+v", a, b, m)
		}
		if a, b := get(m.NoPurchase(h, near)), get(m.NoPurchase(later, near)); b < a-slack {
			t.Errorf("a silence lowers the chance of no purchase from %v to %v under %+v", a, b, m)
		}
		if a, b := get(m.NoPurchase(h, near)), get(m.NoPurchase(h, near*far)); b > a+slack {
			t.Errorf("a longer horizon raises the chance of no purchase from %v to %v under %+v", a, b, m)
		}
		a, b := get(m.Expected(h, near)), get(m.Expected(h, near*far))
		if b < a*(1-slack) {
			t.Errorf("a longer horizon lowers the expected purchases from %v to %v under %+v", a, b, m)
		}
		if p := get(m.NoPurchase(h, near)); 1-p > a+slack {
			t.Errorf("a purchase has the chance %v, but only %v are expected under %+v", 1-p, a, m)
		}
	})
}

// counts is implemented by the models that give the distribution of the number of repeats.
type counts interface {
	customerbase.PurchaseModel
	Repeats(x int, t float64) (float64, error)
}

func TestCountsAreADistributionWithTheExpectedMean(t *testing.T) {
	t.Parallel()
	for _, m := range []counts{
		cdnowMBG, cdnowBG, customerbase.NBD{R: 0.3848, Alpha: 12.07},
		customerbase.MBGNBD{R: 3, Alpha: 2, A: 1, B: 1}, customerbase.BGNBD{R: 3, Alpha: 2, A: 0.1, B: 0.2},
		customerbase.MBGNBD{R: 3, Alpha: 2, A: 0.01, B: 5}, customerbase.BGNBD{R: 0.5, Alpha: 1, A: 40, B: 30},
	} {
		for _, weeks := range []float64{0, 1, 10, 40} {
			get := value(t)
			total, mean := 0.0, 0.0
			for x := range 3000 {
				p := get(m.Repeats(x, weeks))
				total += p
				mean += float64(x) * p
			}
			near(t, m.Name()+" total", total, 1, 1e-10)
			if want := get(m.ExpectedRepeats(weeks)); math.Abs(mean-want) > 1e-9*want {
				t.Errorf("%+v: the mean of repeats in %v is %v, want %v", m, weeks, mean, want)
			}
		}
	}
}

func TestBadArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]customerbase.History{
		"negative repeats":        history(-1, 1, 2),
		"last after the age":      history(1, 3, 2),
		"repeats without a last":  history(1, 0, 2),
		"a last without a repeat": history(0, 1, 2),
		"an age of NaN":           history(0, 0, math.NaN()),
		"an infinite age":         history(0, 0, math.Inf(1)),
		"a last of NaN":           history(1, math.NaN(), 2),
	} {
		if _, err := cdnowMBG.Alive(h); !errors.Is(err, customerbase.ErrArgument) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	for _, x := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		m := cdnowMBG
		m.A = x
		if _, err := m.Alive(history(0, 0, 1)); !errors.Is(err, customerbase.ErrParameters) {
			t.Errorf("a = %v: the error is %v", x, err)
		}
	}
	if _, err := cdnowBG.AgeWhenAlive(0, 0, 0.5); !errors.Is(err, customerbase.ErrNoValue) {
		t.Errorf("bg_nbd never doubts a customer without repeats, but the error is %v", err)
	}
}

func TestHistoryOfDaysCountsDaysOnceAndStopsAtTheEnd(t *testing.T) {
	t.Parallel()
	h, ok := customerbase.HistoryOfDays([]int{10, 10, 17, 24, 24, 40}, 38, 7)
	if want := history(2, 2, 4); !ok || h != want {
		t.Errorf("the history is %+v, want %+v", h, want)
	}
	if _, ok := customerbase.HistoryOfDays([]int{50}, 38, 7); ok {
		t.Error("a customer of the future has a history")
	}
}
