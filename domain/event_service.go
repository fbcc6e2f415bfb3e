package domain

// ServiceRequested says that the customer asked for a service, for example a repair (SR-01, SR-04). It is an open
// matter until it is completed.
type ServiceRequested struct {
	// RequestID is the id of the request within the customer's stream.
	RequestID string `json:"request_id" rule:"required,id"`
	// Category is the kind of service, for example "repair" or "maintenance".
	Category string `json:"category,omitzero" rule:"id"`
	// Channel is the channel the request came through.
	Channel Channel `json:"channel,omitzero"`
	// Product is the product the service is for.
	Product string `json:"product,omitzero" rule:"id"`
	// Text is what the customer asked for.
	Text string `json:"text,omitzero" personal:"true"`
}

// ServiceAssigned says that somebody became responsible for a service request (SR-01).
type ServiceAssigned struct {
	// RequestID is the id of the request. Absent means the oldest open request.
	RequestID string `json:"request_id,omitzero" rule:"id"`
	// Employee is the id of the employee who is responsible from now on.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Department is the department that was told.
	Department string `json:"department,omitzero" rule:"id"`
}

// ServiceStarted says that work on a service request began (SR-02).
type ServiceStarted struct {
	// RequestID is the id of the request. Absent means the oldest open request.
	RequestID string `json:"request_id,omitzero" rule:"id"`
	// ArrivedAt is when the customer arrived.
	ArrivedAt Instant `json:"arrived_at,omitzero"`
	// ReceivedAt is when somebody attended to the customer.
	ReceivedAt Instant `json:"received_at,omitzero"`
	// RegisteredAt is when the job was registered.
	RegisteredAt Instant `json:"registered_at,omitzero"`
}

// ServiceCompleted says that work on a service request is done (SR-02, SAT-12).
type ServiceCompleted struct {
	// RequestID is the id of the request. Absent means the oldest open request.
	RequestID string `json:"request_id,omitzero" rule:"id"`
	// Employees are the ids of the employees who took part, by role, for example "receptionist" or "technician".
	Employees map[string]string `json:"employees,omitempty" rule:"id"`
	// Note is the result of the work.
	Note string `json:"note,omitzero" personal:"true"`
}

// ServiceReopened says that a completed service request is open again (SR-01).
type ServiceReopened struct {
	// RequestID is the id of the request. Absent means the request completed last.
	RequestID string `json:"request_id,omitzero" rule:"id"`
	// Reason is why it is open again, as a short code or phrase that reports group by.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// FaultRecorded says that a fault of the customer's product was found (SR-03, SR-06).
type FaultRecorded struct {
	// Fault is the kind of fault, as a short code or phrase that reports group by.
	Fault string `json:"fault" rule:"required,len=256"`
	// RepeatOf is the id of the fault event or service request whose fault came back.
	RepeatOf string `json:"repeat_of,omitzero" rule:"id"`
	// RequestID is the id of the service request in which it was found.
	RequestID string `json:"request_id,omitzero" rule:"id"`
	// Product is the product that has the fault.
	Product string `json:"product,omitzero" rule:"id"`
	// Note is what was seen.
	Note string `json:"note,omitzero" personal:"true"`
}

// ReservationRequested says that the customer asked for an appointment (CR-03).
type ReservationRequested struct {
	// ReservationID is the id of the reservation within the customer's stream.
	ReservationID string `json:"reservation_id,omitzero" rule:"id"`
	// For is when the appointment is.
	For Instant `json:"for,omitzero"`
	// Category is the kind of service the appointment is for.
	Category string `json:"category,omitzero" rule:"id"`
}

// ReservationKept says that the customer came to an appointment (CR-03).
type ReservationKept struct {
	// ReservationID is the id of the reservation.
	ReservationID string `json:"reservation_id,omitzero" rule:"id"`
}

// ReservationMissed says that the customer did not come to an appointment (CR-03).
type ReservationMissed struct {
	// ReservationID is the id of the reservation.
	ReservationID string `json:"reservation_id,omitzero" rule:"id"`
}

// FollowUpAttempted says that the firm tried in vain to follow up on something (SAT-08, IC-17).
type FollowUpAttempted struct {
	// Of is the id of what is followed up: a delivery, a service request, a complaint or an event.
	Of string `json:"of" rule:"required,id"`
	// Channel is the channel that was tried.
	Channel Channel `json:"channel" rule:"required"`
	// Reached says whether the customer was reached. Absent means no.
	Reached *bool `json:"reached,omitzero"`
	// Employee is the id of the employee who tried.
	Employee string `json:"employee,omitzero" rule:"id"`
}

// FollowUpCompleted says that the firm followed up on something (SAT-08, CMP-08).
type FollowUpCompleted struct {
	// Of is the id of what was followed up: a delivery, a service request, a complaint or an event.
	Of string `json:"of" rule:"required,id"`
	// Channel is the channel that was used.
	Channel Channel `json:"channel" rule:"required"`
	// Reached says whether the customer was reached. Absent means yes.
	Reached *bool `json:"reached,omitzero"`
	// Employee is the id of the employee who followed up.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Satisfied says whether the customer was satisfied with the result (SAT-23).
	Satisfied *bool `json:"satisfied,omitzero"`
	// Note is what the customer said.
	Note string `json:"note,omitzero" personal:"true"`
}

// UsageRecorded says that a measure of the customer's use of a product was taken (CR-02).
type UsageRecorded struct {
	// Metric is the name of the measure, for example "odometer_km".
	Metric string `json:"metric" rule:"required,id"`
	// Value is the measure, in the unit the metric names.
	Value float64 `json:"value" rule:"required"`
	// Product is the product that was measured.
	Product string `json:"product,omitzero" rule:"id"`
}
