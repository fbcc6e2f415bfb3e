package projections

import "github.com/rapport-crm/rapport/domain"

// scorePart is one contribution to a score.
type scorePart struct {
	factor string
	points domain.Centipoints
}

// scoreParts returns the contributions to the score of a customer who has one, as ScoreAt does but without explaining them:
// that is most of the work.
func (f *Fold) scoreParts(c *Customer, at domain.Instant) []scorePart {
	if f.learns() {
		return partsOf(f.ScoreAt(c, at))
	}
	s := f.measure(c, at)
	parts, sum := make([]scorePart, 0, 4), domain.Centipoints(0)
	add := func(factor string, points domain.Centipoints) {
		parts = append(parts, scorePart{factor, points})
		sum += points
	}
	for m := range measureCount {
		if points := f.points(&s, m); points != 0 {
			add(measureNames[m], points)
		}
	}
	for i, n := 0, c.Risk.signalCount(); i < n; {
		name := c.Risk.signals[i].signal
		points, next := f.signalAt(c.Risk, i, at)
		if points != 0 {
			add(name, points)
		}
		i = next
	}
	if over := limited(sum) - sum; over != 0 {
		add(FactorLimit, over)
	}
	return parts
}

// partsOf returns the contributions of a score that are not zero.
func partsOf(s *Score) []scorePart {
	var parts []scorePart
	for i := range s.Contributions {
		if p := &s.Contributions[i]; p.Points != 0 {
			parts = append(parts, scorePart{p.Factor, p.Points})
		}
	}
	return parts
}
