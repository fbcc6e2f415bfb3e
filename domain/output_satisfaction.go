package domain

// SatisfactionLowScore says that a customer answered a questionnaire with a score that calls for a recovery (SAT-24).
type SatisfactionLowScore struct {
	// Questionnaire is the name of the questionnaire.
	Questionnaire string `json:"questionnaire" rule:"required,id"`
	// Source is who asked.
	Source SurveySource `json:"source" rule:"required"`
	// Items is the ids of the items with a low score, in the order in which they were answered.
	Items []string `json:"items" rule:"required"`
	// Index is the index of the answer in thousandths of a point; absent when the questionnaire has none.
	Index *int64 `json:"index_thousandths,omitzero"`
	// Of is the id of what the survey is about, when it was given.
	Of string `json:"of,omitzero" rule:"id"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// SatisfactionDropped says that a customer answered a questionnaire with a much lower index than the time before.
type SatisfactionDropped struct {
	// Questionnaire is the name of the questionnaire.
	Questionnaire string `json:"questionnaire" rule:"required,id"`
	// Source is who asked.
	Source SurveySource `json:"source" rule:"required"`
	// Index is the index of the answer in thousandths of a point.
	Index int64 `json:"index_thousandths" rule:"required"`
	// Before is the index of the answer before it in thousandths of a point.
	Before int64 `json:"before_thousandths" rule:"required"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// SatisfactionRecovered says that a customer whose answer had a low score answered again without one.
type SatisfactionRecovered struct {
	// Questionnaire is the name of the questionnaire.
	Questionnaire string `json:"questionnaire" rule:"required,id"`
	// Source is who asked.
	Source SurveySource `json:"source" rule:"required"`
	// Index is the index of the answer in thousandths of a point; absent when the questionnaire has none.
	Index *int64 `json:"index_thousandths,omitzero"`
	// Before is the index of the answer before it; absent when the questionnaire has none.
	Before *int64 `json:"before_thousandths,omitzero"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}
