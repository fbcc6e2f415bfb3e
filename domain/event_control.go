package domain

import "encoding/json"

// Control records are the engine's own. They stand under a key of their own in every partition, apart from customers.
const (
	// ReservedPrefix begins the subjects that only the engine may use.
	ReservedPrefix = "rapport:"
	// ControlSubject is the subject, and the key, of every control record.
	ControlSubject = ReservedPrefix + "control"
)

// ClockTicked says that the engine's time reached an instant, so that what was due by then fires. The engine appends
// it to every partition.
type ClockTicked struct {
	// At is the instant that was reached.
	At Instant `json:"at" rule:"required"`
}

// PolicyPublished says that a version of the policy is in force from here on in this partition. The engine appends
// it to every partition.
type PolicyPublished struct {
	// Version is the version of the policy.
	Version string `json:"version" rule:"required,id"`
	// Document is the policy as YAML.
	Document string `json:"document" rule:"required,len=65536"`
}

// ModelFitted says that the parameters of a model were estimated from the log and are in force from here on in this
// partition.
type ModelFitted struct {
	// Model is the name of the model, for example "mbg_nbd".
	Model string `json:"model" rule:"required,id"`
	// Parameters are the estimates, a number for each name.
	Parameters json.RawMessage `json:"parameters,omitempty" rule:"numbers"`
	// Currency is that of the amounts the estimate rests on, for a model of spend.
	Currency string `json:"currency,omitzero" rule:"id"`
	// Measure is what the customers were ranked by, for classes of value: purchases, revenue or profit.
	Measure string `json:"measure,omitzero" rule:"id"`
	// WindowFrom is the start of the time the estimate rests on.
	WindowFrom Instant `json:"window_from,omitzero"`
	// WindowTo is the end of the time the estimate rests on.
	WindowTo Instant `json:"window_to,omitzero"`
	// N is the number of customers the estimate rests on.
	N int64 `json:"n,omitzero" rule:"min=0"`
	// LogLikelihood is the natural logarithm of the likelihood at the estimate.
	LogLikelihood float64 `json:"log_likelihood,omitzero"`
}

// QuarantineRedriven says that a record of this partition that was set aside has been appended again, as another record,
// and needs no more attention.
type QuarantineRedriven struct {
	// Partition is the partition of the record that was set aside.
	Partition int64 `json:"partition" rule:"required,min=0"`
	// Offset is the offset of the record that was set aside.
	Offset int64 `json:"offset" rule:"required,min=0"`
	// Position is where the new record stands, as partition:offset.
	Position string `json:"position,omitzero" rule:"id"`
}

// QuarantineDiscarded says that a person decided to leave out a record of this partition that was set aside.
type QuarantineDiscarded struct {
	// Partition is the partition of the record that was set aside.
	Partition int64 `json:"partition" rule:"required,min=0"`
	// Offset is the offset of the record that was set aside.
	Offset int64 `json:"offset" rule:"required,min=0"`
	// Reason is why it is left out.
	Reason string `json:"reason" rule:"required" personal:"true"`
}

// StreamRedriven says that the records that queue behind a parked stream are to be folded now. A stream is parked when
// the fold of one of its records broke down.
type StreamRedriven struct {
	// Stream is the id of the parked stream.
	Stream string `json:"stream" rule:"required,id"`
}
