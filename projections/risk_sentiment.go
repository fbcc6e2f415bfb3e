package projections

import "github.com/rapport-crm/rapport/domain"

// sentiment is what the latest answers of a customer say about the risk at an instant (W05). Each answer has a share between -1 and
// 1, and counts by what is left of it after its half-life.
type sentiment struct {
	known bool
	// against is the sum of the shares that speak for a loss, in favour of those that speak against it, which is negative,
	// each times what is left of the answer; left is the sum of what is left of all.
	against, favour, left float64
}

// share returns the mean share of the answers, weighted by what is left of them. What is left counts as one whole answer
// at least, so that the share of old answers fades too.
func (o *sentiment) share() float64 { return (o.against + o.favour) / max(1, o.left) }

// sentiment returns what the latest answers say at an instant.
func (f *Fold) sentiment(c *Customer, at domain.Instant) (o sentiment) {
	if c.Satisfaction == nil {
		return sentiment{}
	}
	for i := range c.Satisfaction.Latest {
		s := &c.Satisfaction.Latest[i]
		share, ok := f.answerShare(s)
		if !ok {
			continue
		}
		left := faded(at-s.At, domain.Instant(f.policy.Risk.Measures.Satisfaction.HalfLife.Microseconds()))
		if share > 0 {
			o.against += float64(share * left)
		} else {
			o.favour += float64(share * left)
		}
		o.known = true
		o.left += left
	}
	return o
}

// answerShare returns the share of one answer when it is new: 1 at the lowest score, 0 at the neutral share of the scale and
// -best at the highest one, more after a drop. It is false where scaled is.
func (f *Fold) answerShare(s *Survey) (float64, bool) {
	x, ok := f.scaled(s)
	if !ok {
		return 0, false
	}
	m := &f.policy.Risk.Measures.Satisfaction
	share := (m.Neutral - x) / m.Neutral
	if x > m.Neutral {
		share = -float64(m.Best * ((x - m.Neutral) / (1 - m.Neutral)))
	}
	if f.fell(s) {
		share = min(1, share+m.Drop)
	}
	return share, true
}

// scaled returns an answer as a share of its scale: its index, or, where the questionnaire has none, the mean of its scores. On
// all scales more is better. It is false for an answer without either, or to a questionnaire that the policy does not have.
func (f *Fold) scaled(s *Survey) (float64, bool) {
	q, known := f.policy.Questionnaires.Find(s.Questionnaire)
	switch {
	case !known:
		return 0, false
	case s.Index != noIndex && q.Range.High > q.Range.Low:
		return position(float64(s.Index)/1000, q.Range.Low, q.Range.High), true
	}
	sum, n := 0.0, 0
	for id, a := range s.items.each() {
		item, known := q.Item(id)
		if !known || a.execution() || a.slot() >= AnswerRefused {
			continue
		}
		if scale := item.Group().Scale(); scale.High() > scale.Low() {
			sum, n = sum+position(float64(a.slot()), scale.Low(), scale.High()), n+1
		}
	}
	return sum / float64(max(n, 1)), n > 0
}

// position returns where a score lies between the ends of a scale, from 0 to 1.
func position(score float64, low, high int) float64 {
	return max(0, min(1, (score-float64(low))/float64(high-low)))
}

// fell reports whether the index is a drop against the answer before.
func (f *Fold) fell(s *Survey) bool {
	return s.Index != noIndex && s.Before != noIndex && s.Before-s.Index >= f.drop()
}

// shareWithin returns bounds of the share between two instants, of which o and to are the sentiments: what speaks for a loss and
// what speaks against it both only fade, and so does what they are divided by.
func (o *sentiment) shareWithin(to *sentiment) (low, high float64) {
	low, high = to.against+o.favour, o.against+to.favour
	if low > 0 {
		low /= max(1, o.left)
	} else {
		low /= max(1, to.left)
	}
	if high > 0 {
		high /= max(1, to.left)
	} else {
		high /= max(1, o.left)
	}
	return max(-1, low), min(1, high)
}
