package domain

import (
	"fmt"
	"time"
)

// Instant is a point in time in microseconds since 0001-01-01T00:00:00Z. The zero Instant means "never", as the zero
// time.Time does. Microseconds are what PostgreSQL keeps; a finer part of an event's time is cut off.
type Instant int64

// Lengths of time in the unit of Instant.
const (
	Microsecond Instant = 1
	Second              = 1_000_000 * Microsecond
	Minute              = 60 * Second
	Hour                = 60 * Minute
	Day                 = 24 * Hour
)

// unixEpoch is 1970-01-01T00:00:00Z as an Instant.
const unixEpoch = Instant(62135596800) * Second

// InstantOf returns the Instant of t.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return unixEpoch + Instant(t.Unix())*Second + Instant(t.Nanosecond()/1000)
}

// Unix returns the Instant of a Unix time given in microseconds.
func Unix(micros int64) Instant { return unixEpoch + Instant(micros) }

// UnixMicro returns the Unix time of i in microseconds.
func (i Instant) UnixMicro() int64 { return int64(i - unixEpoch) }

// IsZero reports whether i is "never".
func (i Instant) IsZero() bool { return i == 0 }

// Time returns i as a time.Time in UTC.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMicro(i.UnixMicro()).UTC()
}

// String returns i in RFC 3339, or "never".
func (i Instant) String() string {
	if i == 0 {
		return "never"
	}
	return i.Time().Format(time.RFC3339Nano)
}

// MarshalJSON writes i as an RFC 3339 string, or null for "never".
func (i Instant) MarshalJSON() ([]byte, error) {
	if i == 0 {
		return []byte("null"), nil
	}
	return i.Time().AppendFormat([]byte{'"'}, `2006-01-02T15:04:05.999999Z07:00"`), nil
}

// UnmarshalJSON reads an RFC 3339 string or null.
func (i *Instant) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*i = 0
		return nil
	}
	if len(b) < 2 || b[0] != '"' {
		return fmt.Errorf("time must be an RFC 3339 string")
	}
	v, err := ParseInstant(string(b[1 : len(b)-1]))
	if err != nil {
		return err
	}
	*i = v
	return nil
}

// ParseInstant reads an RFC 3339 time. Parts below a microsecond are cut off.
func ParseInstant(s string) (Instant, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("time must be RFC 3339, for example 2026-03-01T09:30:00Z")
	}
	return InstantOf(t), nil
}
