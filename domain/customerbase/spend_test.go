package customerbase_test

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// cdnowSpends reads the repeat buyers of the sample with the published means of their repeat purchases.
func cdnowSpends(t testing.TB) []customerbase.Spend {
	t.Helper()
	var spends []customerbase.Spend
	for _, row := range readTable(t, "cdnow/cdnow_customers_summary_with_transactions.csv") {
		x, err := strconv.Atoi(row["x"])
		if err != nil {
			t.Fatal(err)
		}
		if x > 0 {
			spends = append(spends, customerbase.Spend{Repeats: x, Mean: number(t, row["zbar"]), Customers: 1})
		}
	}
	return spends
}

func TestGammaGammaLogLikelihoodOfCLVTools(t *testing.T) {
	t.Parallel()
	spends := cdnowSpends(t)
	if len(spends) != 946 {
		t.Fatalf("%d repeat buyers, want 946", len(spends))
	}
	m := customerbase.GammaGamma{P: 6.248804, Q: 3.744589, V: 15.447745}
	printed(t, "log-likelihood", value(t)(m.SampleLogLikelihood(spends)), "-4055.9232")
	rounded := customerbase.GammaGamma{P: 6.25, Q: 3.74, V: 15.44}
	// CLVTools fits amounts with more decimals than the published means have.
	near(t, "log-likelihood", value(t)(rounded.SampleLogLikelihood(spends)), -4055.9177, 1e-5)
}

// TestGammaGammaExpectedSpendsOfHardieNote25 are those of the first ten customers.
func TestGammaGammaExpectedSpendsOfHardieNote25(t *testing.T) {
	t.Parallel()
	m := customerbase.GammaGamma{P: 6.248804, Q: 3.744589, V: 15.447745}
	rows := readTable(t, "cdnow/cdnow_customers_summary_with_transactions.csv")
	for i, want := range []string{"24.65", "18.91", "35.17", "35.17", "35.17", "71.46", "18.91", "35.17", "27.28", "35.17"} {
		x, err := strconv.Atoi(rows[i]["x"])
		if err != nil {
			t.Fatal(err)
		}
		printed(t, fmt.Sprintf("expected spend of customer %d", i+1), value(t)(m.ExpectedSpend(x, number(t, rows[i]["zbar"]))), want)
	}
}

func TestExpectedSpendWithoutAMeanIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := (customerbase.GammaGamma{P: 2, Q: 1, V: 10}).ExpectedSpend(0, 0); !errors.Is(err, customerbase.ErrNoValue) {
		t.Errorf("the error is %v", err)
	}
}

// TestDiscountedPurchases compares with the continuous closed form of Pareto/NBD: short steps and a far horizon come close.
func TestDiscountedPurchases(t *testing.T) {
	t.Parallel()
	get := value(t)
	h := history(2, 30.43, 38.86)
	plain := get(customerbase.DiscountedPurchases(cdnowMBG, h, 1, 39, 0))
	near(t, "undiscounted purchases", plain, get(cdnowMBG.Expected(h, 39)), 1e-13)
	step := math.Expm1(0.0027)
	near(t, "discounted purchases", get(customerbase.DiscountedPurchases(cdnowPareto, h, 1, 6000, step)), 6.482034, 2e-3)
}
