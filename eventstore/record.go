package eventstore

import (
	"slices"
	"time"
)

// Header is one Kafka record header. It is an alias of an unnamed struct type, so a package that must not import this
// one can declare the same alias and exchange values with it.
type Header = struct {
	Key   string
	Value []byte
}

// Record is one record of the log. Append reads Key, Value and Headers; the log sets the rest.
type Record struct {
	// Key decides the partition. It must not be empty.
	Key []byte
	// Value is the payload; it may be empty.
	Value []byte
	// Headers are kept in the order given.
	Headers []Header
	// Partition and Offset are where the record stands.
	Partition int
	Offset    int64
	// RecordedAt is when the log took the record, in UTC with a resolution of one millisecond. A follower returns times
	// that never decrease within a partition: the greatest timestamp of the records it has read so far.
	RecordedAt time.Time
}

// size returns the number of bytes the record takes in a batch, at most.
func (r *Record) size() int {
	n := maxRecordOverhead + len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += 2*maxVarint32 + len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return n
}

// clone returns a copy of the record that shares no bytes with it.
func (r *Record) clone() Record {
	n := len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += len(r.Headers[i].Value)
	}
	arena := make([]byte, 0, n)
	keep := func(b []byte) []byte {
		if b == nil {
			return nil
		}
		start := len(arena)
		arena = append(arena, b...)
		return arena[start:len(arena):len(arena)]
	}
	c := *r
	c.Key, c.Value, c.Headers = keep(r.Key), keep(r.Value), slices.Clone(r.Headers)
	for i := range c.Headers {
		c.Headers[i].Value = keep(c.Headers[i].Value)
	}
	return c
}

// Position returns where the record stands in the log.
func (r *Record) Position() Position { return Position{Partition: r.Partition, Offset: r.Offset} }

// Appended is what became of one record of an Append.
type Appended struct {
	// Position is where the record stands. It has no meaning when Err is not nil.
	Position Position
	// RecordedAt is the timestamp the record carries.
	RecordedAt time.Time
	// Err is nil when the record was acknowledged. An error that is ErrUnknownOutcome means that the record may be in
	// the log; any other error means that it is not.
	Err error
}
