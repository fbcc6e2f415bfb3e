package fit

import (
	"context"
	"fmt"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// ContractFit is a fitted model of contracts.
type ContractFit struct {
	Result
	// Fitted is the model with the parameters of the result.
	Fitted customerbase.SBG `json:"-"`
}

// Contracts fits the shifted beta-geometric model to cohorts of contracts. The error wraps ErrTooFew if fewer than two
// periods saw a loss, from which two parameters cannot be told, and ErrDiverged if the cohorts do not tell them, for
// example because retention does not rise with tenure.
func Contracts(ctx context.Context, cohorts []customerbase.Cohort, window Window) (ContractFit, error) {
	customers, losses := 0, make(map[int]bool)
	for _, c := range cohorts {
		customers += c.Left
		for period, lost := range c.Lost {
			customers += lost
			if lost > 0 {
				losses[period] = true
			}
		}
	}
	if len(losses) < 2 {
		return ContractFit{}, fmt.Errorf("fit sbg: %d periods with losses, 2 are needed: %w", len(losses), ErrTooFew)
	}
	of := func(p []float64) (float64, error) {
		var sum stablemath.Sum
		for _, c := range cohorts {
			height, err := customerbase.SBG{Alpha: p[0], Beta: p[1]}.LogLikelihood(c)
			if err != nil {
				return 0, err
			}
			sum.Add(height)
		}
		return sum.Value(), nil
	}
	p, err := climb(ctx, of, []float64{1, 1}, []float64{0.5, 4}, []float64{5, 20})
	if err != nil {
		return ContractFit{}, fmt.Errorf("fit sbg: %w", err)
	}
	height, err := of(p.parameters)
	if err != nil {
		return ContractFit{}, fmt.Errorf("fit sbg: %w", err)
	}
	m := customerbase.SBG{Alpha: p.parameters[0], Beta: p.parameters[1]}
	return ContractFit{Result: newResult(m, p, height, customers, window), Fitted: m}, nil
}
