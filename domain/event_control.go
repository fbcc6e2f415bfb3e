package domain

import "encoding/json"

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
	// WindowFrom is the start of the time the estimate rests on.
	WindowFrom Instant `json:"window_from,omitzero"`
	// WindowTo is the end of the time the estimate rests on.
	WindowTo Instant `json:"window_to,omitzero"`
	// N is the number of customers the estimate rests on.
	N int64 `json:"n,omitzero" rule:"min=0"`
	// LogLikelihood is the natural logarithm of the likelihood at the estimate.
	LogLikelihood float64 `json:"log_likelihood,omitzero"`
}
