package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Deadlines are what has to be done for a customer, or in another stream, by a certain time and is not done yet (IC-15,
// CMP-08, CMP-09, SAT-08, CP-08, CR-03). A Deadlines is replaced, never changed.
type Deadlines struct {
	// Open are those whose time runs and those that were missed and are not done yet, in the order in which the fold took
	// them in.
	Open []Deadline
	// stops are what was done last, oldest first: they decide a deadline whose start is recorded after its stop.
	stops []deadlineStop
	// timer is when the next of them is near or due, zero when none is.
	timer domain.Instant
}

const (
	// mostStops is how many stops of each kind a stream remembers.
	mostStops = 8
	// mostMissed is how many deadlines of a stream may be missed and not done. Beyond it the one taken in first is given up:
	// it stays counted as missed, and nobody waits for it any more. So a stream that nobody ever answers does not grow.
	mostMissed = 256
)

// Deadline is one thing that has to be done. Its end is fixed when it starts, whatever policy is published later.
type Deadline struct {
	// Kind is its name in the policy, ID that of what has to be done.
	Kind, ID string
	// Event is the id of the event that started it.
	Event string
	// Started is when the time began, Near when most of it has passed, Due when all of it has. Near is not after Due.
	Started, Near, Due domain.Instant
	// Employee is whom the starting event made responsible, empty when it named nobody.
	Employee string
	// Missed says that Due has passed.
	Missed bool

	// month and unit are those under which it is counted, counted is the employee under whom its miss was.
	month   domain.Month
	unit    string
	counted string
	working bool
	// complaint says that ID is that of a complaint.
	complaint bool
	// nearTold says that it is told no more that the deadline is near.
	nearTold bool
}

// deadlineStop is one stop: at which instant what was done, by whom, and whom its start had made responsible.
type deadlineStop struct {
	kind, id    string
	at          domain.Instant
	employee    string
	responsible string
	// done says that there was something to stop. Then what starts at the same instant is something new; otherwise it is
	// what the stop was about.
	done bool
	// started is the id of the event that started what was stopped. It is not kept.
	started string
}

// timer returns when there is something to tell of the deadline, zero when there is not.
func (d *Deadline) timer() domain.Instant {
	switch {
	case d.Missed:
		return 0
	case d.nearTold:
		return d.Due
	default:
		return d.Near
	}
}

// next returns when the next deadline is near or due, zero when none is.
func (k *Deadlines) next() domain.Instant {
	if k == nil {
		return 0
	}
	return k.timer
}

// deadlines puts a copy of the deadlines of the stream in their place and returns it. Its slices are shared with the
// earlier one: they are appended to or replaced.
func (c *Customer) deadlines() *Deadlines {
	k := new(Deadlines)
	if c.Deadlines != nil {
		*k = *c.Deadlines
	}
	c.Deadlines = k
	return k
}

// put replaces the deadline at the index, or appends one when the index is negative.
func (k *Deadlines) put(i int, d Deadline) {
	if i < 0 {
		k.Open = append(k.Open, d)
	} else {
		k.Open = slices.Clone(k.Open)
		k.Open[i] = d
	}
	k.settle()
}

func (k *Deadlines) remove(i int) {
	k.Open = slices.Delete(slices.Clone(k.Open), i, i+1)
	k.settle()
}

// settle sets the timer.
func (k *Deadlines) settle() {
	k.timer = 0
	for i := range k.Open {
		if at := k.Open[i].timer(); at != 0 && (k.timer == 0 || at < k.timer) {
			k.timer = at
		}
	}
}

// remember keeps a stop among the newest ones of its kind.
func (k *Deadlines) remember(s deadlineStop) {
	s.id, s.employee, s.started = strings.Clone(s.id), strings.Clone(s.employee), ""
	stops := append(slices.Clip(k.stops), s)
	same, first := 0, -1
	for i := range stops {
		if stops[i].kind != s.kind {
			continue
		}
		if same++; first < 0 {
			first = i
		}
	}
	if same > mostStops {
		stops = slices.Delete(stops, first, first+1)
	}
	k.stops = stops
}

// renameDeadlines gives what an event about an unknown complaint started and stopped the id of the complaint, which is
// known now.
func (c *Customer) renameDeadlines(event, id string, out *Effects) {
	if c.Deadlines == nil {
		return
	}
	k := c.deadlines()
	k.Open, k.stops = slices.Clone(k.Open), slices.Clone(k.stops)
	for i := range k.Open {
		if d := &k.Open[i]; d.complaint && d.ID == event && k.find(d.Kind, id) < 0 {
			d.touch(c, out)
			d.ID = id
			d.touch(c, out)
		}
	}
	for i := range k.stops {
		if s := &k.stops[i]; s.id == event {
			s.id = id
		}
	}
}

// find returns the index of the open deadline, or a negative number.
func (k *Deadlines) find(kind, id string) int {
	if k == nil {
		return -1
	}
	return slices.IndexFunc(k.Open, func(d Deadline) bool { return d.Kind == kind && d.ID == id })
}

// oldest returns the index of the open deadline of a kind that started first, at the instant at or before it, or a
// negative number.
func (k *Deadlines) oldest(kind string, at domain.Instant) int {
	first := -1
	if k == nil {
		return first
	}
	for i := range k.Open {
		d := &k.Open[i]
		if d.Kind == kind && d.Started <= at && (first < 0 || d.Started < k.Open[first].Started) {
			first = i
		}
	}
	return first
}

// stopsOf returns the earliest remembered stop that is one of what starts at the instant, and the one recorded last, both
// nil without one.
func (k *Deadlines) stopsOf(kind, id string, from domain.Instant) (earliest, newest *deadlineStop) {
	if k == nil {
		return nil, nil
	}
	for i := range k.stops {
		s := &k.stops[i]
		if s.kind != kind || s.id != id {
			continue
		}
		if (s.at > from || s.at == from && !s.done) && (earliest == nil || s.at < earliest.at) {
			earliest = s
		}
		newest = s
	}
	return earliest, newest
}

// responsible returns the employee who is responsible for the deadline: whom its start named, else whom its stop names,
// else who holds the complaint, else the owner of the customer who was assigned first.
func (c *Customer) responsible(d *Deadline, stopped string) string {
	if d.Employee != "" {
		return d.Employee
	}
	if stopped != "" {
		return stopped
	}
	if d.complaint {
		if holder := c.Complaints.holder(d.ID); holder != "" {
			return holder
		}
	}
	if c.Profile != nil && len(c.Profile.Owners) > 0 {
		return c.Profile.Owners[0]
	}
	return ""
}

func codeDeadlines(k *coder, d *Deadlines) {
	list(k, &d.Open, codeDeadline)
	list(k, &d.stops, func(k *coder, s *deadlineStop) {
		k.string(&s.kind)
		k.string(&s.id)
		k.instant(&s.at)
		k.string(&s.employee)
		k.string(&s.responsible)
		k.bool(&s.done)
	})
	if !k.writing {
		d.settle()
	}
}

func codeDeadline(k *coder, d *Deadline) {
	for _, s := range []*string{&d.Kind, &d.ID, &d.Event, &d.Employee, &d.unit, &d.counted} {
		k.string(s)
	}
	for _, at := range []*domain.Instant{&d.Started, &d.Near, &d.Due} {
		k.instant(at)
	}
	number(k, &d.month)
	for _, b := range []*bool{&d.Missed, &d.working, &d.complaint, &d.nearTold} {
		k.bool(b)
	}
}
