package domain

// ComplaintForm says in which form a complaint came (CMP-01).
type ComplaintForm string

// The forms of a complaint.
const (
	ComplaintWritten ComplaintForm = "written"
	ComplaintOral    ComplaintForm = "oral"
)

func (ComplaintForm) values() []string {
	return []string{string(ComplaintWritten), string(ComplaintOral)}
}

// ComplaintKind says what a complaint amounts to (CMP-01).
type ComplaintKind string

// The kinds of complaint: an objection, a protest, a claim for money, a demand that something be put right.
const (
	ComplaintObjection ComplaintKind = "objection"
	ComplaintProtest   ComplaintKind = "protest"
	ComplaintClaim     ComplaintKind = "claim"
	ComplaintDemand    ComplaintKind = "demand"
)

func (ComplaintKind) values() []string {
	return []string{string(ComplaintObjection), string(ComplaintProtest), string(ComplaintClaim),
		string(ComplaintDemand)}
}

// CauseSide says on whose side the cause of a complaint lies (CMP-02).
type CauseSide string

// The sides of a cause.
const (
	SideEnterprise  CauseSide = "enterprise"
	SideCustomer    CauseSide = "customer"
	SideEnvironment CauseSide = "environment"
)

func (CauseSide) values() []string {
	return []string{string(SideEnterprise), string(SideCustomer), string(SideEnvironment)}
}

// ComplaintFiled says that the customer complained (CMP-01, CMP-07). It is an open matter until it is resolved.
type ComplaintFiled struct {
	// ComplaintID is the id of the complaint within the customer's stream.
	ComplaintID string `json:"complaint_id" rule:"required,id"`
	// Form is whether the complaint was written or oral.
	Form ComplaintForm `json:"form,omitzero"`
	// Kind is what the complaint amounts to.
	Kind ComplaintKind `json:"kind,omitzero"`
	// Subject is what the complaint is about, as a short code or phrase that reports group by.
	Subject string `json:"subject,omitzero" rule:"len=256"`
	// Channel is the channel the complaint came through.
	Channel Channel `json:"channel,omitzero"`
	// Product is the product the complaint is about.
	Product string `json:"product,omitzero" rule:"id"`
	// Step is the step of the firm's work the complaint is about, for example "delivery" (SAT-13).
	Step string `json:"step,omitzero" rule:"id"`
	// Employee is the id of the employee the complaint is about (CMP-12).
	Employee string `json:"employee,omitzero" rule:"id"`
	// Of is the id of the service request, order or event the complaint is about.
	Of string `json:"of,omitzero" rule:"id"`
	// Text is the complaint in the customer's words.
	Text string `json:"text,omitzero" personal:"true"`
}

// ComplaintAcknowledged says that the customer was told that the complaint was heard (CMP-05).
type ComplaintAcknowledged struct {
	// ComplaintID is the id of the complaint. Absent means the newest open complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Apology says whether the firm apologised, which does not mean that the complaint is valid.
	Apology *bool `json:"apology,omitzero"`
	// Employee is the id of the employee who acknowledged it.
	Employee string `json:"employee,omitzero" rule:"id"`
}

// ComplaintRestated says that the firm put the complaint into its own words (CMP-05).
type ComplaintRestated struct {
	// ComplaintID is the id of the complaint. Absent means the newest open complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Agreed says whether the customer agreed with the words.
	Agreed *bool `json:"agreed,omitzero"`
	// Text is the complaint in the firm's words.
	Text string `json:"text,omitzero" personal:"true"`
}

// ComplaintValidityDecided says that the firm decided whether a complaint stands (CMP-04, CMP-10). A later decision
// replaces an earlier one.
type ComplaintValidityDecided struct {
	// ComplaintID is the id of the complaint. Absent means the newest open complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Valid says whether the complaint stands.
	Valid bool `json:"valid" rule:"required"`
	// Reason is why it stands or not.
	Reason string `json:"reason,omitzero" personal:"true"`
}

// ComplaintCauseDetermined says that the cause of a complaint was found (CMP-02).
type ComplaintCauseDetermined struct {
	// ComplaintID is the id of the complaint. Absent means the newest complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Side is on whose side the cause lies.
	Side CauseSide `json:"side" rule:"required"`
	// Cause is the cause, for example "quality", "staff", "misuse", "expectation", "culture" or "industry".
	Cause string `json:"cause" rule:"required,id"`
}

// ComplaintHandedOver says that a complaint was given to somebody else to solve (CMP-06, CMP-11).
type ComplaintHandedOver struct {
	// ComplaintID is the id of the complaint. Absent means the newest open complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// To is the id of the employee or department that is to solve it.
	To string `json:"to" rule:"required,id"`
}

