package evaluation

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Forecast is an amount that was foretold for a customer, such as purchases or spend within the horizon, and the actual one.
type Forecast struct{ Expected, Actual float64 }

// Accuracy says how far forecasts are from the actual amounts.
type Accuracy struct {
	Customers int `json:"customers"`
	// Expected and Actual are the totals.
	Expected float64 `json:"expected"`
	Actual   float64 `json:"actual"`
	// MeanAbsoluteError is over the customers; nil without customers.
	MeanAbsoluteError *float64 `json:"mean_absolute_error"`
}

// Compare measures forecasts. The error wraps ErrArgument for an amount that is not finite.
func Compare(forecasts []Forecast) (Accuracy, error) {
	sorted, err := byExpected(forecasts)
	if err != nil {
		return Accuracy{}, fmt.Errorf("compare: %w", err)
	}
	var expected, actual, miss stablemath.Sum
	for _, f := range sorted {
		expected.Add(f.Expected)
		actual.Add(f.Actual)
		miss.Add(math.Abs(f.Expected - f.Actual))
	}
	a := Accuracy{Customers: len(sorted), Expected: expected.Value(), Actual: actual.Value()}
	a.MeanAbsoluteError = ratio(miss.Value(), float64(len(sorted)))
	return a, nil
}

// Concentration returns the share of all actual amounts that the customers with the highest forecasts hold: the part share
// of the customers, where those with equal forecasts count by the part that fits. It is nil if there is no amount at all. The error
// wraps ErrArgument for a share outside 0 to 1 or an amount that is not finite.
func Concentration(forecasts []Forecast, share float64) (*float64, error) {
	if !(share >= 0 && share <= 1) {
		return nil, fmt.Errorf("concentration among a share of %v: %w", share, ErrArgument)
	}
	sorted, err := byExpected(forecasts)
	if err != nil {
		return nil, fmt.Errorf("concentration: %w", err)
	}
	var all, held stablemath.Sum
	for _, f := range sorted {
		all.Add(f.Actual)
	}
	rest := share * float64(len(sorted))
	for len(sorted) > 0 && rest > 0 {
		same := 0
		var amount stablemath.Sum
		for same < len(sorted) && sorted[same].Expected == sorted[0].Expected {
			amount.Add(sorted[same].Actual)
			same++
		}
		part := min(1, rest/float64(same))
		held.Add(amount.Value() * part)
		rest -= float64(same)
		sorted = sorted[same:]
	}
	return ratio(held.Value(), all.Value()), nil
}

// byExpected returns the forecasts in order, the highest first, which makes sums independent of the order of the arguments.
func byExpected(forecasts []Forecast) ([]Forecast, error) {
	sorted := slices.Clone(forecasts)
	for _, f := range sorted {
		if math.IsNaN(f.Expected+f.Actual) || math.IsInf(f.Expected+f.Actual, 0) {
			return nil, fmt.Errorf("forecast of %v and an actual amount of %v: %w", f.Expected, f.Actual, ErrArgument)
		}
	}
	slices.SortFunc(sorted, func(a, b Forecast) int {
		return cmp.Or(cmp.Compare(b.Expected, a.Expected), cmp.Compare(b.Actual, a.Actual))
	})
	return sorted, nil
}
