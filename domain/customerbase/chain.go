package customerbase

import (
	"fmt"
	"math"
	"slices"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Chain is a Markov chain of customers over stages (Pfeifer and Carraway 2000). Each period a customer in stage i yields
// Reward[i] and moves to stage j with the probability Transition[i][j].
type Chain struct {
	Transition [][]float64
	Reward     []float64
}

// RecencyChain returns the chain of Dwyer's customer migration (1989): stage i is i+1 periods since the last purchase, and
// a customer there buys in the next period with the probability buy[i]. The last stage, after all given ones, is left
// never. A purchase yields the contribution; every customer who has not been given up is contacted at a cost.
func RecencyChain(buy []float64, contribution, cost float64) Chain {
	n := len(buy) + 1
	c := Chain{Transition: make([][]float64, n), Reward: make([]float64, n)}
	for i := range n {
		c.Transition[i] = make([]float64, n)
		if i == n-1 {
			c.Transition[i][i] = 1
			break
		}
		c.Transition[i][0] = buy[i]
		c.Transition[i][i+1] += 1 - buy[i]
		c.Reward[i] = -cost
	}
	c.Reward[0] += contribution
	return c
}

// RetentionChain returns the chain of customers who are lost for good when they leave, Dwyer's other kind: stage 0 yields
// a margin each period and is kept with a probability, stage 1 is lost.
func RetentionChain(retention, margin float64) Chain {
	return Chain{Transition: [][]float64{{retention, 1 - retention}, {0, 1}}, Reward: []float64{margin, 0}}
}

// Validate returns an error unless the chain is square, its rewards are finite and its rows are probabilities with sum 1.
func (c Chain) Validate() error {
	if len(c.Reward) == 0 || len(c.Transition) != len(c.Reward) {
		return fmt.Errorf("chain of %d rewards and %d rows: %w", len(c.Reward), len(c.Transition), ErrParameters)
	}
	for i, row := range c.Transition {
		if len(row) != len(c.Reward) {
			return fmt.Errorf("row %d of the chain has %d columns, want %d: %w", i, len(row), len(c.Reward), ErrParameters)
		}
		var sum stablemath.Sum
		for _, p := range row {
			if !(p >= 0 && p <= 1) {
				return fmt.Errorf("row %d of the chain holds %v, which is no probability: %w", i, p, ErrParameters)
			}
			sum.Add(p)
		}
		if math.Abs(sum.Value()-1) > 1e-9 {
			return fmt.Errorf("row %d of the chain adds up to %v, want 1: %w", i, sum.Value(), ErrParameters)
		}
		if _, err := finite("reward", c.Reward[i]); err != nil {
			return fmt.Errorf("%w: %w", ErrParameters, err)
		}
	}
	return nil
}

// Value returns the expected discounted reward of a customer in each stage over this period and a number of further ones.
func (c Chain) Value(periods int, rate float64) ([]float64, error) {
	if err := c.check(float64(periods), rate); err != nil {
		return nil, err
	}
	value := slices.Clone(c.Reward)
	for range periods {
		next := make([]float64, len(value))
		for i, row := range c.Transition {
			var sum stablemath.Sum
			for j, p := range row {
				sum.Add(p * value[j])
			}
			next[i] = c.Reward[i] + sum.Value()/(1+rate)
			if _, err := finite("value of a stage", next[i]); err != nil {
				return nil, err
			}
		}
		value = next
	}
	return value, nil
}

// LongRunValue returns the expected discounted reward of a customer in each stage without a horizon: the solution of
// V = R + P V / (1 + rate). A stage of negative value is one to stop contacting. The rate must be positive.
func (c Chain) LongRunValue(rate float64) ([]float64, error) {
	if err := c.check(0, rate); err != nil {
		return nil, err
	}
	if rate == 0 {
		return nil, fmt.Errorf("long-run value without a discount: %w", ErrNoValue)
	}
	system := make([][]float64, len(c.Reward))
	for i, row := range c.Transition {
		system[i] = make([]float64, len(row))
		for j, p := range row {
			system[i][j] = -p / (1 + rate)
		}
		system[i][i]++
	}
	return solve(system, c.Reward)
}

func (c Chain) check(periods, rate float64) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if err := notNegative("number of periods", periods); err != nil {
		return err
	}
	return notNegative("discount rate", rate)
}
