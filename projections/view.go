package projections

import (
	"encoding/json"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// CustomerView is one customer as people see it. Its JSON form is part of the public contract.
type CustomerView struct {
	ID      string         `json:"id"`
	Version int64          `json:"version"`
	AsOf    domain.Instant `json:"as_of"`
	// Stage is the stage of Lifecycle, at the place where lists of customers have it too.
	Stage domain.Stage `json:"stage"`
	// Position is where the newest accepted record of the customer is.
	Position  eventstore.Position  `json:"position"`
	Positions eventstore.Positions `json:"positions"`

	Lifecycle LifecycleView `json:"lifecycle"`
	Profile   ProfileView   `json:"profile"`
	Trade     TradeView     `json:"trade"`
	// Risk is the churn risk, null without a relationship.
	Risk *RiskView `json:"risk"`
	// Warning is the open churn warning, or the latest one; null without one.
	Warning *WarningView `json:"warning"`
	// Value is what the customer is worth.
	Value    ValueView    `json:"value"`
	Contacts ContactsView `json:"contacts"`
	Matters  []Matter     `json:"open_matters"`
	// Complaints are all complaints, open or not.
	Complaints []ComplaintView `json:"complaints"`
	// Losses are the times the customer was lost, and what was done about it.
	Losses []LossView `json:"losses"`
	// Deadlines are those whose time runs and those that were missed and are not done yet, in the order in which they are due.
	Deadlines []DeadlineView `json:"deadlines"`
	// Satisfaction are the latest answers to each questionnaire from each source.
	Satisfaction []SurveyView `json:"satisfaction"`

	FirstEventAt  domain.Instant `json:"first_event_at"`
	LastEventAt   domain.Instant `json:"last_event_at"`
	LateEvents    int64          `json:"late_events"`
	PolicyVersion string         `json:"policy_version"`
	// Parked says that records of the customer wait because the fold of one of them broke down: this is how the customer
	// was before it.
	Parked bool `json:"parked"`
}

// LifecycleView is a customer's stage with its reason, how it came about and what silence will bring.
type LifecycleView struct {
	Stage domain.Stage   `json:"stage"`
	Since domain.Instant `json:"since"`
	// StartedAt is the beginning of the lifecycle: the earliest thing known of customer and firm (LC-01).
	StartedAt domain.Instant `json:"started_at"`
	Reason    Reason         `json:"reason"`
	Inferred  bool           `json:"inferred"`
	WonBack   bool           `json:"won_back"`
	Evidence  []string       `json:"evidence"`
	// Path is the acquisition path of LC-03: stranger, prospect, signed, cared_for.
	Path string `json:"path"`
	// RelationshipLevel is 1 to 5 (LC-07).
	RelationshipLevel int `json:"relationship_level"`
	// EndedAt is when the relationship was reported to have ended while matters are open.
	EndedAt  domain.Instant `json:"ended_unsettled_at,omitzero"`
	Override *Override      `json:"override,omitempty"`
	Moves    []Move         `json:"moves"`
	// Outlook are the moves that silence alone would bring.
	Outlook []Move `json:"outlook"`
}

// ProfileView is who the customer is.
type ProfileView struct {
	PartyType string   `json:"party_type,omitempty"`
	Purpose   string   `json:"purpose,omitempty"`
	Name      string   `json:"name,omitempty"`
	OrgUnit   string   `json:"org_unit,omitempty"`
	Owners    []string `json:"owners"`
	// Ownerships are who followed the customer and when, those who do now among them.
	Ownerships       []Ownership      `json:"ownerships"`
	Attributes       []AttributeView  `json:"attributes"`
	Identifiers      []IdentifierView `json:"identifiers"`
	Consents         []ConsentView    `json:"consents"`
	Absorbed         []string         `json:"absorbed,omitempty"`
	ErasureRequested domain.Instant   `json:"erasure_requested_at,omitzero"`
}

// AttributeView is one fact about a customer.
type AttributeView struct {
	Name      string          `json:"name"`
	Value     json.RawMessage `json:"value"`
	Knowledge string          `json:"knowledge"`
	At        domain.Instant  `json:"at"`
}

// IdentifierView is a name of the customer in another scheme.
type IdentifierView struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
}

// ConsentView says whether data may be used for a purpose.
type ConsentView struct {
	Purpose string         `json:"purpose"`
	Given   bool           `json:"given"`
	At      domain.Instant `json:"at"`
}

// TradeView is what the customer bought. Sums are in minor units; gaps and silence are in days.
type TradeView struct {
	Purchases       int64          `json:"purchases"`
	Returns         int64          `json:"returns"`
	Quantity        int64          `json:"quantity"`
	Sums            []CurrencyView `json:"sums"`
	Occasions       int            `json:"occasions"`
	FirstPurchaseAt domain.Instant `json:"first_purchase_at"`
	LastPurchaseAt  domain.Instant `json:"last_purchase_at"`
	// UsualGapDays is the usual gap of LC-02, LastGapDays the last one between two occasions (SV-04).
	UsualGapDays  float64    `json:"usual_gap_days"`
	LastGapDays   *int64     `json:"last_gap_days"`
	SilenceDays   *float64   `json:"silence_days"`
	Contracts     int32      `json:"contracts"`
	Subscriptions []string   `json:"subscriptions"`
	Renewals      int32      `json:"renewals"`
	Referrals     int32      `json:"referrals"`
	Costs         []CostView `json:"costs"`
}

// CurrencyView sums the trade in one currency.
type CurrencyView struct {
	Currency       string `json:"currency"`
	PurchasedMinor int64  `json:"purchased_minor"`
	ReturnedMinor  int64  `json:"returned_minor"`
}

// CostView sums the costs of one kind.
type CostView struct {
	Kind     string `json:"kind"`
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
}

// CustomerItem is one line of a list of customers.
type CustomerItem struct {
	ID      string         `json:"id"`
	Version int64          `json:"version"`
	Name    string         `json:"name,omitempty"`
	OrgUnit string         `json:"org_unit,omitempty"`
	Owners  []string       `json:"owners"`
	Stage   domain.Stage   `json:"stage"`
	Since   domain.Instant `json:"since"`
	// Risk is the level of the open churn warning, low without one.
	Risk domain.RiskLevel `json:"risk"`
	// ValueClass is the class of value, empty without one.
	ValueClass     string         `json:"value_class,omitempty"`
	Purchases      int64          `json:"purchases"`
	Sums           []CurrencyView `json:"sums"`
	LastPurchaseAt domain.Instant `json:"last_purchase_at"`
	LastContactAt  domain.Instant `json:"last_contact_at"`
	LastEventAt    domain.Instant `json:"last_event_at"`
	OpenMatters    int            `json:"open_matters"`
}
