package domain

import "encoding/json"

// EventRetracted says that an earlier event of the same stream never happened (AN-01, AN-07).
type EventRetracted struct {
	// Target is the id of the event that is taken back.
	Target string `json:"target" rule:"required,id"`
	// Reason is why it is taken back.
	Reason string `json:"reason" rule:"required" personal:"true"`
}

// EventCorrected says that an earlier event of the same stream carried wrong data (AN-01, AN-07).
type EventCorrected struct {
	// Target is the id of the event that is corrected.
	Target string `json:"target" rule:"required,id"`
	// Data is the whole data the event should have carried; it follows the rules of the target's type.
	Data json.RawMessage `json:"data" rule:"required,object" personal:"true"`
	// Reason is what was wrong.
	Reason string `json:"reason,omitzero" personal:"true"`
}
