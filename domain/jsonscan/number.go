package jsonscan

import (
	"math"
	"strconv"
	"unsafe"
)

// Int reads a number as an integer. It returns false, having read over the number, when the value has a fraction or
// does not fit. A literal with a point or an exponent counts by its value, so 2.0 and 2e3 are integers, as JSON Schema
// has it; beyond ±2⁵³ only plain digits do, because such a literal is no longer exact.
func (s *Scanner) Int() (int64, bool) {
	raw, whole := s.number()
	if len(raw) == 0 {
		return 0, false
	}
	if whole {
		return parseInt(raw)
	}
	f, err := strconv.ParseFloat(borrow(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Float reads a number as the nearest float64. It returns false, having read over the number, when the value is
// beyond the range of float64.
func (s *Scanner) Float() (float64, bool) {
	raw, _ := s.number()
	if len(raw) == 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(borrow(raw), 64)
	if err != nil {
		return 0, false
	}
	return f, true
}

// number reads over a number and returns its literal, and whether that is a plain integer.
func (s *Scanner) number() (raw []byte, whole bool) {
	s.space()
	src, start := s.src, s.pos
	i := start
	if i < len(src) && src[i] == '-' {
		i++
	}
	first := i
	i = digits(src, i)
	if i == first || i > first+1 && src[first] == '0' {
		return s.failNumber(first)
	}
	whole = true
	if i < len(src) && src[i] == '.' {
		whole = false
		point := i + 1
		if i = digits(src, point); i == point {
			return s.failNumber(i)
		}
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		whole = false
		i++
		if i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		exponent := i
		if i = digits(src, exponent); i == exponent {
			return s.failNumber(i)
		}
	}
	s.pos = i
	return src[start:i], whole
}

func (s *Scanner) failNumber(at int) ([]byte, bool) {
	s.pos = at
	s.fail(reasonNumber)
	return nil, false
}

// digits returns the index of the first byte at or after i that is not a digit.
func digits(src []byte, i int) int {
	for i < len(src) && src[i]-'0' <= 9 {
		i++
	}
	return i
}

// parseInt returns the value of a plain integer literal, and false when it is out of range.
func parseInt(raw []byte) (int64, bool) {
	if len(raw) > 18 {
		n, err := strconv.ParseInt(borrow(raw), 10, 64)
		if err != nil {
			return 0, false
		}
		return n, true
	}
	negative := raw[0] == '-'
	if negative {
		raw = raw[1:]
	}
	var n int64
	for _, c := range raw {
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// borrow returns b as a string without copying; b must not change while the string is in use.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
