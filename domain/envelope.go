package domain

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// Limits of the envelope of an event.
const (
	// MaxData is the greatest size of the data in bytes.
	MaxData = 64 << 10
	// MaxType is the greatest length of a type name in bytes.
	MaxType = 128
	// MaxSource is the greatest length of a URI reference in bytes.
	MaxSource = 1024
	// MaxExtensionName is the greatest length of the name of an extension attribute in bytes.
	MaxExtensionName = 20
)

// The years that events may speak of: from the start of 1900 to before the start of 2200.
const (
	minTime = unixEpoch - 25567*Day
	maxTime = unixEpoch + 84006*Day
)

// Validate checks the envelope of an event and that its data is a JSON object, whatever its type. It reports every
// problem with an *Invalid. The rules of the type's data are those of Decoder.Decode.
func Validate(ev *Event) error {
	problems := envelope(ev)
	if t, known := Lookup(ev.Type); !known || !t.Control {
		if p := reservedProblem(ev.Subject); p != nil {
			problems = append(problems, *p)
		}
	}
	if len(ev.Data) > 0 && len(ev.Data) <= MaxData {
		switch first := bytes.TrimLeft(ev.Data, " \n\t\r"); {
		case !jsonscan.Valid(ev.Data):
			problems = append(problems, Problem{"/data", RuleJSON, "must be JSON in valid UTF-8, nested at most 16 deep"})
		case first[0] != '{':
			problems = append(problems, Problem{"/data", RuleType, "must be an object"})
		}
	}
	if problems != nil {
		return &Invalid{Problems: problems}
	}
	return nil
}

// DecodeEvent checks the whole of an event and decodes its data: the envelope as Validate does, the kind of its
// stream, and the rules of its type. It returns the type and the data as Decode does; for a type outside the catalogue
// both are nil. Every problem is reported with one *Invalid.
func (d *Decoder) DecodeEvent(ev *Event) (*Type, any, error) {
	t, known := Lookup(ev.Type)
	if !known {
		return nil, nil, Validate(ev)
	}
	problems := envelope(ev)
	if p := t.subjectProblem(ev.Subject); p != nil {
		problems = append(problems, *p)
	}
	d.problems = nil
	var data any
	if len(ev.Data) <= MaxData {
		data = d.decode(t, ev.Data)
	}
	if problems = append(problems, d.problems...); problems != nil {
		return t, nil, &Invalid{Problems: problems}
	}
	return t, data, nil
}

// envelope returns the problems of everything but the inside of the data.
func envelope(ev *Event) []Problem {
	var e envelopeCheck
	e.attribute("id", ev.ID, MaxID, true)
	e.attribute("source", ev.Source, MaxSource, true)
	e.typeName(ev.Type)
	e.attribute("subject", ev.Subject, MaxID, true)
	e.time(ev.Time)
	e.attribute("actor", ev.Actor, MaxID, false)
	e.attribute("orgunit", ev.OrgUnit, MaxID, false)
	e.attribute("channel", ev.Channel, MaxID, false)
	e.attribute("causationid", ev.CausationID, MaxID, false)
	e.attribute("traceparent", ev.TraceParent, MaxID, false)
	e.attribute("dataschema", ev.DataSchema, MaxSource, false)
	e.extensions(ev.Extensions)
	if len(ev.Data) > MaxData {
		e.add("/data", RuleLength, "must have at most "+strconv.Itoa(MaxData)+" bytes")
	}
	return e.problems
}

type envelopeCheck struct{ problems []Problem }

func (e *envelopeCheck) add(pointer, rule, message string) {
	e.problems = append(e.problems, Problem{Pointer: pointer, Rule: rule, Message: message})
}

// attribute checks the text of the attribute of the given name. Lengths are in characters, as everywhere.
func (e *envelopeCheck) attribute(name, s string, limit int, required bool) {
	if s == "" {
		if required {
			e.add("/"+name, RuleRequired, "is required")
		}
		return
	}
	if len(s) <= limit && isPlainASCII(s) {
		return
	}
	if hasControl(s) {
		e.add("/"+name, RuleFormat, "must not contain control characters")
	}
	if !utf8.ValidString(s) {
		e.add("/"+name, RuleUTF8, "must be valid UTF-8")
	}
	if utf8.RuneCountInString(s) > limit {
		e.add("/"+name, RuleLength, "must have at most "+strconv.Itoa(limit)+" characters")
	}
}

// isPlainASCII reports whether s has nothing but the printing characters of ASCII.
func isPlainASCII(s string) bool {
	for i := range len(s) {
		if s[i]-' ' >= 0x7f-' ' {
			return false
		}
	}
	return true
}

// typeName checks that a type is at least two words of small letters, digits and underscores with dots between them,
// the first of which starts with a letter.
func (e *envelopeCheck) typeName(s string) {
	switch {
	case s == "":
		e.add("/type", RuleRequired, "is required")
	case len(s) > MaxType:
		e.add("/type", RuleLength, "must have at most "+strconv.Itoa(MaxType)+" characters")
	case !isTypeName(s):
		e.add("/type", RuleFormat, "must be small words with dots between them, for example purchase.recorded")
	}
}

func isTypeName(s string) bool {
	if s[0]-'a' >= 26 {
		return false
	}
	words, last := 1, byte('.')
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.':
			if last == '.' {
				return false
			}
			words++
		case c-'a' >= 26 && c-'0' >= 10 && c != '_':
			return false
		}
		last = c
	}
	return words > 1 && last != '.'
}

func (e *envelopeCheck) time(at Instant) {
	switch {
	case at.IsZero():
		e.add("/time", RuleRequired, "is required")
	case at < minTime:
		e.add("/time", RuleMin, "must not be before the year 1900")
	case at >= maxTime:
		e.add("/time", RuleMax, "must be before the year 2200")
	}
}

func (e *envelopeCheck) extensions(all []Extension) {
	for i := range all {
		if !isExtensionName(all[i].Name) {
			e.add("", RuleFormat, "must name extension attributes with 1 to 20 small letters and digits")
			continue
		}
		e.attribute(all[i].Name, all[i].Value, MaxText, false)
	}
}

func isExtensionName(s string) bool {
	if s == "" || len(s) > MaxExtensionName {
		return false
	}
	for i := range len(s) {
		if s[i]-'a' >= 26 && s[i]-'0' >= 10 {
			return false
		}
	}
	return true
}
