package domain

// SurveySource says who asked the questions (SAT-05, SAT-06).
type SurveySource string

// The sources: the firm itself, or a third party. Their results are never averaged together.
const (
	SurveyInternal SurveySource = "internal"
	SurveyExternal SurveySource = "external"
)

func (SurveySource) values() []string {
	return []string{string(SurveyInternal), string(SurveyExternal)}
}

// SurveyMode says how the questions were asked (SAT-09).
type SurveyMode string

// The modes of a survey. CATI is a computer-assisted telephone interview.
const (
	SurveyPhone      SurveyMode = "phone"
	SurveyFaceToFace SurveyMode = "face_to_face"
	SurveyCATI       SurveyMode = "cati"
	SurveyWeb        SurveyMode = "web"
)

func (SurveyMode) values() []string {
	return []string{string(SurveyPhone), string(SurveyFaceToFace), string(SurveyCATI), string(SurveyWeb)}
}

// SurveyInvited says that the customer was asked to take part in a survey (SAT-06).
type SurveyInvited struct {
	// SurveyID is the id of the invitation.
	SurveyID string `json:"survey_id" rule:"required,id"`
	// Questionnaire is the name of the questionnaire in the policy.
	Questionnaire string `json:"questionnaire" rule:"required,id"`
	// Source is who asks.
	Source SurveySource `json:"source,omitzero"`
	// ExpiresAt is when the invitation lapses.
	ExpiresAt Instant `json:"expires_at,omitzero"`
}

// Answer is the answer to one item of a questionnaire. Exactly one of score, yes, text, refused and not_applicable is
// present, and refused and not_applicable are only ever true: neither is a low score (SAT-07).
type Answer struct {
	// Item is the name of the item in the questionnaire.
	Item string `json:"item" rule:"required,id"`
	// Score is the score; the scale is that of the item.
	Score *int64 `json:"score,omitzero" rule:"min=0,max=10,choice"`
	// Yes says whether the customer answered yes.
	Yes *bool `json:"yes,omitzero" rule:"choice"`
	// Text is the answer in the customer's words.
	Text *string `json:"text,omitzero" rule:"choice" personal:"true"`
	// Refused says that the customer did not want to answer the item.
	Refused bool `json:"refused,omitzero" rule:"choice,true"`
	// NotApplicable says that the item does not apply to the customer.
	NotApplicable bool `json:"not_applicable,omitzero" rule:"choice,true"`
}

// SurveyAnswered says that the customer answered a questionnaire (SAT-05, SAT-06, SAT-15, SAT-16).
type SurveyAnswered struct {
	// Questionnaire is the name of the questionnaire in the policy.
	Questionnaire string `json:"questionnaire" rule:"required,id"`
	// Source is who asked.
	Source SurveySource `json:"source" rule:"required"`
	// Mode is how the questions were asked.
	Mode SurveyMode `json:"mode,omitzero"`
	// Employees are the ids of the employees the answers are about, by role, for example "receptionist" (SAT-12).
	Employees map[string]string `json:"employees,omitempty" rule:"id"`
	// Answers are the answers, one for each item.
	Answers []Answer `json:"answers" rule:"required"`
	// SurveyID is the id of the invitation.
	SurveyID string `json:"survey_id,omitzero" rule:"id"`
	// Of is the id of what the survey is about: a delivery, a service request or an event.
	Of string `json:"of,omitzero" rule:"id"`
}

// SurveyRefused says that the customer did not want to take part in a survey (SAT-06).
type SurveyRefused struct {
	// SurveyID is the id of the invitation.
	SurveyID string `json:"survey_id,omitzero" rule:"id"`
	// Questionnaire is the name of the questionnaire in the policy.
	Questionnaire string `json:"questionnaire,omitzero" rule:"id"`
	// Source is who asked.
	Source SurveySource `json:"source,omitzero"`
}

// ExpectationStated says that the customer told what they expect, before buying or being served (SAT-02).
type ExpectationStated struct {
	// Item is what the expectation is about, where possible an item of a questionnaire.
	Item string `json:"item,omitzero" rule:"id"`
	// Score is the level the customer expects, on the scale of the item.
	Score *int64 `json:"score,omitzero" rule:"min=0,max=10"`
	// Text is the expectation in the customer's words.
	Text string `json:"text,omitzero" personal:"true"`
}

// RectificationOpened says that an organisation unit has to put an item right (SAT-18, SAT-19).
type RectificationOpened struct {
	// RectificationID is the id of the sheet within the stream of the organisation unit.
	RectificationID string `json:"rectification_id" rule:"required,id"`
	// Item is the item of the questionnaire that is to improve.
	Item string `json:"item" rule:"required,id"`
	// Owner is the id of the employee who is responsible.
	Owner string `json:"owner" rule:"required,id"`
	// DueAt is when it is to be done.
	DueAt Instant `json:"due_at" rule:"required"`
	// Questionnaire is the name of the questionnaire the item belongs to.
	Questionnaire string `json:"questionnaire,omitzero" rule:"id"`
	// Plan is what is to be done.
	Plan string `json:"plan,omitzero"`
}

// RectificationCompleted says that the owner of a rectification holds it to be done (SAT-19).
type RectificationCompleted struct {
	// RectificationID is the id of the sheet. Absent means the oldest open sheet.
	RectificationID string `json:"rectification_id,omitzero" rule:"id"`
	// Note is what was done.
	Note string `json:"note,omitzero"`
}

// RectificationAccepted says that a rectification passed its inspection (SAT-19).
type RectificationAccepted struct {
	// RectificationID is the id of the sheet. Absent means the sheet completed last.
	RectificationID string `json:"rectification_id,omitzero" rule:"id"`
	// Inspector is the id of the employee who inspected it.
	Inspector string `json:"inspector,omitzero" rule:"id"`
}

// RectificationRejected says that a rectification failed its inspection (SAT-19).
type RectificationRejected struct {
	// RectificationID is the id of the sheet. Absent means the sheet completed last.
	RectificationID string `json:"rectification_id,omitzero" rule:"id"`
	// Inspector is the id of the employee who inspected it.
	Inspector string `json:"inspector,omitzero" rule:"id"`
	// Reason is what is still wrong.
	Reason string `json:"reason,omitzero"`
	// DueAt is when it is to be done now.
	DueAt Instant `json:"due_at,omitzero"`
}
