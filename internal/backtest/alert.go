package backtest

import (
	"cmp"
	"math"
	"slices"
)

// scoredRule is a rule with the scores at the ends of the gaps that ended with a purchase, in ascending order.
type scoredRule struct {
	watchRule
	table *gapTable
	ends  []endScore
}

type endScore struct {
	score float64
	gap   *gap
}

// score scores the ends of the gaps.
func (t *gapTable) score(r watchRule) (*scoredRule, error) {
	s := &scoredRule{watchRule: r, table: t, ends: make([]endScore, len(t.survived))}
	for i := range t.survived {
		g := &t.survived[i]
		score, err := r.of(g, g.length)
		if err != nil {
			return nil, err
		}
		s.ends[i] = endScore{score, g}
	}
	slices.SortFunc(s.ends, func(a, b endScore) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.gap.weight, b.gap.weight))
	})
	return s, nil
}

// unit is what false alarms are counted by: it returns the part of the rate that a false alarm in the gap makes.
type unit func(t *gapTable, g *gap) float64

func everyGap(t *gapTable, _ *gap) float64  { return 1 / float64(len(t.survived)) }
func everyYear(_ *gapTable, g *gap) float64 { return g.weight }

// threshold returns the lowest score at an end above which false alarms come at no more than the rate.
func (s *scoredRule) threshold(rate float64, by unit) float64 {
	// A little more than the rate is allowed, so that sums of parts do not miss it by a rounding.
	above, limit := 0.0, rate*(1+1e-12)
	for _, e := range slices.Backward(s.ends) {
		if above += by(s.table, e.gap); above > limit {
			return e.score
		}
	}
	return s.ends[0].score
}

// rate returns the rate of false alarms above a threshold.
func (s *scoredRule) rate(threshold float64, by unit) float64 {
	above := 0.0
	for _, e := range slices.Backward(s.ends) {
		if e.score <= threshold {
			break
		}
		above += by(s.table, e.gap)
	}
	return above
}

// alert measures the rule at a rate of false alarms.
func (s *scoredRule) alert(rate float64, by unit) (Alert, error) {
	a := Alert{Rate: rate, Threshold: s.threshold(rate, by)}
	days := make([]float64, len(s.table.lapsed))
	for i := range s.table.lapsed {
		var err error
		if days[i], err = s.reaches(&s.table.lapsed[i], a.Threshold); err != nil {
			return Alert{}, err
		}
	}
	a.Days, a.Early = delay(days)
	return a, nil
}

// reaches returns the days of silence after which the score reaches a threshold, to within 1e-9 of the time; never at most.
func (s *scoredRule) reaches(g *gap, threshold float64) (float64, error) {
	low, high := 0.0, 1.0
	for {
		score, err := s.of(g, high)
		if err != nil || high > never {
			return never, err
		}
		if score >= threshold {
			break
		}
		low, high = high, 2*high
	}
	if score, err := s.of(g, 0); err != nil || score >= threshold {
		return 0, err
	}
	for high-low > 1e-9*high {
		middle := low + (high-low)/2
		score, err := s.of(g, middle)
		if err != nil {
			return 0, err
		}
		if score >= threshold {
			high = middle
		} else {
			low = middle
		}
	}
	return high, nil
}

// delay returns the median, nil when that is never, and the share within earlyDays.
func delay(days []float64) (middle, early *float64) {
	if middle = median(days); middle == nil {
		return nil, nil
	}
	n := 0
	for _, d := range days {
		if d <= earlyDays {
			n++
		}
	}
	early = new(float64(n) / float64(len(days)))
	if math.Ceil(*middle) >= never {
		middle = nil
	}
	return middle, early
}
