package fit

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// PurchaseOptions say what to fit to a sample of purchase histories.
type PurchaseOptions struct {
	// Model is the name of the wanted model. Default: customerbase.NameMBGNBD.
	Model string
	// MinRepeatBuyers is how many customers must have a repeat purchase. Default: 200.
	MinRepeatBuyers int
	// Window is noted in the result.
	Window Window
}

// Reason says why a fit fell back to NBD.
type Reason string

const (
	// ReasonNoAttrition means that under the wanted model almost nobody leaves, or that it explains the sample no better than NBD does.
	ReasonNoAttrition Reason = "attrition_not_identifiable"
	// ReasonDiverged means that the likelihood of the wanted model has no peak.
	ReasonDiverged Reason = "diverged"
)

const (
	defaultMinRepeatBuyers = 200
	// minGain is the gain in log-likelihood over NBD, and minLeaving the share of customers who leave, below which attrition
	// is not identifiable. Both are this project's choice: two more parameters gain 1 by chance alone on average.
	minGain, minLeaving = 2, 1e-4
)

// PurchaseFit is a fitted purchase model.
type PurchaseFit struct {
	Result
	// Fitted is the model with the parameters of the result.
	Fitted customerbase.PurchaseModel `json:"-"`
	// Gain is the gain in log-likelihood of the wanted model over NBD, at the best point that was found.
	Gain float64 `json:"gain"`
	// Fallback is why the result is NBD instead of the wanted model; empty if it is the wanted one.
	Fallback Reason `json:"fallback,omitempty"`
}

// Purchases fits a purchase model to a sample. If the sample cannot tell whether customers leave, the result is NBD,
// where nobody does, and Fallback says why. The error wraps ErrTooFew if too few customers came back, ErrDiverged if even
// NBD has no peak, or the cause of a cancelled context.
func Purchases(ctx context.Context, s *customerbase.Sample, o PurchaseOptions) (PurchaseFit, error) {
	o.Model = cmp.Or(o.Model, customerbase.NameMBGNBD)
	o.MinRepeatBuyers = cmp.Or(o.MinRepeatBuyers, defaultMinRepeatBuyers)
	if n := s.RepeatBuyers(); n < o.MinRepeatBuyers {
		return PurchaseFit{}, fmt.Errorf("fit %s: %d of %d customers came back, %d are needed: %w", o.Model, n, s.Customers(), o.MinRepeatBuyers, ErrTooFew)
	}
	simple, err := fitModel(ctx, s, customerbase.NameNBD, nbdStarts(s)...)
	if err != nil {
		return PurchaseFit{}, fmt.Errorf("fit nbd: %w", err)
	}
	base, err := simple.describe(s, o.Window)
	if err != nil || o.Model == customerbase.NameNBD {
		return base, err
	}
	starts, err := attritionStarts(o.Model, simple.parameters, s.MaxAge())
	if err != nil {
		return PurchaseFit{}, err
	}
	wanted, err := fitModel(ctx, s, o.Model, starts...)
	base.Evaluations += wanted.evaluations
	if err != nil && !errors.Is(err, ErrDiverged) {
		return PurchaseFit{}, fmt.Errorf("fit %s: %w", o.Model, err)
	}
	if len(wanted.parameters) > 0 {
		base.Gain = decimals(wanted.logLikelihood - simple.logLikelihood)
	}
	switch {
	case base.Gain < minGain || wanted.leaving(s.MaxAge()) < minLeaving:
		base.Fallback = ReasonNoAttrition
		return base, nil
	case err != nil:
		base.Fallback = ReasonDiverged
		return base, nil
	}
	result, err := wanted.describe(s, o.Window)
	result.Gain, result.Evaluations = base.Gain, base.Evaluations
	return result, err
}

// fittedModel is a peak of the likelihood of a purchase model.
type fittedModel struct {
	peak
	name string
}

// fitModel climbs to the peak of a purchase model.
func fitModel(ctx context.Context, s *customerbase.Sample, name string, starts ...[]float64) (fittedModel, error) {
	p, err := climb(ctx, func(parameters []float64) (float64, error) {
		m, err := purchaseModel(name, parameters)
		if err != nil {
			return 0, err
		}
		return m.SampleLogLikelihood(s)
	}, starts...)
	return fittedModel{p, name}, err
}

// describe makes a result of a peak.
func (f fittedModel) describe(s *customerbase.Sample, window Window) (PurchaseFit, error) {
	m, err := purchaseModel(f.name, f.parameters)
	if err != nil {
		return PurchaseFit{}, fmt.Errorf("fit %s: %w", f.name, err)
	}
	height, err := m.SampleLogLikelihood(s)
	if err != nil {
		return PurchaseFit{}, fmt.Errorf("fit %s: %w", f.name, err)
	}
	return PurchaseFit{Result: newResult(m, f.peak, height, s.Customers(), window), Fitted: m}, nil
}

// purchaseModel returns the model of a name with parameters in the order of its literature.
func purchaseModel(name string, p []float64) (customerbase.PurchaseModel, error) {
	switch name {
	case customerbase.NameNBD:
		return customerbase.NBD{R: p[0], Alpha: p[1]}, nil
	case customerbase.NameMBGNBD:
		return customerbase.MBGNBD{R: p[0], Alpha: p[1], A: p[2], B: p[3]}, nil
	case customerbase.NameBGNBD:
		return customerbase.BGNBD{R: p[0], Alpha: p[1], A: p[2], B: p[3]}, nil
	case customerbase.NameParetoNBD:
		return customerbase.ParetoNBD{R: p[0], Alpha: p[1], S: p[2], Beta: p[3]}, nil
	}
	return nil, fmt.Errorf("purchase model %q is unknown: %w", name, customerbase.ErrParameters)
}

// nbdStarts have the mean rate of the sample, with much and with little difference between customers.
func nbdStarts(s *customerbase.Sample) [][]float64 {
	rate := s.MeanRate()
	return [][]float64{{0.4, 0.4 / rate}, {3, 3 / rate}}
}

// attritionStarts are the rates of NBD with a moderate, an early and a late loss of customers.
func attritionStarts(name string, nbd []float64, maxAge float64) ([][]float64, error) {
	r, alpha := nbd[0], nbd[1]
	switch name {
	case customerbase.NameMBGNBD, customerbase.NameBGNBD:
		return [][]float64{{r, alpha, 1, 2}, {2 * r, alpha, 0.3, 0.5}, {r, alpha, 2, 20}}, nil
	case customerbase.NameParetoNBD:
		return [][]float64{{r, alpha, 0.5, maxAge / 3}, {2 * r, alpha, 2, maxAge}, {r, alpha, 0.5, 3 * maxAge}}, nil
	}
	return nil, fmt.Errorf("fit of purchase model %q: it is unknown: %w", name, customerbase.ErrParameters)
}

// leaving returns the share of customers who leave after a purchase, or, in Pareto/NBD, within an age.
func (f fittedModel) leaving(age float64) float64 {
	p := f.parameters
	if f.name == customerbase.NameParetoNBD {
		return -stablemath.Expm1(-p[2] * stablemath.Log1p(age/p[3]))
	}
	return p[2] / (p[2] + p[3])
}
