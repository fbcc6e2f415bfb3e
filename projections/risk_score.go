package projections

import "github.com/rapport-crm/rapport/domain"

// mostPoints is the highest score.
const mostPoints = 100 * domain.Point

// FactorLimit is the name of the contribution that keeps a score between 0 and 100.
const FactorLimit = "limit"

// related reports whether the customer has, or had, a relationship: has bought, signed or subscribed.
func (c *Customer) related() bool {
	t := &c.Trade
	return t.Purchases > 0 || t.Contracts > 0 || t.Renewals > 0 || c.Lifecycle.rule > domain.StageProspect || len(t.Subscriptions()) > 0
}

// atRisk reports whether the customer has a relationship that can be lost: is not lost, and the relationship has not ended.
func (c *Customer) atRisk() bool {
	return c.related() && c.Lifecycle.rule != domain.StageTermination && !c.lost()
}

// score returns the churn risk of a customer at an instant not before the customer's time, if nothing happens until then.
// It is false for a customer without a relationship that can be lost. Where scores are learned, a customer of whom the model knows
// nothing has one from the factors.
func (f *Fold) score(c *Customer, at domain.Instant) (domain.Centipoints, bool) {
	if !c.atRisk() {
		return 0, false
	}
	if points, ok := f.learned(c, at); ok {
		return points, true
	}
	s := f.measure(c, at)
	total := domain.Centipoints(0)
	for m := range measureCount {
		total += f.points(&s, m)
	}
	for i, n := 0, c.Risk.signalCount(); i < n; {
		points, next := f.signalAt(c.Risk, i, at)
		total += points
		i = next
	}
	return limited(total), true
}

// learned is learnedScore where scores are learned, false elsewhere.
func (f *Fold) learned(c *Customer, at domain.Instant) (domain.Centipoints, bool) {
	if !f.learns() {
		return 0, false
	}
	return f.learnedScore(c, at)
}

// limited keeps a score between 0 and 100.
func limited(total domain.Centipoints) domain.Centipoints { return max(0, min(total, mostPoints)) }

func (r *Risk) signalCount() int {
	if r == nil {
		return 0
	}
	return len(r.signals)
}

// signalAt returns what the signal counts whose first points have the given index, and the index after its last points. A
// signal that the policy does not have counts nothing.
func (f *Fold) signalAt(r *Risk, first int, at domain.Instant) (points domain.Centipoints, next int) {
	name := r.signals[first].signal
	signal := f.scoring.signal(name)
	sum := 0.0
	for next = first; next < len(r.signals) && r.signals[next].signal == name; next++ {
		if signal != nil {
			sum += r.signals[next].at(at, signal.halfLife)
		}
	}
	if signal == nil {
		return 0, next
	}
	return signal.points(sum), next
}

// points returns what a signal counts whose events have so many points together.
func (s *signalScoring) points(sum float64) domain.Centipoints {
	return domain.PointsOf(max(-s.most, min(s.most, sum)))
}

// scoreWithin returns bounds of the score between two instants not before the customer's time, if nothing happens until the second.
//
// In silence the shares of silence, trend, model and contact only rise, so they lie between their values at the two
// instants: the silence grows, and so do the probability of no purchase, which under every purchase model falls with the
// recency of the last purchase, and the time without a contact. Points of signals and answers only fade, those for and those
// against the customer, or stay as they are. Which measures have an input does not change, so the weights do not either.
// Each part is rounded once and rounding keeps the order; where a part comes from a function that is exact to some units in
// the last place, the bounds are wider by the hundredth of a point that this can change.
func (f *Fold) scoreWithin(c *Customer, from, to domain.Instant) (low, high domain.Centipoints) {
	if !c.atRisk() {
		return 0, 0
	}
	if _, ok := f.learned(c, from); ok {
		return f.learnedWithin(c, from, to)
	}
	first, last := f.measure(c, from), f.measure(c, to)
	if first.known != last.known {
		return 0, mostPoints
	}
	if first.known.has(measureSatisfaction) {
		a, b := f.sentiment(c, from), f.sentiment(c, to)
		first.of[measureSatisfaction], last.of[measureSatisfaction] = a.shareWithin(&b)
	}
	for m := range measureCount {
		slack := domain.Centipoints(0)
		if first.known.has(m) && inexact[m] {
			slack = 1
		}
		low += f.points(&first, m) - slack
		high += f.points(&last, m) + slack
	}
	for i, n := 0, c.Risk.signalCount(); i < n; {
		l, h, next := f.signalWithin(c.Risk, i, from, to)
		low, high, i = low+l, high+h, next
	}
	return limited(low), limited(high)
}

// inexact says which measures come from functions that are exact to some units in the last place only.
var inexact = [measureCount]bool{measureModel: true, measureSatisfaction: true}

// signalWithin returns bounds of what the signal counts between two instants, as signalAt does. All points that fade do so by
// the same factor.
func (f *Fold) signalWithin(r *Risk, first int, from, to domain.Instant) (low, high domain.Centipoints, next int) {
	name := r.signals[first].signal
	signal := f.scoring.signal(name)
	for next = first; next < len(r.signals) && r.signals[next].signal == name; next++ {
	}
	if signal == nil {
		return 0, 0, next
	}
	lowest, highest, left := 0.0, 0.0, faded(to-from, signal.halfLife)
	for i := first; i < next; i++ {
		p := &r.signals[i]
		begin := p.at(from, signal.halfLife)
		end := begin
		if !p.waits() {
			end = float64(begin * left)
		}
		lowest, highest = lowest+min(begin, end), highest+max(begin, end)
	}
	return signal.points(lowest) - 1, signal.points(highest) + 1, next
}
