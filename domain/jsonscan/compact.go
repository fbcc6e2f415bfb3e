package jsonscan

import "bytes"

// Valid reports whether src is exactly one JSON value by the rules of this package, nested no deeper than
// DefaultMaxDepth.
func Valid(src []byte) bool {
	var s Scanner
	s.Reset(src)
	s.Skip()
	return s.End() == nil
}

// Compact appends the JSON value in src to dst without the white space between its tokens, and returns the longer
// slice. Unlike AppendCompact it checks src by the rules of this package, nested no deeper than DefaultMaxDepth; on an
// error, a *SyntaxError, it returns dst as it was.
func Compact(dst, src []byte) ([]byte, error) {
	var s Scanner
	s.Reset(src)
	s.Skip()
	if err := s.End(); err != nil {
		return dst, err
	}
	return AppendCompact(dst, src), nil
}

// AppendCompact appends src to dst without the white space between its tokens. It is for a src that is known to be
// JSON; of anything else it makes no better sense than before.
func AppendCompact(dst, src []byte) []byte {
	if !spaced(src) {
		return append(dst, src...)
	}
	solid := 0 // where the piece without white space starts
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case c == '"':
			i = endOfText(src, i+1)
		case isSpace(c):
			dst = append(dst, src[solid:i]...)
			solid = i + 1
		}
	}
	return append(dst, src[min(solid, len(src)):]...)
}

// spaced reports whether there may be white space in src.
func spaced(src []byte) bool {
	return bytes.IndexByte(src, ' ') >= 0 || bytes.IndexByte(src, '\n') >= 0 ||
		bytes.IndexByte(src, '\t') >= 0 || bytes.IndexByte(src, '\r') >= 0
}

// endOfText returns the index of the quote that ends the string which starts at i.
func endOfText(src []byte, i int) int {
	for {
		i, _ = plain(src, i, 0)
		if i >= len(src) || src[i] == '"' {
			return i
		}
		if src[i] == '\\' {
			i++
		}
		i++
	}
}
