package customerbase

import (
	"fmt"
	"math"
)

// checkFall validates a model, a last purchase and a threshold.
func checkFall(m PurchaseModel, repeats int, last, p float64) error {
	if !(p > 0 && p < 1) {
		return fmt.Errorf("threshold %v must be between 0 and 1: %w", p, ErrArgument)
	}
	return checkHistory(m, History{Repeats: repeats, Last: last, Age: last}, 0)
}

// AgeWhenSilent returns the age at which NoPurchase for the horizon will have risen to p if no purchase follows the last
// one: that of the last purchase if it is there already. NoPurchase rises with the silence, so the age is found by
// bisection, to the last bit; a timer can be set for it at each purchase. The error wraps ErrNoValue if the age would be
// beyond 2^40 times the larger of the horizon and the age at the last purchase.
func AgeWhenSilent(m PurchaseModel, repeats int, last, horizon, p float64) (float64, error) {
	if err := checkFall(m, repeats, last, p); err != nil {
		return 0, err
	}
	if !(horizon > 0) {
		return 0, fmt.Errorf("horizon is %v, must be positive: %w", horizon, ErrArgument)
	}
	reached := func(age float64) (bool, error) {
		q, err := m.NoPurchase(History{Repeats: repeats, Last: last, Age: age}, horizon)
		return q >= p, err
	}
	low, high := last, last
	for span := max(horizon, last); ; span *= 2 {
		done, err := reached(high)
		if err != nil {
			return 0, err
		}
		if done {
			break
		}
		if span > 0x1p40*max(horizon, last) {
			return 0, fmt.Errorf("age at which the chance of no purchase is %v: %w", p, ErrNoValue)
		}
		low, high = high, last+span
	}
	return bisect(low, high, reached)
}

// bisect returns the smallest number in (low, high] that is reached, or high if low is not below it.
func bisect(low, high float64, reached func(float64) (bool, error)) (float64, error) {
	for {
		middle := low + float64((high-low)/2)
		if math.IsNaN(middle) || middle <= low || middle >= high {
			return high, nil
		}
		done, err := reached(middle)
		if err != nil {
			return 0, err
		}
		if done {
			high = middle
		} else {
			low = middle
		}
	}
}
