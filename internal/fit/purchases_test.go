package fit_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/internal/fit"
)

func fitPurchases(t testing.TB, s *customerbase.Sample, model string) fit.PurchaseFit {
	t.Helper()
	p, err := fit.Purchases(t.Context(), s, fit.PurchaseOptions{Model: model})
	if err != nil {
		t.Fatal(err)
	}
	if p.Fallback != "" || p.Model != model {
		t.Fatalf("the result is %s because of %q", p.Model, p.Fallback)
	}
	return p
}

// TestPublishedParametersOfTheCDNOWSample compares with CLVTools, BTYD, lifetimes and BTYDplus, which agree to four digits
// with the values here.
func TestPublishedParametersOfTheCDNOWSample(t *testing.T) {
	t.Parallel()
	s := cdnow(t, "cdnow/CDNOW_sample.txt")
	if s.Customers() != 2357 || s.RepeatBuyers() != 946 {
		t.Fatalf("%d customers with %d repeat buyers, want 2357 with 946", s.Customers(), s.RepeatBuyers())
	}
	for model, want := range map[string]struct {
		parameters    []float64
		tolerance     float64
		logLikelihood float64
	}{
		customerbase.NameMBGNBD:    {[]float64{0.524843, 6.183085, 0.891359, 1.614002}, 5e-6, -9582.1357},
		customerbase.NameBGNBD:     {[]float64{0.242595, 4.413602, 0.792922, 2.425907}, 5e-6, -9582.4292},
		customerbase.NameParetoNBD: {[]float64{0.553277, 10.577683, 0.606240, 11.668733}, 5e-6, -9594.9762},
		customerbase.NameNBD:       {[]float64{0.384766, 12.072024}, 5e-6, -9763.658},
	} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			checkResult(t, fitPurchases(t, s, model).Result, want.parameters, want.tolerance, want.logLikelihood, 1e-3)
		})
	}
}

// TestPublishedStandardErrorsOfParetoNBD compares with CLVTools.
func TestPublishedStandardErrorsOfParetoNBD(t *testing.T) {
	t.Parallel()
	p := fitPurchases(t, cdnow(t, "cdnow/CDNOW_sample.txt"), customerbase.NameParetoNBD)
	for i, want := range []float64{0.0476, 0.8427, 0.1873, 6.2105} {
		if got := p.Parameters[i]; math.Abs(got.StandardError-want) > 2e-3*want {
			t.Errorf("the standard error of %s is %v, want %v", got.Name, got.StandardError, want)
		}
	}
}

// TestParametersOfTheRoundedCDNOWSummary fits the file of lifetimes, whose two decimals decide the fourth digit.
func TestParametersOfTheRoundedCDNOWSummary(t *testing.T) {
	t.Parallel()
	var groups []customerbase.Group
	for _, row := range readTable(t, "cdnow/cdnow_customers_summary.csv") {
		h := customerbase.History{Repeats: whole(t, row["frequency"]), Last: dollars(t, row["recency"]), Age: dollars(t, row["T"])}
		groups = append(groups, customerbase.Group{History: h, Customers: 1})
	}
	s, err := customerbase.NewSample(groups)
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, fitPurchases(t, s, customerbase.NameBGNBD).Result, []float64{0.242593, 4.413532, 0.792886, 2.425753}, 5.1e-7, -9582.4256, 5.1e-5)
}

func TestParametersOfTheCDNOWMaster(t *testing.T) {
	t.Parallel()
	if raceDetector {
		t.Skip("too slow under the race detector; make test-full runs it")
	}
	s := cdnow(t, "cdnow/CDNOW_master.txt")
	if s.Customers() != 23570 {
		t.Fatalf("%d customers, want 23570", s.Customers())
	}
	for model, want := range map[string]struct {
		parameters    []float64
		tolerance     float64
		logLikelihood float64
	}{
		customerbase.NameMBGNBD:    {[]float64{0.637140, 7.310290, 0.807474, 1.228394}, 5e-6, -95336.9583},
		customerbase.NameBGNBD:     {[]float64{0.251624, 4.788943, 0.723434, 2.161089}, 5e-6, -95368.4439},
		customerbase.NameParetoNBD: {[]float64{0.5974, 11.5857, 0.5222, 8.8278}, 1e-4, -95415.119},
		customerbase.NameNBD:       {[]float64{0.3872, 12.2712}, 1e-4, -96845.344},
	} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			checkResult(t, fitPurchases(t, s, model).Result, want.parameters, want.tolerance, want.logLikelihood, 1e-3)
		})
	}
}

