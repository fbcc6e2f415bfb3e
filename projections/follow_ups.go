package projections

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// FollowUps are the things that call for a follow-up with the customer, and the follow-ups that named none of them yet
// (SAT-08). A FollowUps is replaced, never changed.
type FollowUps struct {
	things []followable
	early  []followUpMade
}

// FollowUpKind is the kind of thing that is followed up.
type FollowUpKind string

// The kinds of things that are followed up: handovers, services that were completed, complaints that were resolved,
// surveys with a low score, and anything else.
const (
	FollowUpHandover  FollowUpKind = "handover"
	FollowUpService   FollowUpKind = "service"
	FollowUpComplaint FollowUpKind = "complaint"
	FollowUpSurvey    FollowUpKind = "survey"
	FollowUpOther     FollowUpKind = "other"
)

// FollowUpKinds returns all kinds of things that are followed up.
func FollowUpKinds() []FollowUpKind {
	return []FollowUpKind{FollowUpHandover, FollowUpService, FollowUpComplaint, FollowUpSurvey, FollowUpOther}
}

const (
	// mostFollowable is how many things of a customer are remembered: beyond it the oldest goes, and what is done about it
	// counts as done about something unknown.
	mostFollowable = 256
	// mostFollowedUp is how many of them may have been followed up. They are remembered only for what follows on that.
	mostFollowedUp = 8
	// mostEarly is how many follow-ups that name nothing known are remembered.
	mostEarly = 16
)

// followable is a thing that calls for a follow-up, known by its id or by that of the event that brought it.
type followable struct {
	kind      FollowUpKind
	id, event string
	at        domain.Instant
	month     domain.Month
	unit      string
	// tried says that somebody tried to follow it up, completed that somebody did, reached that the customer was reached.
	tried, completed, reached bool
}

// followUpMade is one follow-up, or an attempt at one.
type followUpMade struct {
	of        string
	kind      FollowUpKind
	at        domain.Instant
	month     domain.Month
	unit      string
	channel   string
	employee  string
	completed bool
	reached   bool
	satisfied opinion
}

// opinion is whether a customer is satisfied, as far as it is known.
type opinion uint8

const (
	opinionUnknown opinion = iota
	opinionSatisfied
	opinionDissatisfied
)

func opinionOf(satisfied *bool) opinion {
	switch {
	case satisfied == nil:
		return opinionUnknown
	case *satisfied:
		return opinionSatisfied
	default:
		return opinionDissatisfied
	}
}

// applyFollowUps counts what is to be followed up and what was. It comes before the matters, which know what a service
// that was completed without naming it is. A follow-up does for the thing it names when it did not occur before it,
// whichever of the two was recorded first.
func (f *Fold) applyFollowUps(c *Customer, e *Entry, out *Effects) {
	switch d := e.Data.(type) {
	case *domain.DeliveryHandedOver:
		f.dueFollowUp(c, e, FollowUpHandover, d.DeliveryID, out)
	case *domain.ServiceCompleted:
		f.dueFollowUp(c, e, FollowUpService, c.Matters.first(MatterService, d.RequestID), out)
	case *domain.ComplaintResolved:
		if e.idle {
			return // it was resolved before
		}
		f.dueFollowUp(c, e, FollowUpComplaint, e.complaintOr(d.ComplaintID), out)
	case *domain.FollowUpAttempted:
		f.followedUp(c, e, &followUpMade{
			of: d.Of, channel: string(d.Channel), employee: d.Employee, reached: d.Reached != nil && *d.Reached,
		}, out)
	case *domain.FollowUpCompleted:
		f.followedUp(c, e, &followUpMade{
			of: d.Of, channel: string(d.Channel), employee: d.Employee, completed: true,
			reached: d.Reached == nil || *d.Reached, satisfied: opinionOf(d.Satisfied),
		}, out)
	case *domain.ComplaintFollowedUp:
		f.followedUp(c, e, &followUpMade{
			of: e.complaintOr(cmp.Or(d.ComplaintID, e.id())), kind: FollowUpComplaint, channel: string(d.Channel), completed: true,
			reached: d.Reached == nil || *d.Reached, satisfied: opinionOf(d.Satisfied),
		}, out)
	}
}

// complaintOr returns the id of the complaint that the event is about, or else the given one.
func (e *Entry) complaintOr(id string) string {
	if e.complaint != "" {
		return e.complaint
	}
	return id
}

// first returns the given id, or that of the first open matter of a kind when it is empty.
func (m *Matters) first(kind MatterKind, id string) string {
	if i := m.find(kind, id); id == "" && i >= 0 {
		return m.Open[i].ID
	}
	return id
}

