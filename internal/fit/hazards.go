package fit

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// HazardFit is a fitted model of how long relationships last.
type HazardFit struct {
	Result
	// Fitted is the model with the parameters of the result.
	Fitted customerbase.ProportionalHazards `json:"-"`
	// NullLogLikelihood is that of a model in which no covariate counts, rounded to six decimals.
	NullLogLikelihood float64 `json:"null_log_likelihood"`
	// Concordance is that of the risks of the fitted model.
	Concordance float64 `json:"concordance"`
}

// Hazards fits Cox's model to subjects with covariates of these names, in their order. The error wraps ErrTooFew if fewer than
// ten relationships ended for each covariate, customerbase.ErrArgument if a subject is impossible, and ErrDiverged if covariates
// say the same or one tells everything.
func Hazards(ctx context.Context, covariates []string, subjects []customerbase.Subject, window Window) (HazardFit, error) {
	f, err := fitHazards(ctx, covariates, subjects, window)
	if err != nil {
		return HazardFit{}, fmt.Errorf("fit %s: %w", customerbase.NameProportionalHazards, err)
	}
	return f, nil
}

func fitHazards(ctx context.Context, covariates []string, subjects []customerbase.Subject, window Window) (HazardFit, error) {
	customers, ended := 0, 0
	for _, s := range subjects {
		customers += s.Customers
		if s.Ended {
			ended += s.Customers
		}
	}
	if need := leastEvents * len(covariates); ended < max(need, 1) {
		return HazardFit{}, fmt.Errorf("%d relationships ended, %d are needed for %d covariates: %w", ended, need, len(covariates), ErrTooFew)
	}
	h := hazards{covariates, subjects}
	null, err := h.model(make([]float64, len(covariates))).PartialLikelihood(subjects)
	if err != nil {
		return HazardFit{}, err
	}
	found, err := ascend(ctx, h, len(covariates))
	if err != nil {
		return HazardFit{}, err
	}
	for i, w := range found.weights {
		found.weights[i] = significant(w, 9)
	}
	m := h.model(found.weights)
	height, err := m.PartialLikelihood(subjects)
	if err != nil {
		return HazardFit{}, err
	}
	at := peak{standardErrors: found.standardErrors, evaluations: found.evaluations}
	f := HazardFit{Result: newResult(m, at, height.Log, customers, window), Fitted: m, NullLogLikelihood: decimals(null.Log)}
	f.Concordance, err = concordance(m, subjects)
	return f, err
}

// concordance returns that of the risks of a model.
func concordance(m customerbase.ProportionalHazards, subjects []customerbase.Subject) (float64, error) {
	lifetimes, risks := make([]customerbase.Lifetime, len(subjects)), make([]float64, len(subjects))
	for i, s := range subjects {
		lifetimes[i] = s.Lifetime
		var err error
		if risks[i], err = m.LogRisk(s.Covariates); err != nil {
			return 0, err
		}
	}
	return customerbase.Concordance(lifetimes, risks)
}

// hazards is the partial likelihood of subjects.
type hazards struct {
	covariates []string
	subjects   []customerbase.Subject
}

// model returns the model with some effects.
func (h hazards) model(effects []float64) customerbase.ProportionalHazards {
	var m customerbase.ProportionalHazards
	for i, name := range h.covariates {
		m.Effects = append(m.Effects, customerbase.Parameter{Name: name, Value: effects[i]})
	}
	return m
}

func (h hazards) height(effects []float64) float64 {
	l, err := h.model(effects).PartialLikelihood(h.subjects)
	if err != nil {
		return math.Inf(-1)
	}
	return l.Log
}

func (h hazards) derivatives(effects []float64) (*mat.VecDense, *mat.SymDense, error) {
	l, err := h.model(effects).PartialLikelihood(h.subjects)
	if err != nil {
		return nil, nil, err
	}
	information := mat.NewSymDense(len(effects), nil)
	for i, row := range l.Information {
		for j := range i + 1 {
			information.SetSym(i, j, row[j])
		}
	}
	return mat.NewVecDense(len(effects), l.Gradient), information, nil
}