// TestOnlineRetailDoesNotTellWhetherCustomersLeave is a sample that begins in the middle of most relationships and is 27
// weeks long: every model comes down to NBD.
func TestOnlineRetailDoesNotTellWhetherCustomersLeave(t *testing.T) {
	t.Parallel()
	s := sample(t, retailBase(t).at(day(t, time.DateOnly, "2011-06-09"), 0))
	for _, model := range []string{customerbase.NameMBGNBD, customerbase.NameBGNBD, customerbase.NameParetoNBD} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			p, err := fit.Purchases(t.Context(), s, fit.PurchaseOptions{Model: model})
			if err != nil {
				t.Fatal(err)
			}
			if p.Model != customerbase.NameNBD || p.Fallback == "" || p.Customers != 2800 {
				t.Errorf("the result for %d customers is %s because of %q", p.Customers, p.Model, p.Fallback)
			}
			if math.Abs(p.LogLikelihood+13255.613) > 1e-3 {
				t.Errorf("the log-likelihood is %v, want -13255.613", p.LogLikelihood)
			}
			t.Logf("fallback %s, gain %v, %d evaluations", p.Fallback, p.Gain, p.Evaluations)
		})
	}
}

// TestAFitIsRepeatable also passes the customers in another order.
func TestAFitIsRepeatable(t *testing.T) {
	t.Parallel()
	window := fit.Window{From: time.Date(1997, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(1997, 10, 1, 0, 0, 0, 0, time.UTC)}
	first, err := fit.Purchases(t.Context(), cdnow(t, "cdnow/CDNOW_sample.txt"), fit.PurchaseOptions{Window: window})
	if err != nil {
		t.Fatal(err)
	}
	again, err := fit.Purchases(t.Context(), cdnow(t, "cdnow/CDNOW_sample.txt"), fit.PurchaseOptions{Window: window})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first, again) || first.Window != window || first.Model != customerbase.NameMBGNBD {
		t.Errorf("%+v and %+v", first, again)
	}
}

// small returns a sample of which so many customers came back.
func small(t testing.TB, repeatBuyers int) *customerbase.Sample {
	t.Helper()
	groups := []customerbase.Group{{History: customerbase.History{Age: 30}, Customers: 500}}
	for i := range repeatBuyers {
		h := customerbase.History{Repeats: 1 + i%7, Last: 1 + float64(i%29), Age: 30}
		groups = append(groups, customerbase.Group{History: h, Customers: 1})
	}
	s, err := customerbase.NewSample(groups)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAFitNeedsRepeatBuyers(t *testing.T) {
	t.Parallel()
	_, err := fit.Purchases(t.Context(), small(t, 199), fit.PurchaseOptions{})
	if !errors.Is(err, fit.ErrTooFew) {
		t.Errorf("the error is %v", err)
	}
	if _, err := fit.Purchases(t.Context(), small(t, 199), fit.PurchaseOptions{MinRepeatBuyers: 100}); err != nil {
		t.Errorf("with a lower limit the error is %v", err)
	}
}

func TestACancelledFitReturnsTheCause(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fit.Purchases(ctx, small(t, 300), fit.PurchaseOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// TestCustomersWhoAllBuyAlikeAreNoEvidence has no difference between customers, for which NBD has no finite parameters.
func TestCustomersWhoAllBuyAlikeAreNoEvidence(t *testing.T) {
	t.Parallel()
	s, err := customerbase.NewSample([]customerbase.Group{{History: customerbase.History{Repeats: 4, Last: 28, Age: 30}, Customers: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fit.Purchases(t.Context(), s, fit.PurchaseOptions{}); !errors.Is(err, fit.ErrDiverged) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnUnknownModelIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := fit.Purchases(t.Context(), small(t, 300), fit.PurchaseOptions{Model: "rfm"}); !errors.Is(err, customerbase.ErrParameters) {
		t.Errorf("the error is %v", err)
	}
}

// BenchmarkFitOfTheCDNOWMaster fits every model that can be recorded to the 23,570 customers.
func BenchmarkFitOfTheCDNOWMaster(b *testing.B) {
	purchases := cdnowBase(b, "cdnow/CDNOW_master.txt")
	known := purchases.at(day(b, time.DateOnly, "1997-09-30"), 0)
	s := sample(b, known)
	for _, model := range []string{customerbase.NameMBGNBD, customerbase.NameBGNBD, customerbase.NameParetoNBD, customerbase.NameNBD} {
		b.Run(model, func(b *testing.B) {
			for b.Loop() {
				p := fitPurchases(b, s, model)
				b.ReportMetric(float64(p.Evaluations), "evaluations")
			}
		})
	}
	b.Run(customerbase.NameGammaGamma, func(b *testing.B) {
		for b.Loop() {
			fitSpends(b, known)
		}
	})
	before := purchases.at(day(b, time.DateOnly, "1997-07-01"), earlier)
	b.Run(learnedrisk.Name, func(b *testing.B) {
		for b.Loop() {
			learn(b, before)
		}
	})
}
