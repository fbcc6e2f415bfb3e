package domain

// InquiryReceived says that the customer asked something (IC-15, LC-01).
type InquiryReceived struct {
	// InquiryID is the id of the inquiry within the customer's stream.
	InquiryID string `json:"inquiry_id" rule:"required,id"`
	// Category is the kind of question, for example "consultation".
	Category string `json:"category,omitzero" rule:"id"`
	// Channel is the channel through which the question came.
	Channel Channel `json:"channel,omitzero"`
	// Product is the product the question is about.
	Product string `json:"product,omitzero" rule:"id"`
	// Text is the question in the customer's words.
	Text string `json:"text,omitzero" personal:"true"`
}

// InquiryAnswered says that an inquiry got an answer (IC-15).
type InquiryAnswered struct {
	// InquiryID is the id of the inquiry that was answered.
	InquiryID string `json:"inquiry_id" rule:"required,id"`
	// Clear says whether the answer settled the question. Absent means yes.
	Clear *bool `json:"clear,omitzero"`
	// Employee is the id of the employee who answered.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Text is the answer.
	Text string `json:"text,omitzero" personal:"true"`
}

// ProspectTargeted says that the firm decided to develop the customer (LC-01).
type ProspectTargeted struct {
	// CampaignID is the id of the campaign that chose the customer.
	CampaignID string `json:"campaign_id,omitzero" rule:"id"`
	// Employee is the id of the employee who will develop the customer.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Product is the product the firm wants to sell.
	Product string `json:"product,omitzero" rule:"id"`
}

// ProspectQualified says that the need and the purchasing power of a prospect were assessed (LC-08).
type ProspectQualified struct {
	// Need says whether the customer needs a product of this class.
	Need bool `json:"need" rule:"required"`
	// PurchasingPower says whether the customer is able to pay for it.
	PurchasingPower bool `json:"purchasing_power" rule:"required"`
	// Product is the product class that was assessed.
	Product string `json:"product,omitzero" rule:"id"`
	// Note is what the assessment rests on.
	Note string `json:"note,omitzero" personal:"true"`
}

// LeadCaptured says that a lead to the customer was recorded (SP-01, SP-02).
type LeadCaptured struct {
	// Source is where the lead came from, for example "exhibition" or "referral".
	Source string `json:"source" rule:"required,id"`
	// LeadID is the id of the lead within the customer's stream.
	LeadID string `json:"lead_id,omitzero" rule:"id"`
	// CampaignID is the id of the campaign that brought the lead.
	CampaignID string `json:"campaign_id,omitzero" rule:"id"`
	// Product is the product the customer is interested in.
	Product string `json:"product,omitzero" rule:"id"`
	// Intent is the level of purchase intention as the firm grades it.
	Intent string `json:"intent,omitzero" rule:"id"`
}

// LeadDiscarded says that a lead will not be followed (SP-01).
type LeadDiscarded struct {
	// LeadID is the id of the lead. Absent means every open lead of the customer.
	LeadID string `json:"lead_id,omitzero" rule:"id"`
	// Reason is why the lead was discarded.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// OpportunityOpened says that a chance of a sale was opened, which is also the start of the customer's choosing time
// (SP-01, LOY-06).
type OpportunityOpened struct {
	// OpportunityID is the id of the opportunity within the customer's stream.
	OpportunityID string `json:"opportunity_id" rule:"required,id"`
	// Amount is the expected revenue.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
	// Stage is the first stage of the sales funnel.
	Stage string `json:"stage,omitzero" rule:"id"`
	// Product is the product on offer.
	Product string `json:"product,omitzero" rule:"id"`
	// ExpectedAt is when the customer is expected to decide.
	ExpectedAt Instant `json:"expected_at,omitzero"`
}

// OpportunityStageChanged says that an opportunity moved to another stage of the sales funnel (SP-01).
type OpportunityStageChanged struct {
	// OpportunityID is the id of the opportunity.
	OpportunityID string `json:"opportunity_id,omitzero" rule:"id"`
	// Stage is the stage the opportunity is in from now on.
	Stage string `json:"stage,omitzero" rule:"id"`
	// Amount is the expected revenue as it is seen now.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
}

// OpportunityWon says that an opportunity ended in a sale (SP-01).
type OpportunityWon struct {
	// OpportunityID is the id of the opportunity.
	OpportunityID string `json:"opportunity_id,omitzero" rule:"id"`
	// OrderID is the id of the order that came of it.
	OrderID string `json:"order_id,omitzero" rule:"id"`
	// Amount is the revenue that was agreed.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
}

// OpportunityLost says that an opportunity ended without a sale (SP-01).
type OpportunityLost struct {
	// OpportunityID is the id of the opportunity.
	OpportunityID string `json:"opportunity_id,omitzero" rule:"id"`
	// Reason is why there was no sale, as a short code or phrase that reports group by.
	Reason string `json:"reason" rule:"required,len=256"`
	// Competitor is the name of the competitor who got the sale.
	Competitor string `json:"competitor,omitzero" rule:"id"`
}
