package stream

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-crm/rapport/eventstore"
)

// The text of a Cursor: a version, then for each topic its partitions.
const (
	cursorVersion  = "1"
	cursorTopic    = "-"
	cursorOffset   = "."
	cursorBase     = 36
	maxCursorBytes = 16 << 10
)

// ErrCursor means that a text is not an id of this stream, or that it tells of outputs which the topics do not have.
var ErrCursor = errors.New("not an id of this stream")

// Cursor says how much of each output topic a client has, in the order of the hub's topics. A topic past the end of the
// slice is not covered at all, as is a partition past the end of its Positions. The text form, which is the id of a
// Server-Sent Event, is "1-3k.0.2f-0-": the version of the form and, for each topic, the offset after the last output in
// each partition, in base 36. Partitions at the end that cover nothing are left out. Any Cursor with the version alone,
// "1", covers nothing.
type Cursor []eventstore.Positions

// ParseCursor returns the Cursor whose text form is s. The error is ErrCursor.
func ParseCursor(s string) (Cursor, error) {
	parts := strings.Split(s, cursorTopic)
	if len(s) > maxCursorBytes || parts[0] != cursorVersion {
		return nil, ErrCursor
	}
	c := make(Cursor, 0, len(parts)-1)
	for _, part := range parts[1:] {
		var covered eventstore.Positions
		for number := range strings.SplitSeq(part, cursorOffset) {
			if part == "" {
				break
			}
			next, err := strconv.ParseUint(number, cursorBase, 63)
			if err != nil {
				return nil, fmt.Errorf("%w: topic %d, partition %d is no offset", ErrCursor, len(c), len(covered))
			}
			covered = append(covered, int64(next))
		}
		c = append(c, covered)
	}
	return c, nil
}

// String returns the text form.
func (c Cursor) String() string { return string(c.append(nil)) }

// append appends the text form to dst.
func (c Cursor) append(dst []byte) []byte {
	dst = append(dst, cursorVersion...)
	for _, covered := range c {
		dst = append(dst, cursorTopic...)
		last := len(covered)
		for last > 0 && covered[last-1] == 0 {
			last--
		}
		for p, next := range covered[:last] {
			if p > 0 {
				dst = append(dst, cursorOffset...)
			}
			dst = strconv.AppendInt(dst, next, cursorBase)
		}
	}
	return dst
}

// clone returns a copy that shares nothing with c.
func (c Cursor) clone() Cursor {
	d := make(Cursor, len(c))
	for t := range c {
		d[t] = c[t].Clone()
	}
	return d
}

// reached reports whether c covers everything that other covers.
func (c Cursor) reached(other Cursor) bool {
	for t := range other {
		var covered eventstore.Positions
		if t < len(c) {
			covered = c[t]
		}
		if !covered.Reached(other[t]) {
			return false
		}
	}
	return true
}

// like returns a copy of c with as many topics and partitions as shape has, and false when c covers something else.
func (c Cursor) like(shape Cursor) (Cursor, bool) {
	d := make(Cursor, len(shape))
	for t := range shape {
		d[t] = make(eventstore.Positions, len(shape[t]))
		if t < len(c) {
			copy(d[t], c[t])
		}
	}
	return d, d.reached(c)
}

// max returns a new Cursor that covers what c or other covers.
func (c Cursor) max(other Cursor) Cursor {
	d := slices.Clone(c)
	for t := range d {
		d[t] = c[t].Max(other[t])
	}
	return d
}
