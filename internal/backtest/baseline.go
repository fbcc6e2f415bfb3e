package backtest

import (
	"math"
	"slices"
)

// rule is a score that needs no model: the higher, the surer the loss.
type rule struct {
	name string
	of   func(c *customer) float64
}

// RuleRecency is the name of the rule that looks at the days since the last purchase alone: the least that a score has to beat.
const RuleRecency = "recency"

// rules are what anybody could use instead of a model.
func rules(known []*customer) []rule {
	return []rule{
		{RuleRecency, func(c *customer) float64 { return float64(c.silent) }},
		{"frequency", func(c *customer) float64 { return -float64(c.history.Repeats) }},
		{"overdue_ratio", overdue(known)},
		{"rfm", rfm(known)},
	}
}

// overdue is the silence in mean gaps of the customer; who bought on one day only has the mean gap of all.
func overdue(known []*customer) func(c *customer) float64 {
	weeks, repeats := 0.0, 0
	for _, c := range known {
		weeks += c.history.Last
		repeats += c.history.Repeats
	}
	usual := weeks / float64(max(repeats, 1))
	return func(c *customer) float64 {
		gap := usual
		if c.history.Repeats > 0 {
			gap = c.history.Last / float64(c.history.Repeats)
		}
		if gap == 0 {
			return 0 // nobody came back yet
		}
		return (c.history.Age - c.history.Last) / gap
	}
}

// rfm is minus the sum of the quintiles, 1 to 5, of recency, frequency and amount (Hughes 1994). Customers with equal values
// share the quintile in which their middle rank lies.
func rfm(known []*customer) func(c *customer) float64 {
	recency := quintile(known, func(c *customer) float64 { return -float64(c.silent) })
	frequency := quintile(known, func(c *customer) float64 { return float64(c.history.Repeats) })
	amount := quintile(known, func(c *customer) float64 { return c.spent })
	return func(c *customer) float64 { return -recency(c) - frequency(c) - amount(c) }
}

func quintile(known []*customer, of func(c *customer) float64) func(c *customer) float64 {
	values := make([]float64, len(known))
	for i, c := range known {
		values[i] = of(c)
	}
	slices.Sort(values)
	return func(c *customer) float64 {
		x := of(c)
		below, _ := slices.BinarySearch(values, x)
		upTo, _ := slices.BinarySearch(values, math.Nextafter(x, math.Inf(1)))
		middle := float64(below+upTo) / 2
		return math.Ceil(5 * middle / float64(len(values)))
	}
}
