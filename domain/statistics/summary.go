package statistics

import "cmp"

// The defaults of Reporting.
const (
	// DefaultLevel is the confidence level of intervals.
	DefaultLevel = 0.95
	// DefaultLeast is the least number of answers that is shown.
	DefaultLeast = 5
)

// Reporting says how figures are shown.
type Reporting struct {
	// Level is the confidence level of intervals, between 0 and 1. Default: DefaultLevel.
	Level float64
	// Least is the least number of answers whose figures are shown: with fewer one could tell who answered what.
	// Default: DefaultLeast; 1 shows all.
	Least int64
}

// level returns the confidence level.
func (r Reporting) level() float64 { return cmp.Or(r.Level, DefaultLevel) }

// hides reports whether figures of n answers are suppressed; without answers there is nothing to suppress.
func (r Reporting) hides(n int64) bool { return n > 0 && n < cmp.Or(r.Least, DefaultLeast) }

// MeanFigure is a mean as it is shown. What is absent is null.
type MeanFigure struct {
	// Count is the number of answers.
	Count int64 `json:"n"`
	// Suppressed says that there are answers, but too few to show more than their number.
	Suppressed bool `json:"suppressed"`
	// Mean is the arithmetic mean.
	Mean *float64 `json:"mean"`
	// StandardDeviation is that of the answers.
	StandardDeviation *float64 `json:"standard_deviation"`
	// Median is the middle score.
	Median *float64 `json:"median"`
	// Interval is Student's t interval of the mean, cut at the ends of the scale.
	Interval *Interval `json:"interval"`
	// Counts are the numbers of answers by score, from the lowest.
	Counts []int64 `json:"counts"`
}

// Mean returns the mean of a distribution as it is shown. A distribution of changes has no figures.
func (r Reporting) Mean(d Distribution) MeanFigure {
	f := MeanFigure{Count: d.Count(), Suppressed: r.hides(d.Count())}
	if f.Suppressed || !d.whole() {
		return f
	}
	m := d.Moments()
	f.Mean, f.StandardDeviation, f.Median = present(m.Mean()), present(m.StandardDeviation()), present(d.Median())
	if i, ok := m.MeanInterval(r.level()); ok {
		f.Interval = new(i.within(float64(d.scale.low), float64(d.scale.high)))
	}
	f.Counts = d.Counts()
	return f
}

// ShareFigure is a share as it is shown. What is absent is null.
type ShareFigure struct {
	// Count is the number the share is of.
	Count int64 `json:"n"`
	// Suppressed says that there are answers, but too few to show more than their number.
	Suppressed bool `json:"suppressed"`
	// Value is between 0 and 1.
	Value *float64 `json:"value"`
	// Interval is Wilson's score interval.
	Interval *Interval `json:"interval"`
}

// Share returns a share as it is shown.
func (r Reporting) Share(s Share) ShareFigure {
	f := ShareFigure{Count: s.Whole, Suppressed: r.hides(s.Whole)}
	if f.Suppressed {
		return f
	}
	f.Value, f.Interval = present(s.Value()), present(s.Interval(r.level()))
	return f
}

// PromotionFigure is a net promoter score as it is shown, in points. What is absent is null.
type PromotionFigure struct {
	// Count is the number of answers.
	Count int64 `json:"n"`
	// Suppressed says that there are answers, but too few to show more than their number.
	Suppressed bool `json:"suppressed"`
	// Groups are the promoters, passives and detractors.
	Groups *Promotion `json:"groups"`
	// Score is between −100 and 100.
	Score *float64 `json:"score"`
	// StandardError is that of the score.
	StandardError *float64 `json:"standard_error"`
	// Interval is the adjusted Wald interval.
	Interval *Interval `json:"interval"`
}

// Promotion returns a net promoter score as it is shown.
func (r Reporting) Promotion(p Promotion) PromotionFigure {
	f := PromotionFigure{Count: p.Count(), Suppressed: r.hides(p.Count())}
	if f.Suppressed || !p.valid() {
		return f
	}
	f.Groups, f.Score, f.StandardError = &p, present(p.Score()), present(p.StandardError())
	if _, i, ok := p.Interval(r.level()); ok {
		f.Interval = &i
	}
	return f
}

// present returns nil for what is absent.
func present[T any](value T, ok bool) *T {
	if !ok {
		return nil
	}
	return &value
}
