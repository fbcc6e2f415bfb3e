package domain

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// longestDeadline is the greatest length of a deadline: ten years.
	longestDeadline = 87600 * time.Hour
	// maxDeadlineName is the greatest number of characters in the name of a deadline.
	maxDeadlineName = 64
)

// checkDeadlines reports every value of the section deadlines that is wrong, and finds out which types of events concern
// them.
func (p *Policy) checkDeadlines(fault func(ok bool, field, rule string)) {
	p.triggers = make(map[string][]DeadlineTrigger)
	for _, name := range slices.Sorted(maps.Keys(p.Deadlines)) {
		rule := p.Deadlines[name]
		x := deadlineCheck{name: name, rule: &rule, fault: func(ok bool, field, text string) {
			fault(ok, "deadlines."+name+field, text)
		}}
		triggers := x.check()
		if rule.Off {
			continue
		}
		for typ, list := range triggers {
			p.triggers[typ] = append(p.triggers[typ], list...)
		}
	}
	for _, list := range p.triggers {
		slices.SortFunc(list, func(a, b DeadlineTrigger) int { return a.compare(&b) })
	}
}

// compare orders triggers as DeadlinesOn returns them.
func (t *DeadlineTrigger) compare(o *DeadlineTrigger) int {
	return cmp.Or(strings.Compare(t.Deadline, o.Deadline), cmp.Compare(rank(t.Starts), rank(o.Starts)),
		cmp.Compare(len(o.conditions), len(t.conditions)), strings.Compare(t.text, o.text))
}

func rank(starts bool) int {
	if starts {
		return 1
	}
	return 0
}

// deadlineCheck checks one kind of deadline.
type deadlineCheck struct {
	name  string
	rule  *DeadlineRule
	fault func(ok bool, field, rule string)
}

// check reports what is wrong, and returns the triggers by type of event.
func (x *deadlineCheck) check() map[string][]DeadlineTrigger {
	x.values()
	triggers := make(map[string][]DeadlineTrigger)
	x.starts(triggers)
	x.stops(triggers)
	return triggers
}

// values checks what can be told without looking at types of events.
func (x *deadlineCheck) values() {
	r := x.rule
	x.fault(validID(x.name) && utf8.RuneCountInString(x.name) <= maxDeadlineName && !strings.Contains(x.name, "/"),
		"", "must have a name of 1 to 64 characters without / and control characters")
	x.fault(r.Time == DeadlineElapsed || r.Time == DeadlineWorking, ".time", "must be one of elapsed, working")
	x.fault(r.Near > 0 && r.Near <= 1 && math.Abs(r.Near*1000-float64(perMille(r.Near))) < 1e-6,
		".near", "must be more than 0 and at most 1 in steps of 0.001")
	x.fault(r.Within == 0 || r.Within >= time.Microsecond && r.Within <= longestDeadline, ".within", "must be more than 0 and at most 87600h")
	x.fault(r.Off || r.Within != 0 || r.Due != "", ".within", "must be given, unless due is")
	x.fault(r.Off || r.Within == 0 || r.Due == "", ".due", `must be "" when within is given, and within 0s when due is`)
	x.fault(r.Off || len(r.Start) > 0, ".start", "must name a type of event")
}

// starts adds the triggers that start the deadline.
func (x *deadlineCheck) starts(triggers map[string][]DeadlineTrigger) {
	responsible := x.rule.Employee == "" || len(x.rule.Start) == 0
	for _, text := range slices.Sorted(maps.Keys(x.rule.Start)) {
		typ, t := x.trigger(".start."+text, text, x.rule.Start[text])
		t.Starts = true
		responsible = x.starting(typ, &t) || responsible
		triggers[typ] = append(triggers[typ], t)
	}
	x.fault(responsible, ".employee", "must be a text in the data of an event that starts the deadline")
}

// stops adds the triggers that stop the deadline.
func (x *deadlineCheck) stops(triggers map[string][]DeadlineTrigger) {
	for _, text := range slices.Sorted(maps.Keys(x.rule.Stop)) {
		typ, t := x.trigger(".stop."+text, text, x.rule.Stop[text])
		x.fault(typ != LowScore, ".stop."+text, "must be a type of event; this one only starts deadlines")
		known, _ := Lookup(typ)
		t.employee, _ = memberOf(known, "employee", KindText)
		triggers[typ] = append(triggers[typ], t)
	}
}

// trigger reads one type of event with its conditions and the member that names what has to be done.
func (x *deadlineCheck) trigger(field, text, name string) (string, DeadlineTrigger) {
	typ, conditions, ok := parseTrigger(text)
	x.fault(ok, field, `must be under a type of event, which conditions such as "direction=out" may follow`)
	t := DeadlineTrigger{Deadline: x.name, Rule: x.rule, text: text, conditions: conditions}
	if typ == LowScore {
		x.fault(name == "" && len(conditions) == 0, field, `must be "", and has no conditions: the id is that of the answer`)
		return typ, t
	}
	known, _ := Lookup(typ)
	x.fault(known == nil || !known.Control, field, "must be under a type of event that is no control record")
	if name != "" {
		t.id, ok = memberOf(known, name, KindText)
		x.fault(ok, field, "must be a text in the data of the event, or \"\"")
	}
	for i := range conditions {
		c := &conditions[i]
		x.fault(c.resolve(known), field, "must have conditions on members that are texts, whole numbers or booleans, with values they can have")
	}
	return typ, t
}

// resolve looks the member of the condition up, and reports whether it can have the value.
func (c *condition) resolve(typ *Type) (ok bool) {
	name := c.member.name
	c.member, ok = memberOf(typ, name, KindText, KindBool, KindInt)
	if !ok || typ == nil {
		return ok
	}
	switch f := &typ.Fields[c.member.field]; f.Kind {
	case KindBool:
		return c.value == "true" || c.value == "false"
	case KindText:
		return len(f.OneOf) == 0 || slices.Contains(f.OneOf, c.value)
	default:
		return true
	}
}

// starting looks up what an event that starts the deadline says beside its id, and reports whether it names the employee.
func (x *deadlineCheck) starting(typ string, t *DeadlineTrigger) (employee bool) {
	r := x.rule
	known, _ := Lookup(typ)
	if typ == LowScore {
		x.fault(r.Due == "", ".due", "must be \"\" for a deadline that "+LowScore+" starts")
		return false
	}
	if r.Due != "" {
		var ok bool
		t.due, ok = memberOf(known, r.Due, KindInstant)
		x.fault(ok, ".due", "must be a time in the data of each event that starts the deadline")
	}
	if r.Employee != "" {
		t.employee, employee = memberOf(known, r.Employee, KindText)
	}
	return employee
}
