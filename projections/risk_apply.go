package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// applySignals counts what the event means to the signals of the policy. Of several conditions under which an event
// does the same to a signal, the most particular one counts.
//
// What is decided depends on when things occurred: points count from the date of their event on, and held points are
// settled by the earliest settlement after it, also one that was recorded before them, as far as settlements are kept. The
// order in which events are recorded makes no difference as long as a signal has no more than mostSignalPoints points that
// wait and mostSettlements settlements.
func (f *Fold) applySignals(c *Customer, e *Entry, _ *Effects) {
	triggers := f.policy.SignalsOn(e.Event.Type)
	if len(triggers) == 0 {
		return // most events end here, and take no memory
	}
	f.signal(c, triggers, e, &occasion{at: e.Event.Time, id: e.id})
}

// derive counts what something that the fold found out means to the signals of the policy: data returns the struct of the
// derived event of the given type and is called only when a signal asks for it, evidence are the ids of one or two events
// behind it, the last one that with which it came about. The risk is to be looked at again then: time alone may have
// brought it about.
func (f *Fold) derive(c *Customer, typ string, at domain.Instant, evidence []string, data func() any) {
	triggers := f.policy.SignalsOn(typ)
	if len(triggers) == 0 || !c.IsCustomer() {
		return
	}
	o := occasion{at: at, id: func() string { return evidence[len(evidence)-1] }}
	if len(evidence) > 1 {
		o.also = evidence[0]
	}
	f.signal(c, triggers, &Entry{Data: data()}, &o)
	c.riskDue = c.Now
}

// occasion is when something happened that means something to signals. id returns the id of the event in memory of its
// own, also is that of another event behind it, empty without one.
type occasion struct {
	at   domain.Instant
	id   func() string
	also string
}

// recant takes back what derive counted: it turned out that it was not so.
func (f *Fold) recant(c *Customer, typ string, at domain.Instant, event string, data func() any) {
	triggers := f.policy.SignalsOn(typ)
	if len(triggers) == 0 || c.Risk == nil {
		return
	}
	e := Entry{Data: data()}
	for t := range meant(triggers, &e) {
		same := func(p signalPoints) bool {
			return p.signal == t.Signal && p.event == event && p.since == at && p.points == t.Points
		}
		if i := slices.IndexFunc(c.Risk.signals, same); i >= 0 && t.Action == domain.SignalCounts {
			r := c.risk()
			r.signals = slices.Delete(slices.Clone(r.signals), i, i+1)
		}
	}
}

// meant yields the triggers that hold for the event, one for each signal and action: the first whose conditions the event
// fulfils.
func meant(triggers []domain.SignalTrigger, e *Entry) func(yield func(*domain.SignalTrigger) bool) {
	return func(yield func(*domain.SignalTrigger) bool) {
		var last *domain.SignalTrigger
		for i := range triggers {
			t := &triggers[i]
			if last != nil && last.Signal == t.Signal && last.Action == t.Action || !t.Matches(e.Event, e.Data) {
				continue
			}
			if last = t; !yield(t) {
				return
			}
		}
	}
}

// signal does what the triggers say to the signals of the customer.
func (f *Fold) signal(c *Customer, triggers []domain.SignalTrigger, e *Entry, o *occasion) {
	for t := range meant(triggers, e) {
		about := e.subject(t, o.id)
		switch {
		case t.Action == domain.SignalCounts:
			c.risk().take(signalPoints{
				signal: t.Signal, event: o.id(), also: o.also, since: o.at, points: t.Points, about: strings.Clone(about),
				held: t.Held && (about != "" || t.Rule.SettledAsWhole()),
			}, t.Rule)
		case t.All() || about != "":
			c.risk().settle(settlement{
				signal: t.Signal, event: o.id(), about: strings.Clone(about), at: o.at, all: t.All(), clears: t.Action == domain.SignalClears,
			})
		}
	}
}

// subject returns what the event is about for a trigger, empty when it does not say. An event about a complaint that is not
// known yet is about itself until the filing claims it. Borrowed.
func (e *Entry) subject(t *domain.SignalTrigger, id func() string) string {
	if about := t.About(e.Event, e.Data); about != "" || !t.NamesComplaint() {
		return about
	}
	if e.complaint != "" {
		return e.complaint
	}
	return id()
}

// take counts points, unless they are held and were cleared already.
func (r *Risk) take(p signalPoints, rule *domain.SignalRule) {
	if !p.held {
		p.about = ""
	} else if s := r.settlementOf(&p); s != nil {
		if s.clears {
			return
		}
		p.settled, p.settledBy = s.at, s.event
	}
	r.count(p, rule)
}

// renameSignals gives what an event about an unknown complaint counted or settled the id of the complaint, which is known
// now.
func (c *Customer) renameSignals(event, id string) {
	if c.Risk == nil {
		return
	}
	r := c.risk()
	r.signals = slices.Clone(r.signals)
	for i := range r.signals {
		if p := &r.signals[i]; p.held && p.about == event {
			p.about = id
		}
	}
	settlements := r.settlements
	r.settlements = nil
	for _, s := range settlements {
		if s.about == event {
			s.about = id
		}
		r.settle(s)
	}
}
