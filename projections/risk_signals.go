package projections

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// signalPoints are points that an event counts for a signal of the policy.
type signalPoints struct {
	// signal is the name of the signal, event the id of the event, and also that of another one without which it would mean
	// nothing, empty without one.
	signal, event, also string
	// about is what the event is about, empty unless the points are held.
	about string
	// since is when they were counted; settled is when held points began to fade, zero before that, and settledBy the id of
	// the event that settled them.
	since, settled domain.Instant
	settledBy      string
	points         domain.Centipoints
	held           bool
}

// settlement is what is kept of an event that settles or clears points: it decides about points that are recorded after
// it and were counted before it.
type settlement struct {
	signal, event string
	// about is what is settled; all says that everything is.
	about  string
	at     domain.Instant
	all    bool
	clears bool
}

const (
	// mostSignalPoints is how many events of each signal count: the strongest ones. All points of a signal that are not held
	// fade alike, so the order among them does not change with time.
	mostSignalPoints = 8
	// mostSettlements is how many settlements of each signal are kept: the newest ones.
	mostSettlements = 8
)

// waits reports whether the points do not fade because what they are about is not settled.
func (p *signalPoints) waits() bool { return p.held && p.settled == 0 }

// fadesFrom returns when the points began to fade.
func (p *signalPoints) fadesFrom() domain.Instant { return cmp.Or(p.settled, p.since) }

// at returns the points at an instant: half of them after each half-life since they began to fade.
func (p *signalPoints) at(at, halfLife domain.Instant) float64 {
	if p.waits() {
		return p.points.Float()
	}
	return float64(p.points.Float() * faded(at-p.fadesFrom(), halfLife))
}

const ln2 = 0.6931471805599453

// faded returns the share that is left after the given time of something that fades: 2 to the power of -time/halfLife.
func faded(time, halfLife domain.Instant) float64 {
	if time <= 0 {
		return 1
	}
	return stablemath.Exp(-float64(ln2 * (float64(time) / float64(halfLife))))
}

// compare orders points by signal, time and event.
func (p *signalPoints) compare(o *signalPoints) int {
	return cmp.Or(strings.Compare(p.signal, o.signal), cmp.Compare(p.since, o.since), strings.Compare(p.event, o.event),
		cmp.Compare(p.points, o.points))
}

// strength orders the points of one signal by what they count, whatever the time: it is the logarithm to the base 2 of what
// the points would have been at the beginning of time. Points that wait do not fade and are above all others.
func (p *signalPoints) strength(rule *domain.SignalRule) (waits int, log float64) {
	log = stablemath.Log(max(p.points, -p.points).Float()) / ln2
	if p.waits() {
		return 1, log
	}
	return 0, log + float64(p.fadesFrom())/float64(rule.HalfLife.Microseconds())
}

// weaker reports whether p counts less than o. Of equals the one that comes later in the order of compare is the weaker.
func (p *signalPoints) weaker(o *signalPoints, rule *domain.SignalRule) bool {
	waits, log := p.strength(rule)
	otherWaits, otherLog := o.strength(rule)
	return cmp.Or(cmp.Compare(waits, otherWaits), cmp.Compare(log, otherLog), o.compare(p)) < 0
}

// count puts points in their place. When the signal has too many the weakest are dropped.
func (r *Risk) count(p signalPoints, rule *domain.SignalRule) {
	i, _ := slices.BinarySearchFunc(r.signals, &p, func(x signalPoints, p *signalPoints) int { return x.compare(p) })
	r.signals = slices.Insert(slices.Clone(r.signals), i, p)
	from, to := r.span(p.signal)
	if to-from <= mostSignalPoints {
		return
	}
	weakest := from
	for i := from + 1; i < to; i++ {
		if r.signals[i].weaker(&r.signals[weakest], rule) {
			weakest = i
		}
	}
	r.signals = slices.Delete(r.signals, weakest, weakest+1)
}

// span returns where the points of a signal lie.
func (r *Risk) span(signal string) (from, to int) {
	from, _ = slices.BinarySearchFunc(r.signals, signal, func(x signalPoints, s string) int { return strings.Compare(x.signal, s) })
	for to = from; to < len(r.signals) && r.signals[to].signal == signal; to++ {
	}
	return from, to
}

// settle lets points that wait fade from the instant of the settlement on, or takes them away, and keeps the settlement.
// The earliest settlement after they were counted decides.
func (r *Risk) settle(s settlement) {
	var kept []signalPoints
	for i := range r.signals {
		p := r.signals[i]
		if p.held && s.concerns(&p) && s.at >= p.since && (p.settled == 0 || s.at < p.settled) {
			if s.clears {
				continue
			}
			p.settled, p.settledBy = s.at, s.event
		}
		kept = append(kept, p)
	}
	r.signals = kept
	r.remember(s)
}

// release lets points fade, from when they were counted on, that wait for a settlement which does not come: under the policy
// the signal holds nothing, or is left out.
func (c *Customer) release(p *domain.Policy) {
	waits := func(x signalPoints) bool {
		rule, known := p.Risk.Signals[x.signal]
		return x.waits() && !(known && !rule.Off && len(rule.Holds) > 0)
	}
	if c.Risk == nil || !slices.ContainsFunc(c.Risk.signals, waits) {
		return
	}
	r := c.risk()
	r.signals = slices.Clone(r.signals)
	for i := range r.signals {
		if x := &r.signals[i]; waits(*x) {
			x.held, x.about = false, ""
		}
	}
}

// concerns reports whether the settlement is one of what the points are about.
func (s *settlement) concerns(p *signalPoints) bool {
	return s.signal == p.signal && (s.all || s.about == p.about)
}

// remember keeps a settlement among the newest ones of its signal, in the order of signal and time.
func (r *Risk) remember(s settlement) {
	i, _ := slices.BinarySearchFunc(r.settlements, &s, func(x settlement, s *settlement) int { return x.compare(s) })
	list := slices.Insert(slices.Clone(r.settlements), i, s)
	first, n := -1, 0
	for i := range list {
		if list[i].signal == s.signal {
			if n++; first < 0 {
				first = i
			}
		}
	}
	if n > mostSettlements {
		list = slices.Delete(list, first, first+1)
	}
	r.settlements = list
}

func (s *settlement) compare(o *settlement) int {
	order := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(strings.Compare(s.signal, o.signal), cmp.Compare(s.at, o.at), strings.Compare(s.event, o.event), strings.Compare(s.about, o.about),
		cmp.Compare(order(s.all), order(o.all)), cmp.Compare(order(s.clears), order(o.clears)))
}

// settlementOf returns the earliest settlement after the points were counted, nil without one.
func (r *Risk) settlementOf(p *signalPoints) *settlement {
	for i := range r.settlements {
		if s := &r.settlements[i]; s.concerns(p) && s.at >= p.since {
			return s
		}
	}
	return nil
}

func codeSignalPoints(k *coder, p *signalPoints) {
	k.string(&p.signal)
	k.string(&p.event)
	k.string(&p.also)
	k.string(&p.about)
	k.instant(&p.since)
	k.instant(&p.settled)
	k.string(&p.settledBy)
	number(k, &p.points)
	k.bool(&p.held)
}

func codeSettlement(k *coder, s *settlement) {
	k.string(&s.signal)
	k.string(&s.event)
	k.string(&s.about)
	k.instant(&s.at)
	k.bool(&s.all)
	k.bool(&s.clears)
}
