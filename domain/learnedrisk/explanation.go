package learnedrisk

import (
	"math"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Explanation is a chance of a loss in points of a hundred, taken apart. Points are rounded to multiples of 2^-32, so they
// add up without any error, in any order, as long as they are below a million.
type Explanation struct {
	// Score is Base plus the points of all contributions, and 100 times the chance but for that rounding.
	Score float64 `json:"score"`
	// Base is 100 times the chance of the mean customer.
	Base float64 `json:"base"`
	// PointsPerLogOdds is what turns the log-odds of a contribution into points: (Score - Base) over the sum of all
	// log-odds, and its limit where that sum is 0.
	PointsPerLogOdds float64 `json:"points_per_log_odds"`
	// Contributions are in the order of the features.
	Contributions []Contribution `json:"contributions"`
}

// Contribution is what one feature adds to the score.
type Contribution struct {
	Feature string `json:"feature"`
	// Value is that of the customer; nil if it is missing.
	Value *float64 `json:"value"`
	// Mean is that of the customers the model was learned from.
	Mean float64 `json:"mean"`
	// LogOdds is what the feature adds to the logarithm of the odds: Weight (Value - Mean) / Scale - MissingWeight MissingShare,
	// or MissingWeight (1 - MissingShare) if the value is missing.
	LogOdds float64 `json:"log_odds"`
	// Points is LogOdds times PointsPerLogOdds, rounded.
	Points float64 `json:"points"`
}

// Explain takes the chance of a customer apart. Every feature gets its part of the distance to the mean customer in
// proportion to its part of the log-odds, so features that speak against a loss have negative points. Errors are those of
// LogOdds.
func (m Model) Explain(values []Value) (Explanation, error) {
	var distance stablemath.Sum
	e := Explanation{Contributions: make([]Contribution, len(m.Features))}
	for i, f := range m.Features {
		part, value, err := f.part(values)
		if err != nil {
			return Explanation{}, err
		}
		distance.Add(part)
		e.Contributions[i] = Contribution{Feature: f.Name, Value: value, Mean: f.Mean, LogOdds: part}
	}
	e.Base = onGrid(100 * sigmoid(m.Intercept))
	e.PointsPerLogOdds = 100 * secant(m.Intercept, distance.Value())
	e.Score = e.Base
	for i := range e.Contributions {
		c := &e.Contributions[i]
		c.Points = onGrid(c.LogOdds * e.PointsPerLogOdds)
		e.Score += c.Points
	}
	e.settle()
	return e, nil
}

// grid is how many steps a point has. Multiples of a step add up without error to more than a million points.
const grid = 1 << 32

// onGrid rounds to the nearest step.
func onGrid(points float64) float64 { return float64(math.Floor(float64(points*grid)+0.5) / grid) }

// settle takes what rounding has put outside the range of a score out of the largest contribution.
func (e *Explanation) settle() {
	excess := e.Score - min(max(e.Score, 0), 100)
	if excess == 0 || len(e.Contributions) == 0 {
		return
	}
	largest := &e.Contributions[0]
	for i := range e.Contributions {
		if c := &e.Contributions[i]; math.Abs(c.Points) > math.Abs(largest.Points) {
			largest = c
		}
	}
	largest.Points -= excess
	e.Score -= excess
}

// secant returns (sigmoid(z + d) - sigmoid(z)) / d. Both forms have only positive factors; each is for the sign of d at which
// its exponential does not grow.
func secant(z, d float64) float64 {
	switch {
	case d == 0:
		return sigmoid(z) * sigmoid(-z)
	case d > 0:
		return float64(sigmoid(z+d)*sigmoid(-z)) * (-stablemath.Expm1(-d) / d)
	}
	return float64(sigmoid(z)*sigmoid(-z-d)) * (stablemath.Expm1(d) / d)
}