// ComplaintHandoverAccepted says that the one a complaint was given to took it (CMP-11).
type ComplaintHandoverAccepted struct {
	// ComplaintID is the id of the complaint. Absent means the newest open complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
}

// ComplaintHandoverReturned says that the one a complaint was given to gave it back (CMP-11).
type ComplaintHandoverReturned struct {
	// ComplaintID is the id of the complaint. Absent means the newest open complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Reason is why it was given back, as a short code or phrase that reports group by.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// ComplaintSolutionProposed says that the customer was offered a solution (CMP-04).
type ComplaintSolutionProposed struct {
	// ComplaintID is the id of the complaint. Absent means the newest open complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Solution is what was offered.
	Solution string `json:"solution,omitzero" personal:"true"`
}

// ComplaintSolutionAccepted says that the customer took the offered solution (CMP-04).
type ComplaintSolutionAccepted struct {
	// ComplaintID is the id of the complaint. Absent means the newest open complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
}

// ComplaintResolved says that a complaint is dealt with, after which a follow-up is due (CMP-08, CMP-09).
type ComplaintResolved struct {
	// ComplaintID is the id of the complaint. Absent means the newest open complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Satisfied says whether the customer was satisfied with the result before leaving (SAT-23).
	Satisfied *bool `json:"satisfied,omitzero"`
	// Note is how it was solved.
	Note string `json:"note,omitzero" personal:"true"`
}

// ComplaintFollowedUp says that the firm asked the customer after the solution (CMP-08, SAT-23).
type ComplaintFollowedUp struct {
	// ComplaintID is the id of the complaint. Absent means the complaint resolved last.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Channel is the channel that was used; a call or a letter is what the rule asks for.
	Channel Channel `json:"channel" rule:"required"`
	// Satisfied says whether the customer is still satisfied. Absent means that it is not known.
	Satisfied *bool `json:"satisfied,omitzero"`
	// Reached says whether the customer was reached. Absent means yes.
	Reached *bool `json:"reached,omitzero"`
}

// ComplaintReopened says that a resolved complaint is open again (CMP-12).
type ComplaintReopened struct {
	// ComplaintID is the id of the complaint. Absent means the complaint resolved last.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Reason is why it is open again, as a short code or phrase that reports group by.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// ComplaintMeasureAdopted says that the firm took a measure so that what a complaint was about does not happen again
// (CMP-13, CMP-17).
type ComplaintMeasureAdopted struct {
	// ComplaintID is the id of the complaint that gave rise to the measure. Absent means the newest complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Measure is what was done, as a short code or phrase that reports group by.
	Measure string `json:"measure" rule:"required,len=256"`
	// OrgUnit is the path of the organisation unit for which the measure holds. Absent means the one that has the customer.
	OrgUnit string `json:"org_unit,omitzero" rule:"id"`
}

// ComplaintLinked says that a complaint is about the same thing as an earlier one, of this or another customer (CMP-13).
type ComplaintLinked struct {
	// ComplaintID is the id of the later complaint. Absent means the newest complaint.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// SimilarTo is the id of the earlier complaint.
	SimilarTo string `json:"similar_to" rule:"required,id"`
	// Customer is the id of the customer who made the earlier complaint. Absent means the same customer.
	Customer string `json:"customer,omitzero" rule:"id"`
}

// CompensationGiven says that the customer got something to make up for a wrong (CMP-05, CR-07).
type CompensationGiven struct {
	// ComplaintID is the id of the complaint it makes up for.
	ComplaintID string `json:"complaint_id,omitzero" rule:"id"`
	// Amount is what it cost the firm.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
	// Kind is the kind of compensation, for example "coupon", "gift" or "discount".
	Kind string `json:"kind,omitzero" rule:"id"`
}

// PraiseReceived says that the customer praised the firm (CMP-16).
type PraiseReceived struct {
	// Employee is the id of the employee who was praised.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Channel is the channel the praise came through.
	Channel Channel `json:"channel,omitzero"`
	// Text is the praise in the customer's words.
	Text string `json:"text,omitzero" personal:"true"`
}

// SuggestionReceived says that the customer suggested something (CMP-16).
type SuggestionReceived struct {
	// Category is what the suggestion is about, as a short code or phrase that reports group by.
	Category string `json:"category,omitzero" rule:"id"`
	// Channel is the channel the suggestion came through.
	Channel Channel `json:"channel,omitzero"`
	// Text is the suggestion in the customer's words.
	Text string `json:"text,omitzero" personal:"true"`
}
