package projections

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain"
)

// measured returns the contribution of a measure.
func (f *Fold) measured(c *Customer, m measure, at domain.Instant, s *measures) Contribution {
	x := Contribution{Factor: measureNames[m], Code: domain.MeasureCode(measureNames[m]), Points: f.points(s, m)}
	x.input("weight", f.scoring.weights[s.known][m], unitPoints)
	if !s.known.has(m) {
		x.Formula = "weight × share; without an input the policy takes the share as 1"
		x.input("share", f.scoring.missing, "")
		return x
	}
	x.input("share", s.of[m], "")
	switch m {
	case measureSilence:
		f.explainSilence(c, at, &x)
	case measureTrend:
		f.explainTrend(c, at, &x)
	case measureModel:
		f.explainModel(c, at, &x)
	case measureSatisfaction:
		f.explainSentiment(c, at, &x)
	case measureContact:
		f.explainContact(c, at, &x)
	}
	return x
}

func (f *Fold) explainSilence(c *Customer, at domain.Instant, x *Contribution) {
	m := &f.policy.Risk.Measures.Silence
	x.Formula = fmt.Sprintf("weight × share; the share is 0 up to a silence of %g usual gaps, %g at %g, 1 from %g on, and rises in straight lines",
		m.Begins, m.MiddleShare, m.Middle, m.Full)
	silence, gap := f.silenceOf(c, at)
	x.input("silence", silence, unitDays)
	x.input("usual_gap", gap, unitDays)
	x.input("ratio", silence/gap, unitGaps)
	x.input("purchases", float64(c.Trade.Purchases), "")
	x.prove(c.Trade.LastPurchaseID)
	x.prove(c.Lifecycle.silenceBy)
}

func (f *Fold) explainTrend(c *Customer, at domain.Instant, x *Contribution) {
	m := &f.policy.Risk.Measures.Trend
	x.Formula = fmt.Sprintf("weight × (f - 1) / (%g - 1), or weight × (1 - 1/f) / (%g - 1) when f is below 1, the share between -1 and 1; f is the mean of the latest gaps, at most %d, or the silence when it is longer, over the usual gap",
		m.Full, m.Full, m.Recent)
	silence, gap := f.silenceOf(c, at)
	recent, _ := f.recentGap(c)
	x.input("recent_gap", recent, unitDays)
	x.input("silence", silence, unitDays)
	x.input("usual_gap", gap, unitDays)
	x.input("purchases", float64(c.Trade.Purchases), "")
	x.prove(c.Trade.LastPurchaseID)
	x.prove(c.Lifecycle.silenceBy)
}

func (f *Fold) explainModel(c *Customer, at domain.Instant, x *Contribution) {
	x.Formula = fmt.Sprintf("weight × (2 p - 1), where p is the probability of no purchase within %g weeks under %s",
		f.scoring.horizon, f.models.purchase.Name())
	h, _ := c.History(at)
	none, _ := f.noPurchase(c, at)
	x.input("no_purchase", none, "")
	x.input("repeats", float64(h.Repeats), "")
	x.input("last_repeat", h.Last, unitWeeks)
	x.input("age", h.Age, unitWeeks)
	x.prove(c.Trade.LastPurchaseID)
}

func (f *Fold) explainContact(c *Customer, at domain.Instant, x *Contribution) {
	k, m := c.Contacts, &f.policy.Risk.Measures.Contact
	from, reachable := f.lastTouch(c)
	if !reachable {
		x.Formula = "weight × share; the share is 1 while the customer cannot be reached"
		x.input("failed_attempts", float64(len(k.attempts)), "")
		for i := range k.attempts {
			x.prove(k.attempts[i].event)
		}
		return
	}
	x.Formula = fmt.Sprintf("weight × (days without a contact - %d) / (%d - %d), the share between 0 and 1; a purchase is a contact too",
		m.BeginsDays, m.FullDays, m.BeginsDays)
	x.input("without_contact", float64(at-from)/float64(domain.Day), unitDays)
	x.prove(k.Last.Event)
	if c.Trade.LastPurchase > k.Last.At {
		x.prove(c.Trade.LastPurchaseID)
	}
	for i := range k.attempts {
		x.prove(k.attempts[i].event)
	}
}

func (f *Fold) explainSentiment(c *Customer, at domain.Instant, x *Contribution) {
	m := &f.policy.Risk.Measures.Satisfaction
	x.Formula = fmt.Sprintf("weight × Σ(answer × left) / max(1, Σ left); an answer is 1 at the lowest score, 0 at %g of the scale, -%g at the highest, and %g more after a drop; left halves every %g days",
		m.Neutral, m.Best, m.Drop, m.HalfLife.Hours()/24)
	for i := range c.Satisfaction.Latest {
		s := &c.Satisfaction.Latest[i]
		share, ok := f.answerShare(s)
		if !ok {
			continue
		}
		left := faded(at-s.At, domain.Instant(m.HalfLife.Microseconds()))
		scaled, _ := f.scaled(s)
		x.Inputs = append(x.Inputs,
			Input{Name: "scale", Value: scaled, Event: s.Event, At: s.At},
			Input{Name: "answer", Value: share, Event: s.Event, At: s.At},
			Input{Name: "left", Value: left, Event: s.Event, At: s.At})
		if f.fell(s) {
			x.Inputs = append(x.Inputs, Input{Name: "drop", Value: float64(s.Before-s.Index) / 1000, Event: s.BeforeEvent})
			x.prove(s.BeforeEvent)
		}
		x.prove(s.Event)
	}
}
