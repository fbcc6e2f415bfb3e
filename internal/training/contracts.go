package training

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/internal/fit"
)

// Curve is the survival of the subscriptions of a product by Kaplan and Meier, in whole calendar months.
type Curve struct {
	// Product is empty for all subscriptions together.
	Product       string `json:"product"`
	Subscriptions int    `json:"subscriptions"`
	Ended         int    `json:"ended"`
	// Median is when half of them have ended, with its 95 % interval; nil for what the curve does not reach.
	Median     *float64 `json:"median"`
	MedianLow  *float64 `json:"median_low"`
	MedianHigh *float64 `json:"median_high"`
	Points     []Point  `json:"points"`
}

// Point is a survival after some months with its standard error and its 95 % interval.
type Point struct {
	Months        float64 `json:"months"`
	AtRisk        int     `json:"at_risk"`
	Ended         int     `json:"ended"`
	Survival      float64 `json:"survival"`
	StandardError float64 `json:"standard_error"`
	Low           float64 `json:"low"`
	High          float64 `json:"high"`
}

// Difference is the log-rank test of whether the subscriptions of the products last equally long.
type Difference struct {
	ChiSquared float64 `json:"chi_squared"`
	Degrees    int     `json:"degrees"`
}

// lifetimes returns how long the runs were observed, in whole months.
func (m *moment) lifetimes(runs []run) []customerbase.Lifetime {
	location := m.policy().Location()
	list := make([]customerbase.Lifetime, len(runs))
	for i, r := range runs {
		whole, _ := months(domain.DateOf(r.from, location), domain.DateOf(r.to, location))
		list[i] = customerbase.Lifetime{Duration: float64(whole), Ended: r.ended, Customers: 1}
	}
	return list
}

// survival estimates how long subscriptions last.
func (x *trainer) survival() (*Outcome, error) {
	runs := x.moment.subscriptions.runs(x.moment.at)
	if len(runs) == 0 {
		return nil, errNoSubscription
	}
	out := &Outcome{Result: fit.Result{Model: NameKaplanMeier, Customers: len(runs), Window: x.moment.window(earliest(runs))}}
	products := byProduct(runs)
	var groups [][]customerbase.Lifetime
	for _, name := range slices.Sorted(maps.Keys(products)) {
		groups = append(groups, x.moment.lifetimes(products[name]))
	}
	all := slices.Concat(groups...)
	if err := out.add("", all); err != nil {
		return nil, err
	}
	if len(groups) < 2 {
		return out, nil
	}
	for i, name := range slices.Sorted(maps.Keys(products)) {
		if err := out.add(name, groups[i]); err != nil {
			return nil, err
		}
	}
	chi, degrees, err := customerbase.LogRank(groups...)
	switch {
	case errors.Is(err, customerbase.ErrNoValue):
	case err != nil:
		return nil, err
	default:
		out.Difference = &Difference{ChiSquared: chi, Degrees: degrees}
	}
	return out, nil
}

var errNoSubscription = fmt.Errorf("nobody has subscribed: %w", fit.ErrTooFew)

func earliest(runs []run) domain.Instant {
	return slices.MinFunc(runs, func(a, b run) int { return cmp.Compare(a.from, b.from) }).from
}

func byProduct(runs []run) map[string][]run {
	products := make(map[string][]run)
	for _, r := range runs {
		products[r.product] = append(products[r.product], r)
	}
	return products
}

// add adds the curve of a product.
func (o *Outcome) add(product string, lifetimes []customerbase.Lifetime) error {
	curve, err := customerbase.KaplanMeier(lifetimes)
	if err != nil {
		return err
	}
	c := Curve{Product: product, Subscriptions: len(lifetimes), Points: make([]Point, len(curve))}
	for i, s := range curve {
		low, high := s.Interval()
		c.Points[i] = Point{s.Duration, s.AtRisk, s.Ended, s.Survival, s.StandardError, low, high}
		c.Ended += s.Ended
	}
	median, low, high, err := curve.Median()
	if err == nil {
		c.Median, c.MedianLow, c.MedianHigh = reached(median), reached(low), reached(high)
	}
	o.Curves = append(o.Curves, c)
	return nil
}

// reached returns a duration, nil for one that is never reached.
func reached(duration float64) *float64 {
	if math.IsInf(duration, 1) {
		return nil
	}
	return &duration
}

// contracts fits the shifted beta-geometric model to the subscriptions, with the month as its period. A subscription that
// was cancelled in the course of a month was lost in that period; those that began in one month are a cohort, which is
// observed for its whole months.
func (x *trainer) contracts(ctx context.Context) (*Outcome, error) {
	runs := x.moment.subscriptions.runs(x.moment.at)
	if len(runs) == 0 {
		return nil, errNoSubscription
	}
	found, err := fit.Contracts(ctx, x.moment.cohorts(runs), x.moment.window(earliest(runs)))
	if err != nil {
		return nil, err
	}
	return &Outcome{Result: found.Result}, nil
}

// cohorts counts the runs by the whole months since they began, in the order of these. A loss in a month that is not over
// counts as none: it is not known what became of the others in that month.
func (m *moment) cohorts(runs []run) []customerbase.Cohort {
	location := m.policy().Location()
	cohorts := make(map[int]*customerbase.Cohort)
	for _, r := range runs {
		from := domain.DateOf(r.from, location)
		age, _ := months(from, m.today())
		if age == 0 {
			continue
		}
		c := cohorts[age]
		if c == nil {
			c = &customerbase.Cohort{Lost: make([]int, age)}
			cohorts[age] = c
		}
		period, rest := months(from, domain.DateOf(r.to, location))
		if rest || period == 0 {
			period++
		}
		if r.ended && period <= age {
			c.Lost[period-1]++
		} else {
			c.Left++
		}
	}
	list := make([]customerbase.Cohort, 0, len(cohorts))
	for _, age := range slices.Sorted(maps.Keys(cohorts)) {
		list = append(list, *cohorts[age])
	}
	return list
}
