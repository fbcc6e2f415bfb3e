package jsonscan

import "strconv"

// Reason says in a few fixed words what is wrong with the input. It never holds a part of the input.
type Reason string

// Reasons that callers tell apart; the others all mean that the input is not JSON.
const (
	// ReasonDepth means that objects and arrays are nested deeper than Scanner.MaxDepth.
	ReasonDepth Reason = "nested too deep"
	// ReasonUTF8 means that a string is not valid UTF-8, or that it escapes half of a surrogate pair.
	ReasonUTF8 Reason = "string is not valid unicode"
)

const (
	reasonEnd      Reason = "unexpected end"
	reasonValue    Reason = "value expected"
	reasonObject   Reason = "object expected"
	reasonArray    Reason = "array expected"
	reasonString   Reason = "string expected"
	reasonKey      Reason = "key expected"
	reasonColon    Reason = "colon expected"
	reasonComma    Reason = "comma or closing bracket expected"
	reasonLiteral  Reason = "true, false or null expected"
	reasonNumber   Reason = "number expected"
	reasonControl  Reason = "control character in string"
	reasonEscape   Reason = "unknown escape in string"
	reasonTrailing Reason = "bytes after the value"
)

// SyntaxError says where and why the input cannot be read.
type SyntaxError struct {
	// Offset is the position of the offending byte, from 0.
	Offset int
	// Reason is what is wrong there.
	Reason Reason
}

// Error returns the reason and the offset.
func (e *SyntaxError) Error() string {
	return "json: " + string(e.Reason) + " at byte " + strconv.Itoa(e.Offset)
}

// Err returns the first error so far, a *SyntaxError, or nil.
func (s *Scanner) Err() error {
	if s.reason == "" {
		return nil
	}
	return &SyntaxError{Offset: s.depth, Reason: s.reason}
}

// fail keeps the first error and moves to the end of the input, so that every later read finds nothing. The depth is
// of no use any more and its field keeps the offset.
func (s *Scanner) fail(reason Reason) {
	if s.reason != "" {
		return
	}
	if s.pos >= len(s.src) {
		reason = reasonEnd
	}
	s.reason, s.depth = reason, s.pos
	s.src, s.pos, s.fresh = nil, 0, false
}

// failAt keeps the error with the offset at.
func (s *Scanner) failAt(at int, reason Reason) {
	if s.reason == "" {
		s.pos = at
		s.fail(reason)
	}
}
