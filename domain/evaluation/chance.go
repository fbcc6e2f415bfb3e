package evaluation

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Judgement says how far foretold chances of a loss are from what happened.
type Judgement struct {
	Customers int `json:"customers"`
	// Brier is the mean of the squared difference between the chance and the outcome, 0 or 1 (Brier 1950); nil without customers.
	Brier *float64 `json:"brier"`
	// LogLoss is the mean of minus the natural logarithm of the chance that was given to what happened. A chance is taken
	// to be at least 1e-15, so one sure mistake does not make the mean infinite. It is nil without customers.
	LogLoss *float64 `json:"log_loss"`
	// Foretold is the mean chance and Observed the share of customers who were lost; nil without customers.
	Foretold *float64 `json:"foretold"`
	Observed *float64 `json:"observed"`
	// Error is the mean over the customers of the absolute difference between Foretold and Observed of their bin: the expected
	// calibration error. It is nil without customers.
	Error *float64 `json:"calibration_error"`
	// Bins are ten intervals of the chance, of equal width.
	Bins []Bin `json:"bins"`
}

// Bin describes the customers whose chance of a loss is at least From and below To; the last bin includes 1.
type Bin struct {
	From      float64 `json:"from"`
	To        float64 `json:"to"`
	Customers int     `json:"customers"`
	Lost      int     `json:"lost"`
	// Foretold is the mean chance and Observed the share of customers who were lost; nil without customers.
	Foretold *float64 `json:"foretold"`
	Observed *float64 `json:"observed"`
}

const (
	bins = 10
	// leastChance is the least chance that LogLoss reckons with.
	leastChance = 1e-15
)

// Judge measures the scores of customers as chances of a loss. The error wraps ErrArgument for a score that is no chance.
func Judge(outcomes []Outcome) (Judgement, error) {
	sorted := slices.Clone(outcomes)
	// Sums are added in the order of the chances, so that the order of the arguments does not show in their last digits.
	slices.SortFunc(sorted, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(a.indicator(), b.indicator()))
	})
	var squares, logs, foretold stablemath.Sum
	var sums [bins]stablemath.Sum
	j := Judgement{Customers: len(sorted), Bins: make([]Bin, bins)}
	lost := 0
	for _, c := range sorted {
		if !(c.Score >= 0 && c.Score <= 1) {
			return Judgement{}, fmt.Errorf("judge: chance %v: %w", c.Score, ErrArgument)
		}
		given := c.Score
		b := min(int(c.Score*bins), bins-1)
		j.Bins[b].Customers++
		if c.Lost {
			lost++
			j.Bins[b].Lost++
		} else {
			given = 1 - c.Score
		}
		squares.Add((1 - given) * (1 - given))
		logs.Add(-stablemath.Log(max(given, leastChance)))
		foretold.Add(c.Score)
		sums[b].Add(c.Score)
	}
	n := float64(len(sorted))
	j.Brier, j.LogLoss = ratio(squares.Value(), n), ratio(logs.Value(), n)
	j.Foretold, j.Observed = ratio(foretold.Value(), n), ratio(float64(lost), n)
	j.Error = ratio(j.fillBins(&sums), n)
	return j, nil
}

// fillBins works out the means of the bins and returns the sum over the customers of the errors of their bins.
func (j *Judgement) fillBins(sums *[bins]stablemath.Sum) float64 {
	var miss stablemath.Sum
	for i := range j.Bins {
		b := &j.Bins[i]
		size := float64(b.Customers)
		b.From, b.To = float64(i)/bins, float64(i+1)/bins
		b.Foretold, b.Observed = ratio(sums[i].Value(), size), ratio(float64(b.Lost), size)
		miss.Add(max(sums[i].Value()-float64(b.Lost), float64(b.Lost)-sums[i].Value()))
	}
	return miss.Value()
}

func (c Outcome) indicator() int {
	if c.Lost {
		return 1
	}
	return 0
}
