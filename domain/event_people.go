package domain

// WarningAcknowledged says that somebody saw a churn warning and will deal with it (CHN-07).
type WarningAcknowledged struct {
	// WarningID is the id of the warning.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Note is what the person means to do.
	Note string `json:"note,omitzero" personal:"true"`
}

// WarningAssigned says that a churn warning was given to somebody (CHN-07).
type WarningAssigned struct {
	// WarningID is the id of the warning.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Employee is the id of the employee who is to deal with it. Absent means nobody.
	Employee string `json:"employee,omitzero" rule:"id"`
}

// WarningSnoozed says that a churn warning is not to be shown for a time (CHN-07).
type WarningSnoozed struct {
	// WarningID is the id of the warning.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Until is when the warning is shown again.
	Until Instant `json:"until" rule:"required"`
	// Reason is why it can wait.
	Reason string `json:"reason" rule:"required" personal:"true"`
}

// WarningDismissed says that somebody holds a churn warning to be groundless (CHN-07).
type WarningDismissed struct {
	// WarningID is the id of the warning.
	WarningID string `json:"warning_id" rule:"required,id"`
	// Reason is why it is groundless.
	Reason string `json:"reason" rule:"required" personal:"true"`
}
