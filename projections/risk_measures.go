package projections

import (
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// measure is one of what is measured of every customer at any moment.
type measure uint8

const (
	measureSilence measure = iota
	measureTrend
	measureModel
	measureSatisfaction
	measureContact
	measureCount
)

var measureNames = [measureCount]string{
	domain.MeasureSilence, domain.MeasureTrend, domain.MeasureModel, domain.MeasureSatisfaction, domain.MeasureContact,
}

// inputs are the measures that have an input for a customer, a bit each.
type inputs uint8

func (x inputs) has(m measure) bool { return x&(1<<m) != 0 }

// scoring is what scores need of a policy, ready for use.
type scoring struct {
	// weights are those of the measures, by which measures have an input.
	weights [1 << measureCount][measureCount]float64
	// missing is the share of measures without an input.
	missing float64
	// horizon is the horizon in weeks.
	horizon float64
	// contactBegins and contactFull are the times without a contact at which contact begins to count and counts whole.
	contactBegins, contactFull domain.Instant
	// signals are those of the policy, in the order of their names.
	signals []signalScoring
}

// signalScoring is what scores need of a signal.
type signalScoring struct {
	name     string
	most     float64
	halfLife domain.Instant
}

// signal returns what scores need of a signal, nil for one that the policy does not have.
func (s *scoring) signal(name string) *signalScoring {
	for i := range s.signals { // there are few
		if s.signals[i].name == name {
			return &s.signals[i]
		}
	}
	return nil
}

func scoringOf(p *domain.Policy) scoring {
	m := &p.Risk.Measures
	s := scoring{
		horizon:       p.Risk.Horizon.Hours() / (24 * daysOfWeek),
		contactBegins: domain.Instant(m.Contact.BeginsDays) * domain.Day,
		contactFull:   domain.Instant(m.Contact.FullDays) * domain.Day,
	}
	if p.Risk.Missing == domain.MissingWorst {
		s.missing = 1
	}
	for _, name := range slices.Sorted(maps.Keys(p.Risk.Signals)) {
		if rule := p.Risk.Signals[name]; !rule.Off {
			s.signals = append(s.signals, signalScoring{name, rule.Most, domain.Instant(rule.HalfLife.Microseconds())})
		}
	}
	weights := [measureCount]float64{m.Silence.Weight, m.Trend.Weight, m.Model.Weight, m.Satisfaction.Weight, m.Contact.Weight}
	for known := range s.weights {
		s.weights[known] = weights
		if p.Risk.Missing == domain.MissingIgnored {
			s.weights[known] = spread(weights, inputs(known), p.Risk.Spread)
		}
	}
	return s
}

// spread gives the weights of the measures without an input to the others, in proportion to their own: they grow by a factor,
// the given one at the most.
func spread(weights [measureCount]float64, known inputs, most float64) (spread [measureCount]float64) {
	whole, there := 0.0, 0.0
	for m, w := range weights {
		whole += w
		if known.has(measure(m)) {
			there += w
		}
	}
	for m, w := range weights {
		if known.has(measure(m)) && there > 0 {
			spread[m] = min(float64(w*whole)/there, float64(w*most))
		}
	}
	return spread
}

// measures are the shares of their weights that the measures of a customer count, between -1 and 1.
type measures struct {
	of    [measureCount]float64
	known inputs
}

func (s *measures) set(m measure, share float64) {
	s.of[m] = share
	s.known |= 1 << m
}

// points returns what a measure contributes.
func (f *Fold) points(s *measures, m measure) domain.Centipoints {
	share := s.of[m]
	if !s.known.has(m) {
		if f.scoring.missing == 0 {
			return 0
		}
		share = f.scoring.missing
	}
	return domain.PointsOf(float64(f.scoring.weights[s.known][m] * share))
}

// measure returns the shares at an instant not before the customer's time, if nothing happens until then. All but that of
// satisfaction only rise with time.
func (f *Fold) measure(c *Customer, at domain.Instant) (s measures) {
	if c.Trade.Purchases > 0 {
		silence, gap := f.silenceOf(c, at)
		s.set(measureSilence, f.silenceShare(silence/gap))
		if recent, ok := f.recentGap(c); ok {
			s.set(measureTrend, f.trendShare(max(recent, silence)/gap))
		}
		if none, ok := f.noPurchase(c, at); ok {
			s.set(measureModel, float64(2*none)-1)
		}
	}
	if sentiment := f.sentiment(c, at); sentiment.known {
		s.set(measureSatisfaction, sentiment.share())
	}
	if from, reachable := f.lastTouch(c); !reachable {
		s.set(measureContact, 1)
	} else if from != 0 {
		s.set(measureContact, f.contactShare(at-from))
	}
	return s
}

// silenceOf returns how long the customer has been silent, and the usual gap between purchases, both in days.
func (f *Fold) silenceOf(c *Customer, at domain.Instant) (silence, gap float64) {
	from := c.Lifecycle.silenceFrom
	return float64(at-from) / float64(domain.Day), f.policy.Lifecycle.UsualGap(c.Trade.gaps()).Float()
}

// silenceShare returns the share for a silence of so many usual gaps (W01).
func (f *Fold) silenceShare(gaps float64) float64 {
	m := &f.policy.Risk.Measures.Silence
	switch {
	case gaps <= m.Begins:
		return 0
	case gaps <= m.Middle:
		return float64(m.MiddleShare * ((gaps - m.Begins) / (m.Middle - m.Begins)))
	case gaps < m.Full:
		return m.MiddleShare + float64((1-m.MiddleShare)*((gaps-m.Middle)/(m.Full-m.Middle)))
	}
	return 1
}

// recentGap returns the mean of the latest gaps in days. It is false for one who has not bought on two days.
func (f *Fold) recentGap(c *Customer) (float64, bool) {
	days := c.Trade.Days
	n := min(len(days)-1, int(f.policy.Risk.Measures.Trend.Recent))
	if n < 1 {
		return 0, false
	}
	last := len(days) - 1
	return float64(days[last]-days[last-n]) / float64(n), true
}

// trendShare returns the share when purchases come by the given factor more rarely than usual (W02): (factor - 1) / (full - 1),
// and when they come more often, by the inverse factor, as much less than nothing.
func (f *Fold) trendShare(factor float64) float64 {
	full := f.policy.Risk.Measures.Trend.Full
	if factor < 1 {
		return max(-1, (1-1/factor)/(full-1))
	}
	return min(1, (factor-1)/(full-1))
}

// noPurchase returns the probability that the customer buys nothing within the horizon from the instant on. It is false
// without a model in force.
func (f *Fold) noPurchase(c *Customer, at domain.Instant) (float64, bool) {
	if f.models.purchase == nil {
		return 0, false
	}
	h, ok := c.History(at)
	if !ok {
		return 0, false
	}
	p, err := f.models.purchase.NoPurchase(h, f.scoring.horizon)
	return p, err == nil
}

// lastTouch returns when the customer was last in touch with the firm in any way, a contact or a purchase, zero when no
// contact is known at all, and whether the customer can be reached (W11).
func (f *Fold) lastTouch(c *Customer) (at domain.Instant, reachable bool) {
	k := c.Contacts
	switch {
	case k == nil || k.Last.At == 0 && len(k.attempts) == 0:
		return 0, true
	case k.unreachable(f.policy.Contact.UnreachableAfter):
		return 0, false
	}
	return max(k.Last.At, c.Trade.LastPurchase), true
}

// contactShare returns the share for a time without a contact.
func (f *Fold) contactShare(since domain.Instant) float64 {
	begins, full := f.scoring.contactBegins, f.scoring.contactFull
	return max(0, min(1, float64(since-begins)/float64(full-begins)))
}
