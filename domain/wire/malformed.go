package wire

import (
	"errors"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// Rules that a malformed record breaks, as they stand in Malformed.Rule.
const (
	// RuleSyntax: the value is not JSON.
	RuleSyntax = "syntax"
	// RuleUTF8: text is not valid Unicode.
	RuleUTF8 = "utf8"
	// RuleDepth: objects and arrays are nested too deep.
	RuleDepth = "depth"
	// RuleRequired: an attribute that every event has is absent or empty.
	RuleRequired = "required"
	// RuleType: a value is of the wrong JSON type.
	RuleType = "type"
	// RuleFormat: text does not have the form it must have, for example that of a time.
	RuleFormat = "format"
	// RuleUnsupported: CloudEvents allows it, Rapport does not read it.
	RuleUnsupported = "unsupported"
	// RuleMismatch: two parts of the record contradict each other.
	RuleMismatch = "mismatch"
)

// Malformed says why a record is not an event. It never holds a part of the record, so it may be logged and shown.
type Malformed struct {
	// Pointer is the JSON pointer to the attribute in the event's JSON form, "" for the event as a whole. It is the
	// same in binary mode, where the attribute is a header.
	Pointer string
	// Rule is the rule that was broken, one of the Rule constants.
	Rule string
	// Message says in a sentence without a capital what must be the case.
	Message string
}

// Error returns the message and the attribute it is about.
func (m *Malformed) Error() string {
	if m.Pointer == "" {
		return "malformed event: " + m.Message
	}
	return "malformed event: " + m.Pointer + ": " + m.Message
}

// syntax turns an error of the JSON scanner into a Malformed.
func syntax(pointer string, err error) error {
	rule := RuleSyntax
	var e *jsonscan.SyntaxError
	if errors.As(err, &e) {
		switch e.Reason {
		case jsonscan.ReasonUTF8:
			rule = RuleUTF8
		case jsonscan.ReasonDepth:
			rule = RuleDepth
		}
	}
	return &Malformed{Pointer: pointer, Rule: rule, Message: err.Error()}
}
