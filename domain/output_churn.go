package domain

// RiskContribution is one part of a score of churn risk.
type RiskContribution struct {
	// Factor is the name of the measure or signal, for example "silence".
	Factor string `json:"factor" rule:"required,id"`
	// Points is what it contributes to the score, negative when it speaks for the customer.
	Points float64 `json:"points" rule:"required"`
	// Evidence is the ids of the events behind it, the newest ones.
	Evidence []string `json:"evidence,omitempty"`
}

// ChurnWarningRaised says that the churn risk of a customer reached a level that calls for action, and that a warning was opened
// (CHN-07). There is one open warning of a customer at most.
type ChurnWarningRaised struct {
	// WarningID is the id of the warning, the same through its whole life.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Level is the level of the warning now.
	Level string `json:"level" rule:"required,oneof=watch high critical"`
	// Score is the score at that moment, 0 to 100.
	Score float64 `json:"score" rule:"required"`
	// Contributions are the parts of the score in the order of their names; they sum to it.
	Contributions []RiskContribution `json:"contributions,omitempty"`
	// Employee is the id of the employee to whom the warning is assigned, or who owns the customer.
	Employee string `json:"employee,omitzero" rule:"id"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// ChurnWarningEscalated says that the level of an open warning rose.
type ChurnWarningEscalated struct {
	// WarningID is the id of the warning, the same through its whole life.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Level is the level of the warning now.
	Level string `json:"level" rule:"required,oneof=watch high critical"`
	// Previous is the level before.
	Previous string `json:"previous_level" rule:"required,oneof=watch high critical"`
	// Score is the score at that moment, 0 to 100.
	Score float64 `json:"score" rule:"required"`
	// Contributions are the parts of the score in the order of their names; they sum to it.
	Contributions []RiskContribution `json:"contributions,omitempty"`
	// Employee is the id of the employee to whom the warning is assigned, or who owns the customer.
	Employee string `json:"employee,omitzero" rule:"id"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// ChurnWarningEased says that the level of an open warning fell and that it stays open.
type ChurnWarningEased struct {
	// WarningID is the id of the warning, the same through its whole life.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Level is the level of the warning now.
	Level string `json:"level" rule:"required,oneof=watch high critical"`
	// Previous is the level before.
	Previous string `json:"previous_level" rule:"required,oneof=watch high critical"`
	// Score is the score at that moment, 0 to 100.
	Score float64 `json:"score" rule:"required"`
	// Contributions are the parts of the score in the order of their names; they sum to it.
	Contributions []RiskContribution `json:"contributions,omitempty"`
	// Employee is the id of the employee to whom the warning is assigned, or who owns the customer.
	Employee string `json:"employee,omitzero" rule:"id"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// ChurnWarningUnanswered says that an open warning has waited for an answer so long that it concerns others now. It is told once
// for each step of the policy, while nobody has acknowledged the warning, taken it over or put it aside.
type ChurnWarningUnanswered struct {
	// WarningID is the id of the warning, the same through its whole life.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Step is the step of the policy that was taken, from 1.
	Step int64 `json:"step" rule:"required,min=1"`
	// For is the path of the organisation unit that the step is for: that of the customer, or one above it. It is absent when
	// the customer has none.
	For string `json:"for,omitzero" rule:"id"`
	// Since is from when on the warning has waited for an answer at the level that the step asks for.
	Since Instant `json:"since" rule:"required"`
	// Level is the level of the warning now.
	Level string `json:"level" rule:"required,oneof=watch high critical"`
	// Score is the score at that moment, 0 to 100.
	Score float64 `json:"score" rule:"required"`
	// Contributions are the parts of the score in the order of their names; they sum to it.
	Contributions []RiskContribution `json:"contributions,omitempty"`
	// RaisedAt is when the warning was raised.
	RaisedAt Instant `json:"raised_at" rule:"required"`
	// Employee is the id of the employee to whom the warning is assigned, or who owns the customer.
	Employee string `json:"employee,omitzero" rule:"id"`
	// At is when the time for an answer was over.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// ChurnWarningCleared says that an open warning ended.
type ChurnWarningCleared struct {
	// WarningID is the id of the warning, the same through its whole life.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Previous is the level before.
	Previous string `json:"previous_level" rule:"required,oneof=watch high critical"`
	// Score is the score at that moment, 0 to 100.
	Score float64 `json:"score" rule:"required"`
	// Reason is why it ended: "eased" when the risk fell, "dismissed" when a person found it groundless, "lost" when the
	// customer was reported lost, "loss_inferred" when silence says so, "ended" when the relationship ended.
	Reason string `json:"reason" rule:"required,oneof=eased dismissed lost loss_inferred ended"`
	// RaisedAt is when the warning was raised.
	RaisedAt Instant `json:"raised_at" rule:"required"`
	// Employee is the id of the employee to whom the warning is assigned, or who owns the customer.
	Employee string `json:"employee,omitzero" rule:"id"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// ChurnWarningWithdrawn says that the ground of an open warning was taken away: what it rested on was corrected, or the policy
// changed.
type ChurnWarningWithdrawn struct {
	// WarningID is the id of the warning, the same through its whole life.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Previous is the level before.
	Previous string `json:"previous_level" rule:"required,oneof=watch high critical"`
	// Reason is why it was withdrawn: "corrected" or "policy".
	Reason string `json:"reason" rule:"required,oneof=corrected policy"`
	// RaisedAt is when the warning was raised.
	RaisedAt Instant `json:"raised_at" rule:"required"`
	// Employee is the id of the employee to whom the warning is assigned, or who owns the customer.
	Employee string `json:"employee,omitzero" rule:"id"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// ChurnLossInferred says that a customer is taken for lost because of silence alone; nobody reported it (CHN-01).
type ChurnLossInferred struct {
	// LossID is the id of the loss.
	LossID string `json:"loss_id" rule:"required,id"`
	// SilentSince is when the silence began.
	SilentSince Instant `json:"silent_since" rule:"required"`
	// UsualGapDays is the usual gap between purchases in days.
	UsualGapDays float64 `json:"usual_gap_days" rule:"required"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// ChurnMassLoss says that in one month unusually many customers of an organisation unit were lost for the same cause and with
// the same product (CHN-10). Its stream is that of the unit.
type ChurnMassLoss struct {
	// Month is the month, as 2026-10.
	Month string `json:"month" rule:"required,id"`
	// Cause is the cause of the losses, empty when it was not determined.
	Cause string `json:"cause,omitzero" rule:"id"`
	// Product is what the customers had bought last, empty when it is not known.
	Product string `json:"product,omitzero" rule:"id"`
	// Losses is how many customers were lost.
	Losses int64 `json:"losses" rule:"required,min=1"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}
