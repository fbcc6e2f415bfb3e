package domain

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// SignalAction says what an event does to a signal.
type SignalAction uint8

// What an event does: it takes points away that were held, lets them fade, or counts points.
const (
	SignalClears SignalAction = iota
	SignalSettles
	SignalCounts
)

// SignalTrigger is what an event of one type means to one signal. It is made by ParsePolicy, never changed, and may be
// shared. What its methods return borrows from the event.
type SignalTrigger struct {
	// Signal is the name of the signal, Rule its rule. The rule is shared.
	Signal string
	Rule   *SignalRule
	Action SignalAction
	// Points are what the event counts; Held says that they do not fade until they are settled.
	Points Centipoints
	Held   bool

	text       string // as the document has it
	conditions []condition
	about      member
}

// Matches reports whether the event fulfils the conditions. data is the struct of its type, nil when there is none.
func (t *SignalTrigger) Matches(e *Event, data any) bool {
	for i := range t.conditions {
		if c := &t.conditions[i]; c.member.text(e, data) != c.value {
			return false
		}
	}
	return true
}

// About returns what the event is about, empty when it does not say.
func (t *SignalTrigger) About(e *Event, data any) string {
	if about := t.about.text(e, data); validID(about) {
		return about
	}
	return ""
}

// All reports whether the event is about everything that the signal holds.
func (t *SignalTrigger) All() bool { return t.about.name == "" }

// NamesComplaint reports whether what the event is about is a complaint.
func (t *SignalTrigger) NamesComplaint() bool { return t.about.name == complaintMember }

// SettledAsWhole reports whether there are events that settle, or clear, everything that the signal holds.
func (r *SignalRule) SettledAsWhole() bool {
	for _, types := range []map[string]string{r.Settles, r.Clears} {
		for _, about := range types {
			if about == "" {
				return true
			}
		}
	}
	return false
}

// SignalsOn returns what an event, or a derived event, of the given type means to the signals of the policy: in the order
// of the names of the signals and of the actions, those with more conditions first. The slice is shared.
func (p *Policy) SignalsOn(eventType string) []SignalTrigger { return p.signals[eventType] }

// checkSignals reports every value of the signals that is wrong, and finds out which types of events concern them.
func (p *Policy) checkSignals(fault func(ok bool, field, rule string)) {
	p.signals = make(map[string][]SignalTrigger)
	for _, name := range slices.Sorted(maps.Keys(p.Risk.Signals)) {
		rule := p.Risk.Signals[name]
		x := signalCheck{name: name, rule: &rule, fault: func(ok bool, field, text string) {
			fault(ok, "risk.signals."+name+field, text)
		}}
		for typ, list := range x.check() {
			if !rule.Off {
				p.signals[typ] = append(p.signals[typ], list...)
			}
		}
	}
	for _, list := range p.signals {
		slices.SortFunc(list, func(a, b SignalTrigger) int {
			return cmp.Or(strings.Compare(a.Signal, b.Signal), cmp.Compare(a.Action, b.Action),
				cmp.Compare(len(b.conditions), len(a.conditions)), strings.Compare(a.text, b.text))
		})
	}
}

// signalCheck checks one signal.
type signalCheck struct {
	name     string
	rule     *SignalRule
	fault    func(ok bool, field, rule string)
	triggers map[string][]SignalTrigger
}

func (x *signalCheck) check() map[string][]SignalTrigger {
	r := x.rule
	x.triggers = make(map[string][]SignalTrigger)
	x.fault(validID(x.name) && len(x.name) <= maxDeadlineName && measureNames[x.name] == "", "",
		"must have a name of 1 to 64 characters that is not that of a measure")
	x.fault(hundredths(r.Most, 0.01, 100), ".most", "must be between 0.01 and 100 in steps of 0.01")
	x.fault(r.HalfLife >= time.Hour && r.HalfLife <= longestDeadline, ".half_life", "must be between 1h and 87600h")
	x.fault(len(r.Code) <= 16, ".code", "must have at most 16 characters")
	x.fault(r.Off || len(r.Points) > 0, ".points", "must name a type of event")
	x.fault(len(r.Holds) == 0 || len(r.Settles)+len(r.Clears) > 0, ".holds", "must come with settles or clears, or the points never fade")
	for _, text := range slices.Sorted(maps.Keys(r.Points)) {
		points := r.Points[text]
		field := ".points." + text
		x.fault(hundredths(math.Abs(points), 0.01, 100), field, "must be between 0.01 and 100 points, or as many less than 0, in steps of 0.01")
		typ, _, _ := parseTrigger(text)
		about, held := r.Holds[typ]
		x.add(field, text, SignalTrigger{Action: SignalCounts, Points: PointsOf(points), Held: held}, about)
	}
	x.abouts(".settles", SignalSettles, r.Settles)
	x.abouts(".clears", SignalClears, r.Clears)
	return x.triggers
}

// checkNew reports what a document that is about to be put in force must not have; see ParseNewPolicy.
func (r *SignalRule) checkNew(name string, fault func(ok bool, field, rule string)) {
	field := "risk.signals." + name
	fault(!slices.Contains(otherParts, name), field, "must have a name that is not base or limit")
	counted := make(map[string]bool)
	for text := range r.Points {
		typ, _, _ := parseTrigger(text)
		counted[typ] = true
	}
	for _, typ := range slices.Sorted(maps.Keys(r.Holds)) {
		fault(counted[typ], field+".holds."+typ, "must be a type of event that is in points")
	}
}

// otherParts are names of parts of a score that are no signals: what the mean customer has, and what keeps the score within
// its bounds.
var otherParts = []string{"base", "limit"}

// abouts adds the triggers of settles or clears.
func (x *signalCheck) abouts(field string, action SignalAction, types map[string]string) {
	for _, text := range slices.Sorted(maps.Keys(types)) {
		x.add(field+"."+text, text, SignalTrigger{Action: action}, types[text])
	}
}

// add looks the members up that a trigger reads, and adds it.
func (x *signalCheck) add(field, text string, t SignalTrigger, about string) {
	typ, conditions, ok := parseTrigger(text)
	x.fault(ok, field, `must be under a type of event, which conditions such as "attitude=favourable" may follow`)
	known := lookupAny(typ)
	x.fault(known == nil || !known.Control, field, "must be under a type of event that is no control record")
	_, output := LookupOutput(typ)
	x.fault(!output || slices.Contains(derivedSignals, typ), field, "must not be under a derived event other than "+strings.Join(derivedSignals, ", "))
	t.Signal, t.Rule, t.text, t.conditions = x.name, x.rule, text, conditions
	if about != "" {
		t.about, ok = memberOf(known, about, KindText)
		x.fault(ok, field, "must name a text in the data of the event")
	}
	for i := range conditions {
		x.fault(conditions[i].resolve(known), field, "must have conditions on members that are texts, whole numbers or booleans, with values they can have")
	}
	x.triggers[typ] = append(x.triggers[typ], t)
}

// derivedSignals are the types of derived events that can be signals.
var derivedSignals = []string{
	"service.deadline_near", "service.deadline_missed", "contact.collision", LowScore, "satisfaction.dropped", "satisfaction.recovered",
}

// lookupAny returns the type of event or of derived event of the given name, nil when there is none.
func lookupAny(name string) *Type {
	if t, ok := Lookup(name); ok {
		return t
	}
	if o, ok := LookupOutput(name); ok {
		return o.Type
	}
	return nil
}

// hundredths reports whether f lies between low and high in steps of 0.01.
func hundredths(f, low, high float64) bool {
	return f >= low && f <= high && math.Abs(f*100-math.Round(f*100)) < 1e-6
}
