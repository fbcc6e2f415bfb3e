package domain

// ServiceDeadlineNear says that most of the time for something has passed and it is not done.
type ServiceDeadlineNear struct {
	// Deadline is the kind of deadline, a name of the policy, for example "complaint".
	Deadline string `json:"deadline" rule:"required,id"`
	// ID is the id of what has to be done, for example of the complaint.
	ID string `json:"id" rule:"required,id"`
	// StartedAt is when the time began.
	StartedAt Instant `json:"started_at" rule:"required"`
	// DueAt is when the time ends.
	DueAt Instant `json:"due_at" rule:"required"`
	// Employee is the id of the employee who is responsible, as far as it is known.
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

// ServiceDeadlineMissed says that the time for something has passed and it was not done.
type ServiceDeadlineMissed struct {
	// Deadline is the kind of deadline, a name of the policy, for example "complaint".
	Deadline string `json:"deadline" rule:"required,id"`
	// ID is the id of what has to be done, for example of the complaint.
	ID string `json:"id" rule:"required,id"`
	// StartedAt is when the time began.
	StartedAt Instant `json:"started_at" rule:"required"`
	// DueAt is when the time ended.
	DueAt Instant `json:"due_at" rule:"required"`
	// Employee is the id of the employee who is responsible, as far as it is known.
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

// ContactCollision says that two employees contacted the customer one soon after the other (IC-07).
type ContactCollision struct {
	// Employee is the id of the employee who made the later contact.
	Employee string `json:"employee" rule:"required,id"`
	// Channel is the channel of the later contact.
	Channel Channel `json:"channel,omitzero"`
	// OtherEmployee is the id of the employee who made the earlier contact.
	OtherEmployee string `json:"other_employee" rule:"required,id"`
	// OtherAt is when the earlier contact was made.
	OtherAt Instant `json:"other_at" rule:"required"`
	// At is when the later contact was made.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}

// ContactMultipleFollowers says that more than one employee follows the customer (IC-09).
type ContactMultipleFollowers struct {
	// Followers is the ids of the employees who follow the customer now.
	Followers []string `json:"followers" rule:"required"`
	// At is when it took effect.
	At Instant `json:"at" rule:"required"`
	// Evidence is the ids of the events behind it.
	Evidence []string `json:"evidence,omitempty"`
	// PolicyVersion is the version of the policy in force.
	PolicyVersion string `json:"policy_version" rule:"required,id"`
	// Position is the place of the record that it reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
}
