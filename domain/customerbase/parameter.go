package customerbase

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// Parameter is a named parameter of a model.
type Parameter struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Named returns the values of parameters by name, as events hold them.
func Named(parameters []Parameter) map[string]float64 {
	named := make(map[string]float64, len(parameters))
	for _, p := range parameters {
		named[p.Name] = p.Value
	}
	return named
}

// CheckNames returns an error unless the parameters that were given are those that a model has. It names the first one
// that is missing, in the order of the model, or else the first in the alphabet that the model does not have.
func CheckNames(model string, has []Parameter, given map[string]float64) error {
	for _, p := range has {
		if _, ok := given[p.Name]; !ok {
			return fmt.Errorf("%s: %s is missing: %w", model, p.Name, ErrParameters)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(has, func(p Parameter) bool { return p.Name == name }) {
			return fmt.Errorf("%s: there is no parameter %s: %w", model, name, ErrParameters)
		}
	}
	return nil
}

// positive returns an error for the first parameter that is not positive and finite.
func positive(model string, parameters []Parameter) error {
	for _, p := range parameters {
		if !(p.Value > 0) || math.IsInf(p.Value, 1) {
			return fmt.Errorf("%s: %s is %v, must be positive and finite: %w", model, p.Name, p.Value, ErrParameters)
		}
	}
	return nil
}

// described is implemented by every model.
type described interface {
	Name() string
	Parameters() []Parameter
	Validate() error
}

// restored returns an error unless a model was made of exactly its own parameters and they are possible.
func restored(m described, given map[string]float64) error {
	if err := CheckNames(m.Name(), m.Parameters(), given); err != nil {
		return err
	}
	return m.Validate()
}
