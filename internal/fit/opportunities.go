package fit

import (
	"context"
	"fmt"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// OpportunityFit is a fitted model of purchases at regular opportunities.
type OpportunityFit struct {
	Result
	// Fitted is the model with the parameters of the result.
	Fitted customerbase.BGBB `json:"-"`
}

// Opportunities fits the BG/BB model to groups of records. The error wraps ErrTooFew if fewer than 200 customers bought
// again, and ErrDiverged if the records do not tell the parameters.
func Opportunities(ctx context.Context, groups []customerbase.RecordGroup, window Window) (OpportunityFit, error) {
	customers, repeat := 0, 0
	for _, g := range groups {
		customers += g.Customers
		if g.Repeats > 0 {
			repeat += g.Customers
		}
	}
	if repeat < defaultMinRepeatBuyers {
		return OpportunityFit{}, fmt.Errorf("fit bg_bb: %d of %d customers came back, %d are needed: %w", repeat, customers, defaultMinRepeatBuyers, ErrTooFew)
	}
	model := func(p []float64) customerbase.BGBB {
		return customerbase.BGBB{Alpha: p[0], Beta: p[1], Gamma: p[2], Delta: p[3]}
	}
	of := func(p []float64) (float64, error) { return model(p).SampleLogLikelihood(groups) }
	p, err := climb(ctx, of, []float64{1, 1, 1, 3}, []float64{0.5, 2, 0.5, 5}, []float64{2, 1, 2, 20})
	if err != nil {
		return OpportunityFit{}, fmt.Errorf("fit bg_bb: %w", err)
	}
	height, err := of(p.parameters)
	if err != nil {
		return OpportunityFit{}, fmt.Errorf("fit bg_bb: %w", err)
	}
	m := model(p.parameters)
	return OpportunityFit{Result: newResult(m, p, height, customers, window), Fitted: m}, nil
}
