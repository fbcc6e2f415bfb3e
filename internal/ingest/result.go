package ingest

import (
	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Status is what became of an event at the door.
type Status uint8

const (
	// Unknown means that the log did not acknowledge the event: it may or may not be in the log. Append it again with
	// the same id.
	Unknown Status = iota
	// Accepted means that the log has the event. Whether its stream takes it as accepted, as a duplicate or as a
	// conflict is decided when it is folded; Await waits for that.
	Accepted
	// Duplicate means that the same event came before in the same call or session and was appended once, or, when the
	// verdict says so, that its stream had taken it before.
	Duplicate
	// Invalid means that the event breaks rules. It is not in the log, or, when the verdict says so, it was set aside.
	Invalid
	// Conflict means that the log has the event and its stream did not take it. Only a verdict says so.
	Conflict
)

var statusNames = [...]string{Unknown: "unknown", Accepted: "accepted", Duplicate: "duplicate", Invalid: "invalid", Conflict: "conflict"}

// String returns the name used in JSON and in metrics.
func (s Status) String() string { return statusNames[s] }

// Result is what became of one event.
type Result struct {
	// ID is the id of the event and Stream its subject.
	ID, Stream string
	// Status is what became of it.
	Status Status
	// Position is where the event stands in the log, when Appended reports true.
	Position eventstore.Position
	// Problems are the rules that an event breaks which is Invalid or in Conflict; at least one.
	Problems []domain.Problem
	// Judged reports whether Status is the verdict of the stream.
	Judged bool
	// Version is the version of the stream after the event, once it is judged; 0 when it was set aside as invalid.
	Version int64
	// Reason says why the event is in Conflict.
	Reason eventstore.Reason
}

// Appended reports whether the log has the event.
func (r *Result) Appended() bool {
	return r.Status == Accepted || r.Status == Duplicate || r.Judged
}
