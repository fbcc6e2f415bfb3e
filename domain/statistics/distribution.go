package statistics

import "fmt"

// Distribution counts answers by score. Counts are exact as long as their number stays below 2^53. A distribution of
// changes may hold negative counts; figures are only read from one that holds none. The zero value is empty, over the
// zero scale.
type Distribution struct {
	scale  Scale
	counts [MaxPoints]int64
}

// NewDistribution returns the empty distribution over a scale.
func NewDistribution(s Scale) Distribution { return Distribution{scale: s} }

// Scale returns the scale of the scores.
func (d Distribution) Scale() Scale { return d.scale }

// Add counts n answers with a score; a negative n takes them back. The error is ErrScale, and nothing is counted, when
// the score is not on the scale.
func (d *Distribution) Add(score int, n int64) error {
	if !d.scale.Contains(score) {
		return fmt.Errorf("score outside %d to %d: %w", d.scale.low, d.scale.high, ErrScale)
	}
	d.counts[score-d.scale.low] += n
	return nil
}

// Merge adds the counts of another distribution. The error is ErrScale, and nothing changes, when the scales differ.
func (d *Distribution) Merge(o Distribution) error { return d.combine(o, 1) }

// Sub takes the counts of another distribution away: it undoes Merge. The error is ErrScale, and nothing changes, when
// the scales differ.
func (d *Distribution) Sub(o Distribution) error { return d.combine(o, -1) }

func (d *Distribution) combine(o Distribution, sign int64) error {
	if d.scale != o.scale {
		return fmt.Errorf("distributions from %d to %d and from %d to %d: %w",
			d.scale.low, d.scale.high, o.scale.low, o.scale.high, ErrScale)
	}
	for i, n := range o.counts {
		d.counts[i] += sign * n
	}
	return nil
}

// Counts returns the number of answers for each score, from the lowest, in a slice of its own.
func (d Distribution) Counts() []int64 { return append([]int64(nil), d.counts[:d.scale.Points()]...) }

// Of returns the number of answers with a score; it is 0 for a score outside the scale.
func (d Distribution) Of(score int) int64 {
	if !d.scale.Contains(score) {
		return 0
	}
	return d.counts[score-d.scale.low]
}

// Count returns the number of answers.
func (d Distribution) Count() int64 {
	var n int64
	for _, c := range d.counts {
		n += c
	}
	return n
}

// Moments returns count, sum and sum of squares of the scores.
func (d Distribution) Moments() Moments {
	var m Moments
	for i, n := range d.counts {
		score := int64(d.scale.low + i)
		m.Count += n
		m.Sum += n * score
		m.Squares += n * score * score
	}
	return m
}

// AtLeast returns the share of scores that are not below a score.
func (d Distribution) AtLeast(score int) Share {
	s := Share{Whole: d.Count()}
	for i, n := range d.counts {
		if d.scale.low+i >= score {
			s.Part += n
		}
	}
	return s
}

// AtMost returns the share of scores that are not above a score.
func (d Distribution) AtMost(score int) Share {
	s := Share{Whole: d.Count()}
	for i, n := range d.counts {
		if d.scale.low+i <= score {
			s.Part += n
		}
	}
	return s
}

// Top returns the share of the given number of highest scores. Customer satisfaction (CSAT) on a scale of 1 to 5 is
// Top(2), the agreement of a customer effort score (CES) on a scale of 1 to 7 is Top(3).
func (d Distribution) Top(points int) Share { return d.AtLeast(d.scale.high - points + 1) }

// whole reports whether the distribution holds answers and no negative count.
func (d Distribution) whole() bool {
	for _, n := range d.counts {
		if n < 0 {
			return false
		}
	}
	return d.Count() > 0
}
