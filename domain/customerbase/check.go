package customerbase

import (
	"errors"
	"fmt"
	"math"
)

var (
	// ErrParameters is wrapped by errors about parameters of a model, which must be positive and finite.
	ErrParameters = errors.New("parameters out of range")
	// ErrArgument is wrapped by errors about a history, a horizon or another argument.
	ErrArgument = errors.New("argument out of range")
	// ErrNoValue is wrapped when the quantity is infinite or undefined at these parameters, or leaves the range of float64.
	ErrNoValue = errors.New("no finite value")
)

// notNegative returns an error if an argument is negative, infinite or NaN.
func notNegative(name string, x float64) error {
	if !(x >= 0) || math.IsInf(x, 1) {
		return fmt.Errorf("%s is %v, must be finite and not negative: %w", name, x, ErrArgument)
	}
	return nil
}

// finite returns x, or an error if it is infinite or NaN.
func finite(what string, x float64) (float64, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%s: %w", what, ErrNoValue)
	}
	return x, nil
}

// probability returns x with rounding errors outside [0, 1] cut off, or an error if it is NaN.
func probability(what string, x float64) (float64, error) {
	return finite(what, min(max(x, 0), 1))
}
