package evaluation

import (
	"errors"
	"fmt"
	"math"
)

// ErrArgument is wrapped by errors about scores, chances, amounts or shares that are out of range.
var ErrArgument = errors.New("argument out of range")

// Outcome is a customer at an origin: what was foretold then, and what came true within the horizon.
type Outcome struct {
	// Score is what was foretold. Rank takes any finite number, the higher the surer the loss; Judge takes the chance of a loss.
	Score float64
	// Lost is whether the customer was lost.
	Lost bool
}

// Ranking says how well a score puts the customers who were lost before those who stayed.
type Ranking struct {
	Customers int `json:"customers"`
	Lost      int `json:"lost"`
	// BaseRate is the share of customers who were lost; nil without customers.
	BaseRate *float64 `json:"base_rate"`
	// AUC is the chance that a customer who was lost has a higher score than one who stayed, where equal scores count half: the
	// area under the receiver operating characteristic by midranks (Mann and Whitney 1947; Hanley and McNeil 1982). It is nil
	// if all customers or none were lost.
	AUC *Figure `json:"auc"`
	// Top are the customers with the highest scores, a row for each share that was asked for.
	Top []Top `json:"top"`
}

// Top describes the customers with the highest scores. Customers with the score at which the cut falls count by the part of
// them that fits, so counts can be fractions.
type Top struct {
	// Share is the part of all customers, Customers how many that is, Lost how many of those were lost.
	Share     float64 `json:"share"`
	Customers float64 `json:"customers"`
	Lost      float64 `json:"lost"`
	// Precision is the part of these customers who were lost; nil without customers.
	Precision *float64 `json:"precision"`
	// Recall is the part of the lost customers who are among these; nil if none was lost.
	Recall *float64 `json:"recall"`
	// Lift is Precision over BaseRate; nil if none was lost. It is at most 1 over BaseRate.
	Lift *Figure `json:"lift"`
}

// Figure is a measured number.
type Figure struct {
	Value float64 `json:"value"`
	// Interval is nil if none was asked for, or if fewer than half of the drawn samples had the figure.
	Interval *Interval `json:"interval_95"`
}

// Interval is a 95 % interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// RankOptions say what Rank works out.
type RankOptions struct {
	// Shares are the parts of the customers for which there is a Top, each above 0 and at most 1. Default: 0.1, 0.2 and 0.3.
	Shares []float64
	// Resamples is how many samples the intervals are bootstrapped from. Default: no intervals.
	Resamples int
	// Seed chooses the samples.
	Seed uint64
}

// Rank measures a ranking. The error wraps ErrArgument if a score is not finite or a share out of range.
func Rank(outcomes []Outcome, o RankOptions) (Ranking, error) {
	if len(o.Shares) == 0 {
		o.Shares = []float64{0.1, 0.2, 0.3}
	}
	for _, share := range o.Shares {
		if !(share > 0 && share <= 1) {
			return Ranking{}, fmt.Errorf("rank: share %v of the customers: %w", share, ErrArgument)
		}
	}
	for _, c := range outcomes {
		if math.IsNaN(c.Score) || math.IsInf(c.Score, 0) {
			return Ranking{}, fmt.Errorf("rank: score %v: %w", c.Score, ErrArgument)
		}
	}
	order := newOrder(outcomes)
	r := order.ranking(o.Shares)
	if o.Resamples > 0 {
		r.bootstrap(order, o)
	}
	return r, nil
}

// ratio returns part / whole, or nil if there is no whole.
func ratio(part, whole float64) *float64 {
	if whole == 0 {
		return nil
	}
	return new(part / whole)
}
