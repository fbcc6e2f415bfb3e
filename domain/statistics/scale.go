package statistics

import (
	"errors"
	"fmt"
)

// MaxPoints is the greatest number of scores a scale can have.
const MaxPoints = 11

// ErrScale says that a scale cannot be had, that a score lies outside its scale, or that two scales differ.
var ErrScale = errors.New("not on the scale")

// Scale is a closed range of whole scores. The zero value has the one score 0.
type Scale struct {
	low, high int
}

// NewScale returns the scale from low to high. The error is ErrScale unless low is below high, neither is negative, and
// there are at most MaxPoints scores up to 10 × MaxPoints.
func NewScale(low, high int) (Scale, error) {
	if low < 0 || high <= low || high-low >= MaxPoints || high > 10*MaxPoints {
		return Scale{}, fmt.Errorf("scale from %d to %d: %w", low, high, ErrScale)
	}
	return Scale{low: low, high: high}, nil
}

// Low returns the smallest score.
func (s Scale) Low() int { return s.low }

// High returns the greatest score.
func (s Scale) High() int { return s.high }

// Points returns the number of scores.
func (s Scale) Points() int { return s.high - s.low + 1 }

// Contains reports whether a score is on the scale.
func (s Scale) Contains(score int) bool { return score >= s.low && score <= s.high }
