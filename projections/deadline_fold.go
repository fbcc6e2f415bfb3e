package projections

import (
	"iter"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// applyDeadlines stops what the event stops and then starts what it starts. Of several conditions under which an event
// concerns a kind, the most particular one counts.
//
// What is decided depends on when things occurred: a stop ends what had started by then, before its end in time and from
// its end on late, also when the miss was told already. A deadline that starts when it ran already begins anew. A start
// that is recorded after a stop or a start that followed it is decided at once, as far as stops are remembered. Of two
// stops of one deadline the one recorded first decides.
func (f *Fold) applyDeadlines(c *Customer, e *Entry, out *Effects) {
	c.touchHeld(e, out)
	triggers := f.policy.DeadlinesOn(e.Event.Type)
	if len(triggers) == 0 {
		return
	}
	var done, vain []deadlineStop
	stopped := false
	for t := range matching(triggers, e, false) {
		s, ok := f.stopDeadline(c, e, t, out)
		stopped = stopped || ok
		switch {
		case s.id == "" || s.id == s.started: // nothing can name it later
		case ok:
			done = append(done, s)
		default:
			vain = append(vain, s)
		}
	}
	for t := range matching(triggers, e, true) {
		if e.idle && t.NamesComplaint() {
			continue // its follow-up was started by the first resolution
		}
		f.startDeadline(c, e, t, e.named(t), out)
	}
	// Only now, because an event does not stop what it starts. What it names is what it stopped: the kinds of which it
	// stopped nothing have no such thing.
	if !stopped {
		done = vain
	}
	for _, s := range done {
		c.deadlines().remember(s)
	}
}

// startDeadlines starts the deadlines that are started by something that a fold found out and that is no type of event.
func (f *Fold) startDeadlines(c *Customer, e *Entry, what, id string, out *Effects) {
	triggers := f.policy.DeadlinesOn(what)
	for i := range triggers {
		f.startDeadline(c, e, &triggers[i], id, out)
	}
}

// matching yields the triggers that start, or those that stop, one for each kind of deadline: the first whose conditions
// the event fulfils.
func matching(triggers []domain.DeadlineTrigger, e *Entry, starts bool) iter.Seq[*domain.DeadlineTrigger] {
	return func(yield func(*domain.DeadlineTrigger) bool) {
		var last string
		for i := range triggers {
			t := &triggers[i]
			if t.Starts != starts || t.Deadline == last || !t.Matches(e.Event, e.Data) {
				continue
			}
			last = t.Deadline
			if !yield(t) {
				return
			}
		}
	}
}

// named returns the id of what has to be done that the event names, empty when it names nothing. Borrowed.
func (e *Entry) named(t *domain.DeadlineTrigger) string {
	id := t.ID(e.Event, e.Data)
	if id == "" && t.NamesComplaint() {
		return e.complaint
	}
	if id == "" {
		return e.sheet
	}
	return id
}

// startDeadline starts the time of one deadline. An empty id stands for that of the event.
func (f *Fold) startDeadline(c *Customer, e *Entry, t *domain.DeadlineTrigger, id string, out *Effects) {
	near, due, ok := t.Span(e.Event, e.Data, f.policy.Calendar())
	if !ok {
		return
	}
	if id == "" {
		id = e.id()
	}
	d := Deadline{
		Kind: t.Deadline, ID: strings.Clone(id), Event: e.id(), Started: e.Event.Time, Near: near, Due: due,
		Employee: strings.Clone(t.Employee(e.Event, e.Data)), unit: c.OrgUnit(), month: domain.DateOf(due, f.location).Month(),
		working: t.Rule.Time == domain.DeadlineWorking, complaint: t.NamesComplaint(), nearTold: due <= c.Now,
	}
	d.count(deadlineStarted, 1, out)
	running := c.Deadlines.find(d.Kind, d.ID)
	stop, before := c.Deadlines.stopsOf(d.Kind, d.ID, d.Started)
	if d.Employee == "" && before != nil {
		d.Employee = before.responsible
	}
	if running >= 0 {
		other := &c.Deadlines.Open[running]
		if d.Employee == "" {
			d.Employee = other.Employee
		}
		if other.Started > d.Started && (stop == nil || stop.at > other.Started) {
			f.deriveNear(c, &d, other.Started)
			f.deadlineBegunAnew(c, &d, other.Started, out)
			return
		}
		if stop == nil {
			f.deadlineBegunAnew(c, other, d.Started, out)
		}
	}
	if stop != nil {
		f.deriveNear(c, &d, stop.at)
		f.deadlineStopped(c, &d, stop.at, stop.employee, out)
		return
	}
	c.deadlines().put(running, d)
	d.touch(c, out)
	if d.nearTold {
		f.deriveNear(c, &d, c.Now)
	}
	for at := c.Deadlines.next(); at != 0 && at <= c.Now; at = c.Deadlines.next() {
		f.fireDeadlines(c, at, out)
	}
}

// stopDeadline stops the deadline that the event names, or the oldest of the kind when it names none. It returns what is
// to be remembered of the stop, and whether there was such a deadline.
func (f *Fold) stopDeadline(c *Customer, e *Entry, t *domain.DeadlineTrigger, out *Effects) (deadlineStop, bool) {
	s := deadlineStop{kind: t.Deadline, id: e.named(t), at: e.Event.Time, employee: t.Employee(e.Event, e.Data)}
	i := c.Deadlines.oldest(s.kind, s.at)
	if s.id != "" {
		i = c.Deadlines.find(s.kind, s.id)
	}
	if i < 0 || c.Deadlines.Open[i].Started > s.at {
		if s.id == "" && t.NamesComplaint() {
			s.id = e.id() // until a filing that is recorded late claims the event
		}
		return s, false
	}
	d := c.Deadlines.Open[i]
	s.id, s.responsible, s.started, s.done = d.ID, d.Employee, d.Event, true
	s.employee = strings.Clone(s.employee)
	f.deadlineStopped(c, &d, s.at, s.employee, out)
	c.deadlines().remove(i)
	d.touch(c, out)
	return s, true
}

// fireDeadlines tells which deadlines are near or due at the instant.
func (f *Fold) fireDeadlines(c *Customer, at domain.Instant, out *Effects) {
	before := c.Deadlines.Open
	k := c.deadlines()
	k.Open = make([]Deadline, 0, len(before))
	missed := 0
	for i := range before {
		d := before[i]
		if d.timer() == at {
			f.tellDeadline(c, &d, at, out)
		}
		if d.Missed {
			missed++
		}
		if d.Missed && !f.stoppable(d.Kind) {
			d.touch(c, out)
			continue
		}
		k.Open = append(k.Open, d)
	}
	for ; missed > mostMissed; missed-- {
		k.giveUp(c, out)
	}
	k.settle()
}

// giveUp forgets the first deadline that was missed.
func (k *Deadlines) giveUp(c *Customer, out *Effects) {
	for i := range k.Open {
		if d := &k.Open[i]; d.Missed {
			d.touch(c, out)
			k.remove(i)
			return
		}
	}
}

// stoppable reports whether deadlines of the kind end otherwise than by being missed.
func (f *Fold) stoppable(kind string) bool { return len(f.policy.Deadlines[kind].Stop) > 0 }

// withdrawDeadlines ends the deadlines whose kind the policy has no more, or no more stop for when they were missed, and
// reports whether there were such.
func (f *Fold) withdrawDeadlines(c *Customer, out *Effects) bool {
	if c.Deadlines == nil {
		return false
	}
	var kept []Deadline
	for i := range c.Deadlines.Open {
		d := &c.Deadlines.Open[i]
		if rule, known := f.policy.Deadlines[d.Kind]; known && !rule.Off && (!d.Missed || len(rule.Stop) > 0) {
			kept = append(kept, *d)
			continue
		}
		if !d.Missed {
			d.count(deadlineWithdrawn, 1, out)
		}
		d.touch(c, out)
	}
	if len(kept) == len(c.Deadlines.Open) {
		return false
	}
	k := c.deadlines()
	k.Open = kept
	k.settle()
	return true
}

// touchHeld says that the cases changed whose holder the event may have changed.
func (c *Customer) touchHeld(e *Entry, out *Effects) {
	if c.Deadlines == nil {
		return
	}
	var owners bool
	switch e.Data.(type) {
	case *domain.CustomerOwnerAssigned, *domain.CustomerOwnerReleased:
		owners = true
	}
	if !owners && e.complaint == "" {
		return
	}
	for i := range c.Deadlines.Open {
		if d := &c.Deadlines.Open[i]; d.Employee == "" && (owners || d.complaint && d.ID == e.complaint) {
			d.touch(c, out)
		}
	}
}
