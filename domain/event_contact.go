package domain

// Direction says who started a contact (IC-18).
type Direction string

// The directions: the customer came to us, or we went to the customer.
const (
	DirectionIn  Direction = "in"
	DirectionOut Direction = "out"
)

func (Direction) values() []string { return []string{string(DirectionIn), string(DirectionOut)} }

// AttemptOutcome says why an attempt to reach a customer failed (ID-09).
type AttemptOutcome string

// The outcomes of an attempt that failed.
const (
	AttemptNoAnswer    AttemptOutcome = "no_answer"
	AttemptWrongNumber AttemptOutcome = "wrong_number"
	AttemptRefused     AttemptOutcome = "refused"
)

func (AttemptOutcome) values() []string {
	return []string{string(AttemptNoAnswer), string(AttemptWrongNumber), string(AttemptRefused)}
}

// ContactIntended says that an employee is about to contact the customer, so that nobody else does (IC-07).
type ContactIntended struct {
	// Employee is the id of the employee who is about to make the contact.
	Employee string `json:"employee" rule:"required,id"`
	// Channel is the channel the employee will use.
	Channel Channel `json:"channel" rule:"required"`
	// Until is when the intention lapses. Absent means after the time the policy gives.
	Until Instant `json:"until,omitzero"`
}

// ContactMade says that the firm and the customer spoke or wrote to each other (IC-01, IC-07).
type ContactMade struct {
	// Direction is who started it.
	Direction Direction `json:"direction" rule:"required"`
	// Channel is the channel it went through.
	Channel Channel `json:"channel" rule:"required"`
	// Employee is the id of the employee who took part.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Category is the kind of contact, for example "consultation" or "repair" (IC-14).
	Category string `json:"category,omitzero" rule:"id"`
	// Content is what was said, in short.
	Content string `json:"content,omitzero" personal:"true"`
	// Goal is what the contact was for (IC-16).
	Goal string `json:"goal,omitzero" rule:"len=256"`
	// EndedAt is when the contact ended.
	EndedAt Instant `json:"ended_at,omitzero"`
}

// ContactAttempted says that the firm tried to reach the customer in vain (ID-09).
type ContactAttempted struct {
	// Outcome is why the attempt failed.
	Outcome AttemptOutcome `json:"outcome" rule:"required"`
	// Channel is the channel that was tried.
	Channel Channel `json:"channel,omitzero"`
	// Employee is the id of the employee who tried.
	Employee string `json:"employee,omitzero" rule:"id"`
}

// ContactScheduled says that a contact was planned (IC-10, CR-06).
type ContactScheduled struct {
	// DueAt is when the contact is to take place.
	DueAt Instant `json:"due_at" rule:"required"`
	// Goal is what the contact is for.
	Goal string `json:"goal,omitzero" rule:"len=256"`
	// Employee is the id of the employee who is to make it.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Channel is the channel that is to be used.
	Channel Channel `json:"channel,omitzero"`
}

// PromiseMade says that the customer was promised something by a date (CP-08).
type PromiseMade struct {
	// PromiseID is the id of the promise within the customer's stream.
	PromiseID string `json:"promise_id" rule:"required,id"`
	// DueAt is when it has to be kept.
	DueAt Instant `json:"due_at" rule:"required"`
	// Employee is the id of the employee who promised it.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Text is what was promised.
	Text string `json:"text,omitzero" personal:"true"`
}

// PromiseKept says that a promise was kept (CP-08).
type PromiseKept struct {
	// PromiseID is the id of the promise. Absent means the oldest open promise.
	PromiseID string `json:"promise_id,omitzero" rule:"id"`
}

// CampaignSent says that a message of a campaign went to the customer (CP-01, CP-03).
type CampaignSent struct {
	// CampaignID is the id of the campaign.
	CampaignID string `json:"campaign_id" rule:"required,id"`
	// Channel is the channel the message went through.
	Channel Channel `json:"channel,omitzero"`
	// Cost is what this message cost.
	Cost *Money `json:"cost,omitzero" rule:"min=0"`
}

// CampaignResponded says that the customer answered a campaign (CP-01).
type CampaignResponded struct {
	// CampaignID is the id of the campaign.
	CampaignID string `json:"campaign_id" rule:"required,id"`
	// Channel is the channel the answer came through.
	Channel Channel `json:"channel,omitzero"`
	// Response is the kind of answer, for example "visited" or "unsubscribed".
	Response string `json:"response,omitzero" rule:"id"`
}

// ClubJoined says that the customer joined a customer club (CR-04).
type ClubJoined struct {
	// ClubID is the id of the club.
	ClubID string `json:"club_id,omitzero" rule:"id"`
	// Level is the level of membership.
	Level string `json:"level,omitzero" rule:"id"`
}

// ClubLeft says that the customer left a customer club (CR-04).
type ClubLeft struct {
	// ClubID is the id of the club. Absent means every club.
	ClubID string `json:"club_id,omitzero" rule:"id"`
	// Reason is why the customer left, as a short code or phrase that reports group by.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// NoteAdded says that an employee wrote a note about the customer (ID-04, ID-15).
type NoteAdded struct {
	// Text is the note.
	Text string `json:"text,omitzero" personal:"true"`
	// Employee is the id of the employee who wrote it.
	Employee string `json:"employee,omitzero" rule:"id"`
}
