// Package jsonscan reads one JSON value from a byte slice without building a tree and, on the usual path, without
// allocating. The caller walks the value: it enters objects and arrays, asks for the next key or item, and reads or
// skips each value. Strings borrow from the input.
//
// The reader follows RFC 8259 strictly and three rules beyond it: text must be valid UTF-8, an escaped surrogate must
// be one of a pair, and objects and arrays may be nested at most Scanner.MaxDepth deep. Duplicate keys are handed to
// the caller one after the other.
package jsonscan

// DefaultMaxDepth is how deep objects and arrays may be nested when Scanner.MaxDepth is zero.
const DefaultMaxDepth = 16

// Kind says what sort of value comes next.
type Kind uint8

// The kinds of JSON value. Invalid is no value at all: the end of the input, a closing bracket, or a byte that starts
// nothing.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// Scanner walks one JSON value. Set it on its way with Reset, read, and ask End whether all was well:
//
//	s.Reset(src)
//	s.Object()
//	for key, ok := s.Key(); ok; key, ok = s.Key() {
//		switch {
//		case key == "name" && s.Kind() == jsonscan.String:
//			name = s.Text()
//		default:
//			s.Skip()
//		}
//	}
//	err := s.End()
//
// The first error sticks: from then on Key and Item report the end and every read returns a zero value, so a caller
// needs to look at the error only once. Reading a value as something that it is not is such an error too; a caller
// that wants to go on after a wrong type looks at Kind first and calls Skip. Each key and each item must be followed by
// exactly one read, Skip, Object or Array.
//
// What is read borrows from the input and is valid as long as the input is not changed. The zero Scanner is ready for
// Reset. A Scanner is for one goroutine.
type Scanner struct {
	// MaxDepth is how deep objects and arrays may be nested. Default: DefaultMaxDepth.
	MaxDepth int

	src    []byte
	pos    int
	depth  int
	fresh  bool // an object or array was entered and nothing of it was read
	reason Reason
}

// Reset points the scanner at the start of src and forgets any error.
func (s *Scanner) Reset(src []byte) {
	if s.MaxDepth == 0 {
		s.MaxDepth = DefaultMaxDepth
	}
	s.src, s.pos, s.depth, s.fresh, s.reason = src, 0, 0, false, ""
}

// Kind returns the kind of the value that comes next, without reading it. It looks at the first byte only.
func (s *Scanner) Kind() Kind {
	s.space()
	if s.pos >= len(s.src) {
		return Invalid
	}
	return kinds[s.src[s.pos]]
}

// kinds maps the first byte of a value to its kind.
var kinds = [256]Kind{
	'n': Null, 't': Bool, 'f': Bool, '"': String, '[': Array, '{': Object,
	'-': Number, '0': Number, '1': Number, '2': Number, '3': Number, '4': Number,
	'5': Number, '6': Number, '7': Number, '8': Number, '9': Number,
}

// Object enters the object that comes next; Key then reads its members.
func (s *Scanner) Object() { s.enter('{', reasonObject) }

// Array enters the array that comes next; Item then reads its items.
func (s *Scanner) Array() { s.enter('[', reasonArray) }

func (s *Scanner) enter(bracket byte, reason Reason) {
	s.space()
	if s.pos >= len(s.src) || s.src[s.pos] != bracket {
		s.fail(reason)
		return
	}
	if s.depth >= s.MaxDepth {
		s.fail(ReasonDepth)
		return
	}
	s.depth++
	s.pos++
	s.fresh = true
}

// Key reads the key of the next member, up to and including the colon. It returns false at the end of the object,
// which it leaves, and after an error.
func (s *Scanner) Key() (string, bool) {
	raw, escaped, ok := s.rawKey()
	if escaped {
		return s.unescape(raw), s.reason == ""
	}
	return borrow(raw), ok
}

// skipKey reads over the key of the next member as Key does.
func (s *Scanner) skipKey() bool {
	raw, escaped, ok := s.rawKey()
	if escaped {
		s.checkEscapes(raw)
		return s.reason == ""
	}
	return ok
}

// rawKey reads what stands between the quotes of the next key, the key's colon, and what precedes both.
func (s *Scanner) rawKey() (raw []byte, escaped, ok bool) {
	if !s.more('}') {
		return nil, false, false
	}
	i := skipSpace(s.src, s.pos)
	if i >= len(s.src) || s.src[i] != '"' {
		s.failAt(i, reasonKey)
		return nil, false, false
	}
	raw, escaped, i = s.quoted(i)
	if i = skipSpace(s.src, i); i >= len(s.src) || s.src[i] != ':' {
		s.failAt(i, reasonColon)
		return nil, false, false
	}
	s.pos = i + 1
	return raw, escaped, true
}

// Item reports whether another item comes. It returns false at the end of the array, which it leaves, and after an
// error.
func (s *Scanner) Item() bool { return s.more(']') }

// more steps over the comma before the next member or item, or over the closing bracket.
func (s *Scanner) more(closing byte) bool {
	i := skipSpace(s.src, s.pos)
	if i >= len(s.src) {
		s.failAt(i, reasonEnd)
		return false
	}
	switch c := s.src[i]; {
	case c == ',' && !s.fresh:
		s.pos = i + 1
		return true
	case c == closing:
		s.pos = i + 1
		s.depth--
		s.fresh = false
		return false
	case s.fresh:
		s.pos = i
		s.fresh = false
		return true
	}
	s.failAt(i, reasonComma)
	return false
}

// Bool reads true or false.
func (s *Scanner) Bool() bool {
	s.space()
	if s.pos < len(s.src) && s.src[s.pos] == 't' {
		return s.literal("true")
	}
	s.literal("false")
	return false
}

// Null reads null.
func (s *Scanner) Null() {
	s.space()
	s.literal("null")
}

func (s *Scanner) literal(word string) bool {
	if len(s.src)-s.pos < len(word) || string(s.src[s.pos:s.pos+len(word)]) != word {
		s.fail(reasonLiteral)
		return false
	}
	s.pos += len(word)
	return true
}

// Skip reads over the value that comes next, checks it in full, and returns its bytes as they stand in the input,
// without the white space around it. After an error it returns nil.
func (s *Scanner) Skip() []byte {
	s.space()
	start := s.pos
	switch s.Kind() {
	case String:
		s.skipText()
	case Number:
		s.number()
	case Object:
		s.Object()
		for s.skipKey() {
			s.Skip()
		}
	case Array:
		s.Array()
		for s.more(']') {
			s.Skip()
		}
	case Bool:
		s.Bool()
	case Null:
		s.Null()
	default:
		s.fail(reasonValue)
	}
	if s.reason != "" {
		return nil
	}
	return s.src[start:s.pos]
}

// End checks that nothing but white space follows and returns the first error of the walk, a *SyntaxError, or nil.
func (s *Scanner) End() error {
	s.space()
	if s.pos < len(s.src) {
		s.fail(reasonTrailing)
	}
	return s.Err()
}

// space moves to the next byte that is not white space.
func (s *Scanner) space() { s.pos = skipSpace(s.src, s.pos) }

// skipSpace returns the index of the first byte at or after i that is not white space.
func skipSpace(src []byte, i int) int {
	if i < len(src) && src[i] <= ' ' {
		return skipSpaces(src, i)
	}
	return i
}

// skipSpaces is the part of skipSpace that compact input does not need, apart so that the rest is inlined.
func skipSpaces(src []byte, i int) int {
	for i < len(src) && isSpace(src[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
