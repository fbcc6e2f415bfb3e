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
	// conflict is decided when it is folded.
	Accepted
	// Duplicate means that the same event came before in the same call or session; it was appended once.
	Duplicate
	// Invalid means that the event breaks rules and is not in the log.
	Invalid
)

var statusNames = [...]string{Unknown: "unknown", Accepted: "accepted", Duplicate: "duplicate", Invalid: "invalid"}

// String returns the name used in JSON and in metrics.
func (s Status) String() string { return statusNames[s] }

// Result is what became of one event.
type Result struct {
	// ID is the id of the event.
	ID string
	// Status is what became of it.
	Status Status
	// Position is where the event stands in the log, for Accepted and Duplicate.
	Position eventstore.Position
	// Problems are the rules that an Invalid event breaks; at least one.
	Problems []domain.Problem
}
