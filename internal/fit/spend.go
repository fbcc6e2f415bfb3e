package fit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// SpendFit is a fitted model of amounts.
type SpendFit struct {
	Result
	// Fitted is the model with the parameters of the result.
	Fitted customerbase.GammaGamma `json:"-"`
}

// Spends fits the Gamma-Gamma model to the mean amounts of repeat buyers. The order of the arguments does not matter.
// The error wraps ErrTooFew if there are fewer than 200 of them, and ErrDiverged if the amounts do not tell the
// parameters, for example because all customers spend alike.
func Spends(ctx context.Context, spends []customerbase.Spend, window Window) (SpendFit, error) {
	grouped, customers := groupSpends(spends)
	if customers < defaultMinRepeatBuyers {
		return SpendFit{}, fmt.Errorf("fit gamma_gamma: %d repeat buyers, %d are needed: %w", customers, defaultMinRepeatBuyers, ErrTooFew)
	}
	var sum stablemath.Sum
	for _, s := range grouped {
		sum.Add(s.Mean * float64(s.Customers))
	}
	mean := sum.Value() / float64(customers)
	model := func(p []float64) customerbase.GammaGamma { return customerbase.GammaGamma{P: p[0], Q: p[1], V: p[2]} }
	of := func(p []float64) (float64, error) { return model(p).SampleLogLikelihood(grouped) }
	p, err := climb(ctx, of, []float64{2, 3, mean}, []float64{8, 4, mean / 2}, []float64{1, 10, 9 * mean})
	if err != nil {
		return SpendFit{}, fmt.Errorf("fit gamma_gamma: %w", err)
	}
	height, err := of(p.parameters)
	if err != nil {
		return SpendFit{}, fmt.Errorf("fit gamma_gamma: %w", err)
	}
	m := model(p.parameters)
	return SpendFit{Result: newResult(m, p, height, customers, window), Fitted: m}, nil
}

// groupSpends sorts spends, counts equal ones together and returns the number of customers.
func groupSpends(spends []customerbase.Spend) (grouped []customerbase.Spend, customers int) {
	sorted := slices.Clone(spends)
	slices.SortFunc(sorted, func(a, b customerbase.Spend) int {
		return cmp.Or(cmp.Compare(a.Repeats, b.Repeats), cmp.Compare(a.Mean, b.Mean))
	})
	for _, s := range sorted {
		customers += s.Customers
		if n := len(grouped); n > 0 && grouped[n-1].Repeats == s.Repeats && grouped[n-1].Mean == s.Mean {
			grouped[n-1].Customers += s.Customers
			continue
		}
		grouped = append(grouped, s)
	}
	return grouped, customers
}
