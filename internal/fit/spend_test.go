package fit_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/internal/fit"
)

// TestGammaGammaParametersOfCLVTools fits the published means of the repeat purchases of the sample of CDNOW. CLVTools and
// lifetimes print 6.25, 3.74 and 15.44 from means with more decimals.
func TestGammaGammaParametersOfCLVTools(t *testing.T) {
	t.Parallel()
	var spends []customerbase.Spend
	for _, row := range readTable(t, "cdnow/cdnow_customers_summary_with_transactions.csv") {
		if x := whole(t, row["x"]); x > 0 {
			spends = append(spends, customerbase.Spend{Repeats: x, Mean: dollars(t, row["zbar"]), Customers: 1})
		}
	}
	s, err := fit.Spends(t.Context(), spends, fit.Window{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Customers != 946 {
		t.Errorf("%d customers, want 946", s.Customers)
	}
	checkResult(t, s.Result, []float64{6.248804, 3.744589, 15.447745}, 5e-5, -4055.9232, 1e-4)
}

// TestGammaGammaWithFirstPurchasesHasOtherParameters takes the means over all purchases of the repeat buyers: the definition decides
// the result.
func TestGammaGammaWithFirstPurchasesHasOtherParameters(t *testing.T) {
	t.Parallel()
	var spends []customerbase.Spend
	for _, c := range cdnowBase(t, "cdnow/CDNOW_sample.txt").at(day(t, time.DateOnly, "1997-09-30"), 0) {
		if x := c.history.Repeats; x > 0 {
			spends = append(spends, customerbase.Spend{Repeats: x, Mean: c.spend, Customers: 1})
		}
	}
	s, err := fit.Spends(t.Context(), spends, fit.Window{})
	if err != nil {
		t.Fatal(err)
	}
	if p := s.Parameters[0].Value; math.Abs(p-14.34) > 5.1e-3 {
		t.Errorf("p is %v, want 14.34", p)
	}
}

func TestEqualSpendsAreNoEvidence(t *testing.T) {
	t.Parallel()
	spends := []customerbase.Spend{{Repeats: 3, Mean: 20, Customers: 500}}
	if _, err := fit.Spends(t.Context(), spends, fit.Window{}); !errors.Is(err, fit.ErrDiverged) {
		t.Errorf("the error is %v", err)
	}
	if _, err := fit.Spends(t.Context(), spends[:0], fit.Window{}); !errors.Is(err, fit.ErrTooFew) {
		t.Errorf("without customers the error is %v", err)
	}
}

// TestBGBBParametersOfTheBTYDVignette fits the donations of the cohort of 1995.
func TestBGBBParametersOfTheBTYDVignette(t *testing.T) {
	t.Parallel()
	var groups []customerbase.RecordGroup
	for _, row := range readTable(t, "cdnow/donations.csv") {
		r := customerbase.Record{Repeats: whole(t, row["frequency"]), Last: whole(t, row["recency"]), Opportunities: whole(t, row["periods"])}
		groups = append(groups, customerbase.RecordGroup{Record: r, Customers: whole(t, row["weights"])})
	}
	o, err := fit.Opportunities(t.Context(), groups, fit.Window{})
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, o.Result, []float64{1.203522, 0.749716, 0.656718, 2.783443}, 2e-5, -33225.581, 1e-3)
}

// TestSBGParametersOfFaderAndHardie2007 are the cohorts of their paper, in customers of a thousand.
func TestSBGParametersOfFaderAndHardie2007(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cohort        customerbase.Cohort
		parameters    []float64
		logLikelihood float64
	}{
		{customerbase.Cohort{Lost: []int{131, 126, 90, 60, 42, 34, 26}, Left: 491}, []float64{0.668088, 3.806095}, -1611.158},
		{customerbase.Cohort{Lost: []int{369, 163, 86, 56, 37, 27, 21}, Left: 241}, []float64{0.704077, 1.182043}, -1680.265},
	} {
		r, err := fit.Contracts(t.Context(), []customerbase.Cohort{c.cohort}, fit.Window{})
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, r.Result, c.parameters, 2e-5, c.logLikelihood, 1e-3)
	}
}

// TestConstantRetentionIsNoEvidence halves a cohort each period: every mixture that comes close to one half is as good.
func TestConstantRetentionIsNoEvidence(t *testing.T) {
	t.Parallel()
	halves := customerbase.Cohort{Lost: []int{512, 256, 128, 64, 32}, Left: 32}
	if _, err := fit.Contracts(t.Context(), []customerbase.Cohort{halves}, fit.Window{}); !errors.Is(err, fit.ErrDiverged) {
		t.Errorf("the error is %v", err)
	}
	once := customerbase.Cohort{Lost: []int{10, 0, 0}, Left: 90}
	if _, err := fit.Contracts(t.Context(), []customerbase.Cohort{once}, fit.Window{}); !errors.Is(err, fit.ErrTooFew) {
		t.Errorf("with losses in one period the error is %v", err)
	}
}