// dueFollowUp notes a thing that calls for a follow-up; an empty id stands for that of the event. What comes up again
// before it was followed up is one thing, after that it is another.
func (f *Fold) dueFollowUp(c *Customer, e *Entry, kind FollowUpKind, id string, out *Effects) {
	x := c.followUps()
	thing := followable{
		kind: kind, id: strings.Clone(id), event: e.id(), at: e.Event.Time, month: f.monthOf(e.Event.Time), unit: c.unitOf(e),
	}
	if id == "" {
		thing.id = thing.event
	}
	if i := slices.IndexFunc(x.things, func(o followable) bool { return o.kind == kind && o.id == thing.id }); i >= 0 {
		if !x.things[i].completed {
			return
		}
		x.things = slices.Delete(slices.Clone(x.things), i, i+1)
	}
	thing.count(&out.Rollups, FollowUpDue)
	var early []followUpMade
	for _, u := range x.early {
		if u.of != thing.id && u.of != thing.event {
			early = append(early, u)
			continue
		}
		u.count(&out.Rollups, -1)
		u.kind = kind
		u.count(&out.Rollups, 1)
		thing.take(&u, &out.Rollups)
	}
	x.early = early
	x.things = append(slices.Clip(x.things), thing)
	x.forget()
}

// followedUp counts a follow-up and does with it for what it names.
func (f *Fold) followedUp(c *Customer, e *Entry, u *followUpMade, out *Effects) {
	u.of, u.channel, u.employee = strings.Clone(u.of), strings.Clone(u.channel), strings.Clone(u.employee)
	u.at, u.month, u.unit = e.Event.Time, f.monthOf(e.Event.Time), c.unitOf(e)
	x := c.followUps()
	i := x.find(u.of)
	if i < 0 {
		if u.kind == "" {
			u.kind = c.Matters.followUpKind(u.of)
		}
		x.early = append(slices.Clip(x.early), *u)
		x.early = x.early[max(0, len(x.early)-mostEarly):]
		u.count(&out.Rollups, 1)
		return
	}
	x.things = slices.Clone(x.things)
	u.kind = x.things[i].kind
	u.count(&out.Rollups, 1)
	x.things[i].take(u, &out.Rollups)
	x.forget()
}

// rename gives what an event about an unknown complaint brought, or followed up, the id of the complaint, which is known
// now.
func (x *FollowUps) rename(event, id string, r *Rollups) {
	x.things, x.early = slices.Clone(x.things), slices.Clone(x.early)
	if i := slices.IndexFunc(x.things, func(t followable) bool { return t.event == event }); i >= 0 && x.find(id) < 0 {
		x.things[i].id = id
	}
	thing := x.find(id)
	for i := range x.early {
		u := &x.early[i]
		if u.of != event {
			continue
		}
		if u.of = id; thing >= 0 {
			x.things[thing].take(u, r)
			x.early = slices.Delete(x.early, i, i+1)
		}
		return
	}
}

// followUpKind returns the kind of the open matter with an id.
func (m *Matters) followUpKind(id string) FollowUpKind {
	switch {
	case m.find(MatterComplaint, id) >= 0:
		return FollowUpComplaint
	case m.find(MatterService, id) >= 0:
		return FollowUpService
	default:
		return FollowUpOther
	}
}

// followUps puts a copy of what is to be followed up in its place and returns it, to be changed.
func (c *Customer) followUps() *FollowUps {
	x := new(FollowUps)
	if c.FollowUps != nil {
		*x = *c.FollowUps
	}
	c.FollowUps = x
	return x
}

// find returns the place of the thing with an id or from an event, the newest that was not followed up first, or −1.
func (x *FollowUps) find(of string) int {
	found := -1
	for i := range x.things {
		t := &x.things[i]
		if (t.id == of || t.event == of) && (found < 0 || !t.completed || x.things[found].completed) {
			found = i
		}
	}
	return found
}

// forget drops the oldest things beyond what is remembered.
func (x *FollowUps) forget() {
	done := 0
	for i := range x.things {
		if x.things[i].completed {
			done++
		}
	}
	switch {
	case done > mostFollowedUp:
		i := slices.IndexFunc(x.things, func(t followable) bool { return t.completed })
		x.things = slices.Delete(x.things, i, i+1)
	case len(x.things) > mostFollowable:
		x.things = slices.Delete(x.things, 0, 1)
	}
}

// take notes what a follow-up did for the thing; one that occurred before it did nothing.
func (t *followable) take(u *followUpMade, r *Rollups) {
	if u.at < t.at {
		return
	}
	mark := func(flag *bool, now bool, slot int) {
		if now && !*flag {
			*flag = true
			t.count(r, slot)
		}
	}
	mark(&t.tried, true, FollowUpTried)
	mark(&t.completed, u.completed, FollowUpDone)
	mark(&t.reached, u.reached, FollowUpHeard)
}
