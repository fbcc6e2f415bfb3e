package domain

import (
	"math"
	"time"
)

// DeadlineTime says which time counts towards a deadline.
type DeadlineTime string

// The kinds of time: every hour, or the working time of the calendar alone.
const (
	DeadlineElapsed DeadlineTime = "elapsed"
	DeadlineWorking DeadlineTime = "working"
)

// LowScore is the name under which a deadline is started by an answer with a low score. There is no event of this type:
// whoever folds answers finds it out.
const LowScore = "satisfaction.low_score"

// DeadlineRule is one kind of deadline: what starts its time, how long that is, and what stops it. The default document
// describes each value.
type DeadlineRule struct {
	Start    map[string]string `yaml:"start"`
	Stop     map[string]string `yaml:"stop"`
	Within   time.Duration     `yaml:"within"`
	Due      string            `yaml:"due"`
	Time     DeadlineTime      `yaml:"time"`
	Near     float64           `yaml:"near"`
	Employee string            `yaml:"employee"`
	Off      bool              `yaml:"off"`
}

// usualDeadline returns what a new kind of deadline has where a document gives no value.
func usualDeadline() DeadlineRule {
	return DeadlineRule{Start: map[string]string{}, Stop: map[string]string{}, Time: DeadlineElapsed, Near: 0.8}
}

// Span returns the end of a time that begins at start, and the instant at which it is near. The end is the given one when
// the rule takes it from the event, otherwise it follows from the length of the time. The time is near when the share of
// it has passed that the rule gives, cut off to microseconds; of working time, that is a share of the working time. Neither
// lies after the start of the year 2200, and near is never after due.
func (r *DeadlineRule) Span(start, due Instant, c *Calendar) (near, end Instant) {
	if r.Due == "" {
		due = r.Time.add(start, Instant(r.Within.Microseconds()), c)
	}
	if due <= start {
		return due, due
	}
	length := due - start
	if r.Time == DeadlineWorking {
		length = c.Between(start, due)
	}
	return min(r.Time.add(start, r.share(length), c), due), due
}

// add returns the instant at which so much of the time has passed since start.
func (t DeadlineTime) add(start, length Instant, c *Calendar) Instant {
	if t == DeadlineWorking {
		return c.Add(start, length)
	}
	return min(start+length, maxTime)
}

// share returns the part of a length after which it is near. It is computed in whole numbers, so that it is the same on
// every machine; a length of 300 years times 1000 would not fit them.
func (r *DeadlineRule) share(length Instant) Instant {
	n := perMille(r.Near)
	return length/1000*n + length%1000*n/1000
}

// perMille returns a share in thousandths.
func perMille(share float64) Instant { return Instant(math.Round(share * 1000)) }

// complaintMember is the member that names a complaint.
const complaintMember = "complaint_id"

// DeadlineTrigger is what an event of one type means to one kind of deadline. It is made by ParsePolicy, never changed,
// and may be shared. What its methods return borrows from the event.
type DeadlineTrigger struct {
	// Deadline is the name of the kind, Rule its rule. The rule is shared.
	Deadline string
	Rule     *DeadlineRule
	// Starts says that the event starts the time; otherwise it stops it.
	Starts bool

	text       string // as the document has it
	conditions []condition
	id         member
	due        member
	employee   member
}

// Matches reports whether the event fulfils the conditions. data is the struct of its type, nil when there is none.
func (t *DeadlineTrigger) Matches(e *Event, data any) bool {
	for i := range t.conditions {
		if c := &t.conditions[i]; c.member.text(e, data) != c.value {
			return false
		}
	}
	return true
}

// ID returns the id that the event names, empty when it names none.
func (t *DeadlineTrigger) ID(e *Event, data any) string {
	if id := t.id.text(e, data); validID(id) {
		return id
	}
	return ""
}

// NamesComplaint reports whether the event names a complaint.
func (t *DeadlineTrigger) NamesComplaint() bool { return t.id.name == complaintMember }

// Employee returns the employee whom the event makes responsible: for one that starts the time, the member that the rule
// names; for one that stops it, the member "employee". It is empty when the event names nobody.
func (t *DeadlineTrigger) Employee(e *Event, data any) string {
	if id := t.employee.text(e, data); validID(id) {
		return id
	}
	return ""
}

// Span returns when the time that the event starts is near its end, and when it ends. It is false when the event does not
// say what the rule asks it for.
func (t *DeadlineTrigger) Span(e *Event, data any, c *Calendar) (near, due Instant, ok bool) {
	if t.Rule.Due != "" {
		if due = t.due.instant(e, data); due == 0 {
			return 0, 0, false
		}
	}
	near, due = t.Rule.Span(e.Time, due, c)
	return near, due, true
}

// DeadlinesOn returns what an event of the given type means to the deadlines of the policy, in the order of their names,
// stops before starts, and those with more conditions first. The slice is shared.
func (p *Policy) DeadlinesOn(eventType string) []DeadlineTrigger { return p.triggers[eventType] }
