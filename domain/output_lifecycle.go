package domain

// LifecycleStarted says that the life of a customer began (LC-01).
type LifecycleStarted struct {
	// To is the stage the customer is in now.
	To string `json:"to" rule:"required,oneof=prospect growth maturity decline termination"`
	// Reason is the rule that applied, for example "started".
	Reason string `json:"reason" rule:"required,id"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// LifecycleStageChanged says that a customer moved from one stage to another (LC-02).
type LifecycleStageChanged struct {
	// From is the stage the customer left.
	From string `json:"from" rule:"required,oneof=prospect growth maturity decline termination"`
	// To is the stage the customer is in now.
	To string `json:"to" rule:"required,oneof=prospect growth maturity decline termination"`
	// Reason is the rule that applied, for example "occasions_reached" or "silence".
	Reason string `json:"reason" rule:"required,id"`
	// WonBack is whether the customer came back from decline or termination.
	WonBack bool `json:"won_back,omitzero"`
	// DwellUS is how long the customer was in the stage that was left, in microseconds.
	DwellUS int64 `json:"dwell_us" rule:"required,min=0"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// LifecycleTerminated says that the life of a customer ended (LC-02). The customer can still be won back.
type LifecycleTerminated struct {
	// From is the stage the customer left.
	From string `json:"from" rule:"required,oneof=prospect growth maturity decline termination"`
	// Reason is the rule that applied, for example "relationship_ended" or "silence".
	Reason string `json:"reason" rule:"required,id"`
	// Inferred is whether nobody reported the end and silence alone stands for it.
	Inferred bool `json:"inferred,omitzero"`
	// DwellUS is how long the customer was in the stage that was left, in microseconds.
	DwellUS int64 `json:"dwell_us" rule:"required,min=0"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}
