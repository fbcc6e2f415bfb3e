package domain

import (
	"strconv"
	"strings"
)

// The rules that an event can break. The names are stable: programs may compare them.
const (
	// RuleRequired means that a member or attribute is missing.
	RuleRequired = "required"
	// RuleType means that a value is of another JSON type, or a number that cannot be held exactly.
	RuleType = "type"
	// RuleMin means that a number is too small.
	RuleMin = "min"
	// RuleMax means that a number is too large.
	RuleMax = "max"
	// RuleOneOf means that a value is not in a closed list.
	RuleOneOf = "oneof"
	// RuleFormat means that a text does not have the form it must have.
	RuleFormat = "format"
	// RuleLength means that a text is empty or too long.
	RuleLength = "length"
	// RuleExactlyOne means that none or several of a set of alternatives are present.
	RuleExactlyOne = "exactly_one"
	// RuleUTF8 means that a text is not valid UTF-8.
	RuleUTF8 = "utf8"
	// RuleNUL means that a text holds a NUL character.
	RuleNUL = "nul"
	// RuleUnique means that something is given again that can be given only once.
	RuleUnique = "unique"
	// RuleReserved means that a name belongs to the engine.
	RuleReserved = "reserved"
	// RuleJSON means that the data is not JSON, or is nested too deep.
	RuleJSON = "json"
)

// Problem is one rule that an event breaks.
type Problem struct {
	// Pointer is the JSON pointer (RFC 6901) of the place within the event, for example "/data/amount/minor".
	Pointer string `json:"pointer"`
	// Rule is the rule that is broken, one of the Rule constants.
	Rule string `json:"rule"`
	// Message says in English what must hold. It never contains the value that was found, which may be personal.
	Message string `json:"message"`
}

// Invalid is the error of an event that breaks rules of its envelope or of its type.
type Invalid struct {
	// Problems are all the rules that are broken, in the order in which they were found; at least one.
	Problems []Problem
}

// Error lists the problems.
func (e *Invalid) Error() string {
	var b strings.Builder
	b.WriteString("invalid event: ")
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.Pointer)
		b.WriteByte(' ')
		b.WriteString(p.Message)
	}
	return b.String()
}

// pathStep is one step of a JSON pointer: a member name, or an index when name is empty and index is not negative.
type pathStep struct {
	name  string
	index int
}

// pointer returns the JSON pointer of a path below /data.
func pointer(path []pathStep) string {
	var b strings.Builder
	b.WriteString("/data")
	for _, s := range path {
		b.WriteByte('/')
		if s.index >= 0 {
			b.WriteString(strconv.Itoa(s.index))
			continue
		}
		b.WriteString(pointerEscapes.Replace(s.name))
	}
	return b.String()
}
