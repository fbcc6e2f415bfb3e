package learnedrisk

import (
	"fmt"
	"math"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Name is the name of the model in events and reports.
const Name = "learned_risk"

// Model foretells whether a customer will be lost, which is to buy nothing within the horizon.
type Model struct {
	// Horizon is the time for which the chance holds, in days.
	Horizon float64
	// Intercept is the logarithm of the odds of the mean customer, of whom every feature is as Mean and MissingShare say.
	Intercept float64
	// Features are in the order of their names, each name once.
	Features []Feature
}

// Feature is one input and what it counts.
type Feature struct {
	// Name begins with a letter and consists of small letters, digits and underscores.
	Name string
	// Mean and Scale are the mean and the standard deviation over the customers the model was learned from, of those of whom the
	// value was known. Scale is positive.
	Mean, Scale float64
	// Weight is what a value of one Scale above Mean adds to the logarithm of the odds.
	Weight float64
	// MissingShare is the share of customers of whom the value was not known, and MissingWeight the difference that this makes to
	// the logarithm of the odds, beside taking the value as Mean. It is 0 if it was not learned.
	MissingShare, MissingWeight float64
}

// Value is what is known of a feature of a customer. A feature without a Value is missing.
type Value struct {
	Name   string
	Number float64
}

// Bounds of what a model can have, far beyond anything that is learned: within them every part of the logarithm of the odds
// is a number, and points are small enough to be told apart by the hundredth.
const (
	mostWeight = 1000
	mostMean   = 1e6
	leastScale = 1e-6
)

// Validate returns an error that wraps customerbase.ErrParameters unless the fields are as they say.
func (m Model) Validate() error {
	if !(m.Horizon > 0) || math.IsInf(m.Horizon, 1) {
		return fmt.Errorf("%s: the horizon is %v days, must be positive and finite: %w", Name, m.Horizon, customerbase.ErrParameters)
	}
	if !(math.Abs(m.Intercept) <= mostWeight) {
		return fmt.Errorf("%s: the intercept is %v, must be between -%d and %[3]d: %w", Name, m.Intercept, mostWeight, customerbase.ErrParameters)
	}
	for i, f := range m.Features {
		if i > 0 && f.Name <= m.Features[i-1].Name {
			return fmt.Errorf("%s: feature %q stands after %q: %w", Name, f.Name, m.Features[i-1].Name, customerbase.ErrParameters)
		}
		if err := f.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (f Feature) validate() error {
	if !ValidName(f.Name) {
		return fmt.Errorf("%s: %q is no name of a feature: %w", Name, f.Name, customerbase.ErrParameters)
	}
	for _, p := range f.parameters() {
		if !finite(p.Value) {
			return fmt.Errorf("%s: %s is %v, must be finite: %w", Name, p.Name, p.Value, customerbase.ErrParameters)
		}
	}
	switch {
	case !(f.Scale >= leastScale):
		return fmt.Errorf("%s: %s is %v, must be at least %v: %w", Name, f.Name+scaleSuffix, f.Scale, leastScale, customerbase.ErrParameters)
	case !(math.Abs(f.Mean) <= mostMean):
		return fmt.Errorf("%s: %s is %v, must be between -%v and %[4]v: %w", Name, f.Name+meanSuffix, f.Mean, mostMean, customerbase.ErrParameters)
	case !(math.Abs(f.Weight) <= mostWeight):
		return fmt.Errorf("%s: %s is %v, must be between -%d and %[4]d: %w", Name, f.Name+weightSuffix, f.Weight, mostWeight, customerbase.ErrParameters)
	case !(math.Abs(f.MissingWeight) <= mostWeight):
		return fmt.Errorf("%s: %s is %v, must be between -%d and %[4]d: %w", Name, f.Name+missingWeightSuffix, f.MissingWeight, mostWeight, customerbase.ErrParameters)
	case !(f.MissingShare >= 0 && f.MissingShare <= 1):
		return fmt.Errorf("%s: %s is %v, must be a share: %w", Name, f.Name+missingShareSuffix, f.MissingShare, customerbase.ErrParameters)
	}
	return nil
}

// ValidName says whether a feature can have a name.
func ValidName(name string) bool {
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}

// Weight returns the weight of a feature, 0 for one that the model does not know.
func (m Model) Weight(name string) float64 {
	for i := range m.Features {
		if m.Features[i].Name == name {
			return m.Features[i].Weight
		}
	}
	return 0
}

// LogOdds returns the logarithm of the odds of a loss. Values whose name the model does not know do not count, and of several
// with one name the first does. The error wraps customerbase.ErrArgument if a value that counts is not finite.
func (m Model) LogOdds(values []Value) (float64, error) {
	var sum stablemath.Sum
	sum.Add(m.Intercept)
	for _, f := range m.Features {
		part, _, err := f.part(values)
		if err != nil {
			return 0, err
		}
		sum.Add(part)
	}
	return sum.Value(), nil
}

// Probability returns the chance of a loss within the horizon. Its errors are those of LogOdds.
func (m Model) Probability(values []Value) (float64, error) {
	z, err := m.LogOdds(values)
	if err != nil {
		return 0, err
	}
	return sigmoid(z), nil
}

// part returns what the feature adds to the logarithm of the odds of a customer, and the value, nil if it is missing.
func (f Feature) part(values []Value) (float64, *float64, error) {
	for _, v := range values {
		if v.Name != f.Name {
			continue
		}
		part := float64(f.Weight*((v.Number-f.Mean)/f.Scale)) - float64(f.MissingWeight*f.MissingShare)
		if !finite(part) {
			return 0, nil, fmt.Errorf("%s: %s of a customer is %v: %w", Name, f.Name, v.Number, customerbase.ErrArgument)
		}
		return part, &v.Number, nil
	}
	return float64(f.MissingWeight * (1 - f.MissingShare)), nil, nil
}

// sigmoid returns 1 / (1 + exp(-z)) and keeps the digits of a small result.
func sigmoid(z float64) float64 {
	if z < 0 {
		e := stablemath.Exp(z)
		return e / (1 + e)
	}
	return 1 / (1 + stablemath.Exp(-z))
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
