package domain

// CustomersTopic is the name of the compacted topic that has one CustomerState for each customer.
const CustomersTopic = "rapport.customers"

// CustomerState is what a customer is now: one record for each customer, keyed by the customer, and replaced by the next.
type CustomerState struct {
	// ID is the customer.
	ID string `json:"id" rule:"required,id"`
	// Version is the number of events of the customer that were accepted.
	Version int64 `json:"version" rule:"required,min=0"`
	// Sequence is the place among the states of this customer: 18 digits, so that a later one is greater as text. The
	// first six are the era of the views, the others the offset after the one of the position.
	Sequence string `json:"sequence" rule:"required,id"`
	// Position is the last record of the event log that the state reflects, as partition:offset.
	Position string `json:"position" rule:"required,id"`
	// AsOf is the time of the customer: the newest event, or the last timer that fired when that was later.
	AsOf Instant `json:"as_of" rule:"required"`
	// PolicyVersion is the version of the policy that was in force when the state was published.
	PolicyVersion string `json:"policy_version" rule:"required,id"`

	// Name is the name of the customer; absent when none is known.
	Name string `json:"name,omitzero" personal:"true"`
	// OrgUnit is the path of the organisation unit that has the customer; absent when none is known.
	OrgUnit string `json:"org_unit,omitzero"`
	// Owners is the employees who follow the customer.
	Owners []string `json:"owners,omitempty"`
	// Stage is the stage of the lifecycle.
	Stage string `json:"stage" rule:"required,oneof=none prospect growth maturity decline termination"`
	// Since is when the customer entered the stage; absent before the lifecycle has started.
	Since Instant `json:"since,omitzero"`
	// Reason is the rule that brought the customer there, for example "silence".
	Reason string `json:"reason" rule:"required,id"`
	// Inferred is whether nobody reported the end and silence alone stands for it.
	Inferred bool `json:"inferred,omitzero"`
	// WonBack is whether the customer came back from decline or termination.
	WonBack bool `json:"won_back,omitzero"`
	// Risk is the level of the open churn warning, low without one.
	Risk string `json:"risk" rule:"required,oneof=low watch high critical"`
	// ValueClass is the class of value; absent without one.
	ValueClass string `json:"value_class,omitzero"`
	// Purchases is the number of purchases.
	Purchases int64 `json:"purchases" rule:"required,min=0"`
	// Sums is the trade by currency.
	Sums []CurrencySum `json:"sums,omitempty"`
	// LastPurchaseAt is when the customer bought last; absent for one who never did.
	LastPurchaseAt Instant `json:"last_purchase_at,omitzero"`
	// LastContactAt is when customer and firm were in touch last; absent when they never were.
	LastContactAt Instant `json:"last_contact_at,omitzero"`
	// LastEventAt is when the newest event happened.
	LastEventAt Instant `json:"last_event_at,omitzero"`
	// OpenMatters is the number of matters that are not settled.
	OpenMatters int64 `json:"open_matters" rule:"required,min=0"`
	// Parked is whether records of the customer wait because the fold of one of them broke down: this is how the customer
	// was before it.
	Parked bool `json:"parked,omitzero"`
}

// CurrencySum is the trade of a customer in one currency, in its minor units.
type CurrencySum struct {
	// Currency is an ISO 4217 code.
	Currency string `json:"currency" rule:"required,currency"`
	// PurchasedMinor is the sum of all purchases.
	PurchasedMinor int64 `json:"purchased_minor" rule:"required"`
	// ReturnedMinor is the sum of all returns.
	ReturnedMinor int64 `json:"returned_minor" rule:"required"`
}

// CustomerStateType describes CustomerState. It is neither an event type nor one of derived events: its records are plain
// JSON without an envelope. Decoder.Decode reads it. The type is shared and must not be changed.
func CustomerStateType() *Type { return catalogue().state }
