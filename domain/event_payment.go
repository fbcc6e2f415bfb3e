package domain

// InvoiceIssued says that the customer got an invoice (SR-07, SR-10).
type InvoiceIssued struct {
	// InvoiceID is the id of the invoice.
	InvoiceID string `json:"invoice_id,omitzero" rule:"id"`
	// Amount is what the customer owes; a credit note is negative.
	Amount *Money `json:"amount,omitzero"`
	// Labour is the part of the amount that is labour.
	Labour *Money `json:"labour,omitzero"`
	// Parts is the part of the amount that is spare parts.
	Parts *Money `json:"parts,omitzero"`
	// DueAt is when the customer has to pay.
	DueAt Instant `json:"due_at,omitzero"`
	// OrderID is the id of the order the invoice is for.
	OrderID string `json:"order_id,omitzero" rule:"id"`
	// Explained says whether the charges were explained to the customer.
	Explained *bool `json:"explained,omitzero"`
}

// PaymentReceived says that the customer paid (SP-08, SR-10).
type PaymentReceived struct {
	// InvoiceID is the id of the invoice that was paid. Absent means the oldest open invoice.
	InvoiceID string `json:"invoice_id,omitzero" rule:"id"`
	// Amount is what was paid; money given back is negative.
	Amount *Money `json:"amount,omitzero"`
	// Method is how it was paid, for example "card".
	Method string `json:"method,omitzero" rule:"id"`
}

// PaymentOverdue says that an invoice was not paid in time (SR-10).
type PaymentOverdue struct {
	// InvoiceID is the id of the invoice.
	InvoiceID string `json:"invoice_id,omitzero" rule:"id"`
	// Amount is what is still owed.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
	// DueAt is when the customer had to pay.
	DueAt Instant `json:"due_at,omitzero"`
}

// BadDebtBooked says that money the customer owes was written off (CHN-20).
type BadDebtBooked struct {
	// InvoiceID is the id of the invoice that was written off.
	InvoiceID string `json:"invoice_id,omitzero" rule:"id"`
	// Amount is what was written off.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
}

// CostAttributed says that the firm spent money on this customer (SV-02, CHN-15).
type CostAttributed struct {
	// Amount is what was spent.
	Amount Money `json:"amount" rule:"required,min=0"`
	// Kind is what it was spent on.
	Kind CostKind `json:"kind" rule:"required"`
	// Of is the id of the event or matter the cost belongs to.
	Of string `json:"of,omitzero" rule:"id"`
	// CampaignID is the id of the campaign the cost belongs to.
	CampaignID string `json:"campaign_id,omitzero" rule:"id"`
	// Note is what the money bought.
	Note string `json:"note,omitzero" personal:"true"`
}

// ReferralMade says that the customer recommended the firm to somebody (LOY-09).
type ReferralMade struct {
	// Referred is the id of the customer who was brought, when they have a file.
	Referred string `json:"referred,omitzero" rule:"id"`
	// Product is what was recommended.
	Product string `json:"product,omitzero" rule:"id"`
	// Note is what is known about the person who was told.
	Note string `json:"note,omitzero" personal:"true"`
}

// RelationshipEnded says that the relationship with the customer is over, which ends the lifecycle once no matter is
// open (LC-01).
type RelationshipEnded struct {
	// Reason is why it is over, as a short code or phrase that reports group by.
	Reason string `json:"reason" rule:"required,len=256"`
}
