package customerbase

import (
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// LogRank returns the statistic of the log-rank test of whether groups of customers have the same survival (Mantel 1966;
// Peto and Peto 1972). If they have, it has the chi-squared distribution with one degree of freedom less than there are groups. The error
// wraps ErrNoValue if no relationship ended while two groups were at risk.
func LogRank(groups ...[]Lifetime) (chiSquared float64, degrees int, err error) {
	if len(groups) < 2 {
		return 0, 0, fmt.Errorf("log-rank test of %d groups: %w", len(groups), ErrArgument)
	}
	curves := make([]Curve, len(groups))
	var durations []float64
	for i, g := range groups {
		if curves[i], err = KaplanMeier(g); err != nil {
			return 0, 0, err
		}
		for _, s := range curves[i] {
			durations = append(durations, s.Duration)
		}
	}
	slices.Sort(durations)
	// The excesses add up to zero, so the last group is left out of the system.
	degrees = len(groups) - 1
	excess, covariance := compare(curves, slices.Compact(durations), degrees)
	weights, err := solve(covariance, excess)
	if err != nil {
		return 0, 0, fmt.Errorf("log-rank test: %w", err)
	}
	var sum stablemath.Sum
	for i, w := range weights {
		sum.Add(w * excess[i])
	}
	return sum.Value(), degrees, nil
}

// compare returns, for the first n groups, how many more relationships ended than if all groups had the same hazard, and
// the covariances of these numbers under that hypothesis.
func compare(curves []Curve, durations []float64, n int) (excess []float64, covariance [][]float64) {
	excess = make([]float64, n)
	covariance = make([][]float64, n)
	for i := range covariance {
		covariance[i] = make([]float64, n)
	}
	for _, d := range durations {
		atRisk, ended := make([]float64, len(curves)), make([]float64, len(curves))
		var all, gone float64
		for i, c := range curves {
			atRisk[i] = float64(c.AtRisk(d))
			if s := c.At(d); s.Duration == d {
				ended[i] = float64(s.Ended)
			}
			all += atRisk[i]
			gone += ended[i]
		}
		spread := 0.0
		if all > 1 {
			spread = gone * (all - gone) / (all - 1)
		}
		for i := range n {
			share := atRisk[i] / all
			excess[i] += ended[i] - float64(gone*share)
			covariance[i][i] += float64(spread * share)
			for j := range n {
				covariance[i][j] -= float64(float64(spread*share) * (atRisk[j] / all))
			}
		}
	}
	return excess, covariance
}
