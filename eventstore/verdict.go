package eventstore

import "fmt"

// Verdict is what a record means to its stream. Every reader that judges the records of a stream in the order of the
// log reaches the same verdicts.
type Verdict uint8

// The verdicts. Only an accepted record counts in the stream's version.
const (
	// Accepted means that the record is part of the stream.
	Accepted Verdict = iota
	// Duplicate means that a record with the same id and the same content was accepted before.
	Duplicate
	// Conflict means that the record contradicts the stream; Reason says how.
	Conflict
	// Quarantined means that the record cannot be judged: it is malformed, or dated in the future. The caller decides
	// this before it asks a Stream.
	Quarantined
)

var verdictNames = [...]string{Accepted: "accepted", Duplicate: "duplicate", Conflict: "conflict", Quarantined: "quarantined"}

// String returns the name used in JSON and in metrics.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "unknown"
}

// MarshalText returns the name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a name.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdictNames {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("verdict must be one of accepted, duplicate, conflict, quarantined")
}

// Reason says why a record is a Conflict.
type Reason uint8

// The reasons. NoReason goes with every verdict but Conflict.
const (
	NoReason Reason = iota
	// IDReused means that a record with the same id and other content was accepted before.
	IDReused
	// VersionMismatch means that the record expected another version of the stream.
	VersionMismatch
)

var reasonNames = [...]string{NoReason: "", IDReused: "id reused", VersionMismatch: "version mismatch"}

// String returns the reason in words, empty for NoReason.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}
