package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Text reads a string. The result borrows from the input, or is a copy when the string holds escapes.
func (s *Scanner) Text() string {
	raw, escaped := s.rawText()
	if escaped {
		return s.unescape(raw)
	}
	return borrow(raw)
}

// skipText reads over a string, checking it as Text does.
func (s *Scanner) skipText() {
	if raw, escaped := s.rawText(); escaped {
		s.checkEscapes(raw)
	}
}

// rawText reads a string and returns what stands between the quotes, and whether there is a backslash in it. What
// follows a backslash is not checked yet.
func (s *Scanner) rawText() (raw []byte, escaped bool) {
	i := skipSpace(s.src, s.pos)
	if i >= len(s.src) || s.src[i] != '"' {
		s.failAt(i, reasonString)
		return nil, false
	}
	raw, escaped, s.pos = s.quoted(i)
	return raw, escaped
}

// quoted is rawText for the string whose first quote is at src[i]. It returns the index after the last quote and leaves
// s.pos alone, unless there is an error.
func (s *Scanner) quoted(i int) (raw []byte, escaped bool, next int) {
	src := s.src
	start := i + 1
	end := start
	for ; len(src)-end >= 8; end += 8 {
		w := binary.LittleEndian.Uint64(src[end:])
		// A byte is marked when it ends a run of simple text: a quote, a backslash, a control character, or beyond
		// ASCII. The lowest mark is true, because a subtraction borrows only from bytes above a marked one.
		mark := (((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones) | (w - ' '*ones) | w) & high
		if mark != 0 {
			end += bits.TrailingZeros64(mark) / 8
			break
		}
	}
	if end < len(src) && src[end] == '"' {
		return src[start:end], false, end + 1
	}
	return s.quotedAny(start, end)
}

// quotedAny is quoted for any text, which starts at src[start]; what precedes src[i] is known to be simple.
func (s *Scanner) quotedAny(start, i int) (raw []byte, escaped bool, next int) {
	end, seen := plain(s.src, i, 0)
	for end < len(s.src) && s.src[end] == '\\' {
		escaped = true
		end, seen = plain(s.src, end+2, seen)
	}
	switch {
	case end >= len(s.src):
		s.failAt(len(s.src), reasonEnd)
	case s.src[end] != '"':
		s.failAt(end, reasonControl)
	case seen&high != 0 && !utf8.Valid(s.src[start:end]):
		s.failAt(start-1, ReasonUTF8)
	default:
		return s.src[start:end], escaped, end + 1
	}
	return nil, false, 0
}

// Masks for looking at eight bytes at once.
const (
	ones = 0x0101010101010101
	high = 0x80 * ones
)

// plain returns the index of the first quote, backslash or control character at or after i, or a number not below
// len(src). It adds the bits of all bytes it passes to seen, which tells whether any of them is beyond ASCII.
//
// In each word the lowest marked byte is a true hit: a subtraction borrows only from bytes above a hit.
func plain(src []byte, i int, seen uint64) (int, uint64) {
	for ; len(src)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(src[i:])
		quote, slash := w^'"'*ones, w^'\\'*ones
		hit := ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w) & high
		if hit != 0 {
			at := bits.TrailingZeros64(hit) &^ 7
			return i + at/8, seen | w&(1<<(at&63)-1)
		}
		seen |= w
	}
	for ; i < len(src); i++ {
		c := src[i]
		if c == '"' || c == '\\' || c < ' ' {
			break
		}
		seen |= uint64(c)
	}
	return i, seen
}

// unescape returns a copy of raw with the escapes replaced.
func (s *Scanner) unescape(raw []byte) string {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			i++
			continue
		}
		r, n := escape(raw[i:])
		if n == 0 {
			s.failEscape(raw[i:], r)
			return ""
		}
		out = utf8.AppendRune(out, r)
		i += n
	}
	return borrow(out)
}

// checkEscapes fails as unescape does, without making a copy.
func (s *Scanner) checkEscapes(raw []byte) {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			i++
			continue
		}
		r, n := escape(raw[i:])
		if n == 0 {
			s.failEscape(raw[i:], r)
			return
		}
		i += n
	}
}

// failEscape reports the escape at the start of raw, a part of the input, which escape refused with r.
func (s *Scanner) failEscape(raw []byte, r rune) {
	at := cap(s.src) - cap(raw) // both slices end where the array they share ends
	if r == utf8.RuneError {
		s.failAt(at, ReasonUTF8)
		return
	}
	s.failAt(at, reasonEscape)
}

// escape decodes the escape at the start of b and returns its rune and its length. The length is 0 when there is no
// such escape, and the rune is then utf8.RuneError if it is half of a surrogate pair.
func escape(b []byte) (rune, int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	r, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	low, ok := hex4(b[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return utf8.RuneError, 0
	}
	return r, 12
}

// hex4 reads \uXXXX at the start of b.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
