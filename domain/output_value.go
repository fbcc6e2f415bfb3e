package domain

// ValueClassChanged says that a customer belongs to another class of value than before (SV-03).
type ValueClassChanged struct {
	// Class is the class now, for example "A", empty when there is none any more.
	Class string `json:"class,omitzero" rule:"id"`
	// Previous is the class before, empty when there was none.
	Previous string `json:"previous_class,omitzero" rule:"id"`
	// ValueMinor is the value of the customer by the measure of the policy, in minor units.
	ValueMinor int64 `json:"value_minor" rule:"required"`
	// Currency is that of the value.
	Currency string `json:"currency" rule:"required,id"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}
