package domain

// CostKind says what an attributed cost was spent on (SV-02, CHN-15).
type CostKind string

// The kinds of attributed cost.
const (
	CostAcquisition  CostKind = "acquisition"
	CostSales        CostKind = "sales"
	CostService      CostKind = "service"
	CostCompensation CostKind = "compensation"
	CostWinBack      CostKind = "win_back"
)

func (CostKind) values() []string {
	return []string{string(CostAcquisition), string(CostSales), string(CostService), string(CostCompensation),
		string(CostWinBack)}
}

// ContractSigned says that the customer signed a contract (LC-03).
type ContractSigned struct {
	// ContractID is the id of the contract.
	ContractID string `json:"contract_id" rule:"required,id"`
	// Amount is what the contract is worth.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
	// ExpiresAt is when the contract ends.
	ExpiresAt Instant `json:"expires_at,omitzero"`
}

// OrderPlaced says that the customer ordered something, which is an open matter until it is delivered or cancelled
// (SP-08, LC-01).
type OrderPlaced struct {
	// OrderID is the id of the order.
	OrderID string `json:"order_id" rule:"required,id"`
	// Amount is what the order is worth.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
	// Items are the lines of the order.
	Items []PurchaseItem `json:"items,omitempty"`
	// PromisedAt is when delivery was promised.
	PromisedAt Instant `json:"promised_at,omitzero"`
}

// OrderDelivered says that an order was delivered (SP-08).
type OrderDelivered struct {
	// OrderID is the id of the order. Absent means the oldest open order.
	OrderID string `json:"order_id,omitzero" rule:"id"`
}

// OrderCancelled says that an order will not be delivered (SP-08).
type OrderCancelled struct {
	// OrderID is the id of the order. Absent means the oldest open order.
	OrderID string `json:"order_id,omitzero" rule:"id"`
	// Reason is why the order was cancelled, as a short code or phrase that reports group by.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// PurchaseItem is one line of a purchase or an order.
type PurchaseItem struct {
	// Product is the product of the line.
	Product string `json:"product" rule:"required,id"`
	// Quantity is the number of pieces. Absent means one.
	Quantity int64 `json:"quantity,omitzero" rule:"min=1"`
	// Amount is what the whole line costs.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
}

// PurchaseRecorded says that the customer bought something (SV-02, SV-04, SV-21).
type PurchaseRecorded struct {
	// Amount is what the customer paid for all of it; zero is a gift or a free trial.
	Amount Money `json:"amount" rule:"required,min=0"`
	// Quantity is the number of pieces. Absent means one.
	Quantity int64 `json:"quantity,omitzero" rule:"min=1"`
	// Product is the product, when there is only one.
	Product string `json:"product,omitzero" rule:"id"`
	// Items are the lines of the purchase, when there are several.
	Items []PurchaseItem `json:"items,omitempty"`
	// OrderID is the id of the order the purchase fulfils.
	OrderID string `json:"order_id,omitzero" rule:"id"`
	// Employee is the id of the employee who sold it.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Channel is the channel through which it was bought.
	Channel Channel `json:"channel,omitzero"`
}

// PurchaseReturned says that the customer gave something back and got money for it (SV-02).
type PurchaseReturned struct {
	// Amount is what the customer got back, as a positive amount.
	Amount Money `json:"amount" rule:"required,min=0"`
	// Quantity is the number of pieces given back. Absent means one.
	Quantity int64 `json:"quantity,omitzero" rule:"min=1"`
	// Product is the product that was given back.
	Product string `json:"product,omitzero" rule:"id"`
	// Of is the id of the purchase event that is taken back, when it is known.
	Of string `json:"of,omitzero" rule:"id"`
	// OrderID is the id of the order the goods came from.
	OrderID string `json:"order_id,omitzero" rule:"id"`
	// Reason is why the goods came back, as a short code or phrase that reports group by.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// ChecklistItem is one point of a checklist.
type ChecklistItem struct {
	// Item is the name of the point.
	Item string `json:"item" rule:"required,id"`
	// Done says whether the point was done.
	Done bool `json:"done" rule:"required"`
}

// DeliveryHandedOver says that the goods, for example a car, were handed over to the customer, after which a
// follow-up is due (SP-09, SAT-08).
type DeliveryHandedOver struct {
	// DeliveryID is the id of the handover.
	DeliveryID string `json:"delivery_id" rule:"required,id"`
	// PromisedAt is when the handover was promised.
	PromisedAt Instant `json:"promised_at,omitzero"`
	// Checklist are the points that were checked and explained at the handover.
	Checklist []ChecklistItem `json:"checklist,omitempty"`
	// OrderID is the id of the order that was handed over.
	OrderID string `json:"order_id,omitzero" rule:"id"`
	// Product is what was handed over.
	Product string `json:"product,omitzero" rule:"id"`
	// Employee is the id of the employee who handed it over.
	Employee string `json:"employee,omitzero" rule:"id"`
}

// SubscriptionStarted says that the customer took out a subscription (KA-06).
type SubscriptionStarted struct {
	// SubscriptionID is the id of the subscription.
	SubscriptionID string `json:"subscription_id" rule:"required,id"`
	// Product is the service that was subscribed to.
	Product string `json:"product,omitzero" rule:"id"`
	// Amount is the price of one period.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
	// ExpiresAt is when the subscription ends unless it is renewed.
	ExpiresAt Instant `json:"expires_at,omitzero"`
}

// SubscriptionRenewed says that a subscription goes on for another period (KA-06).
type SubscriptionRenewed struct {
	// SubscriptionID is the id of the subscription.
	SubscriptionID string `json:"subscription_id" rule:"required,id"`
	// Amount is the price of one period.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
	// ExpiresAt is when the new period ends.
	ExpiresAt Instant `json:"expires_at,omitzero"`
}

// SubscriptionCancelled says that the customer ended a subscription (KA-06).
type SubscriptionCancelled struct {
	// SubscriptionID is the id of the subscription.
	SubscriptionID string `json:"subscription_id" rule:"required,id"`
	// Reason is why the customer ended it, as a short code or phrase that reports group by.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// TermsGranted says that the customer got special terms for a time (KA-05).
type TermsGranted struct {
	// TermsID is the id of the terms.
	TermsID string `json:"terms_id" rule:"required,id"`
	// ExpiresAt is when the terms end.
	ExpiresAt Instant `json:"expires_at" rule:"required"`
	// Description is what was granted.
	Description string `json:"description,omitzero"`
}
