package domain

import "encoding/json"

// PartyType says what kind of party a customer is (LC-11).
type PartyType string

// The kinds of party.
const (
	PartyPerson       PartyType = "person"
	PartyOrganisation PartyType = "organisation"
)

func (PartyType) values() []string { return []string{string(PartyPerson), string(PartyOrganisation)} }

// CustomerPurpose says what a customer buys for (ID-03).
type CustomerPurpose string

// The purposes of buying: own use, resale, or the public interest.
const (
	PurposeConsumer     CustomerPurpose = "consumer"
	PurposeIntermediary CustomerPurpose = "intermediary"
	PurposePublic       CustomerPurpose = "public"
)

func (CustomerPurpose) values() []string {
	return []string{string(PurposeConsumer), string(PurposeIntermediary), string(PurposePublic)}
}

// Knowledge says how a fact about a customer is known (CK-02).
type Knowledge string

// The kinds of knowledge: the customer told us, we saw it, or somebody inferred it.
const (
	KnowledgeStated    Knowledge = "stated"
	KnowledgeObserved  Knowledge = "observed"
	KnowledgePredicted Knowledge = "predicted"
)

func (Knowledge) values() []string {
	return []string{string(KnowledgeStated), string(KnowledgeObserved), string(KnowledgePredicted)}
}

// CustomerRegistered says that a customer got a file of their own (LC-11, ID-03).
type CustomerRegistered struct {
	// PartyType is the kind of party: a person or an organisation.
	PartyType PartyType `json:"party_type" rule:"required"`
	// Purpose is what the customer buys for.
	Purpose CustomerPurpose `json:"purpose,omitzero"`
	// Name is what the customer is called.
	Name string `json:"name,omitzero" rule:"len=256" personal:"true"`
	// Attributes are the first facts about the customer, each a string, a number, a boolean or null.
	Attributes json.RawMessage `json:"attributes,omitempty" rule:"scalars" personal:"true"`
}

// CustomerAttributeSet says that a fact about the customer was recorded or replaced (ID-07, CK-02).
type CustomerAttributeSet struct {
	// Name is the name of the attribute, for example "preferred_channel".
	Name string `json:"name" rule:"required,id"`
	// Value is the new value, a string, a number, a boolean, or null to take the attribute away.
	Value json.RawMessage `json:"value" rule:"required,scalar" personal:"true"`
	// Knowledge is how the fact is known. Absent means stated.
	Knowledge Knowledge `json:"knowledge,omitzero"`
}

// CustomerIdentified says that an identifier was found to belong to the customer (ID-13).
type CustomerIdentified struct {
	// Scheme is the kind of identifier, for example "phone", "card" or "plate".
	Scheme string `json:"scheme" rule:"required,id"`
	// Value is the identifier itself.
	Value string `json:"value" rule:"required,id" personal:"true"`
}

// CustomerMerged says that another customer file was found to be the same customer and joins this one (ID-06).
type CustomerMerged struct {
	// Absorbed is the id of the customer file that joins this one.
	Absorbed string `json:"absorbed" rule:"required,id"`
	// Reason is why the two are held to be one customer.
	Reason string `json:"reason,omitzero" personal:"true"`
}

// CustomerUnmerged says that a merge was wrong and the absorbed file stands alone again (ID-06).
type CustomerUnmerged struct {
	// Absorbed is the id of the customer file that leaves this one.
	Absorbed string `json:"absorbed" rule:"required,id"`
	// Reason is why the merge was wrong.
	Reason string `json:"reason,omitzero" personal:"true"`
}

// CustomerOwnerAssigned says that an employee became responsible for the customer (IC-09, KA-02).
type CustomerOwnerAssigned struct {
	// Employee is the id of the employee who is responsible from now on.
	Employee string `json:"employee" rule:"required,id"`
	// Role is the role in which the employee follows the customer, for example "sales" or "service".
	Role string `json:"role,omitzero" rule:"id"`
}

// OwnerLeftCompany is the reason of a release that followed from an employee's leaving the firm (CHN-17).
const OwnerLeftCompany = "left_company"

// CustomerOwnerReleased says that an employee is no longer responsible for the customer (IC-09).
type CustomerOwnerReleased struct {
	// Employee is the id of the employee who was released. Absent means every owner.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Reason is why the employee was released.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// CustomerTransferred says that the customer moved to another organisation unit (ID-10).
type CustomerTransferred struct {
	// To is the path of the organisation unit that has the customer from now on.
	To string `json:"to" rule:"required,id"`
	// From is the path of the organisation unit that had the customer.
	From string `json:"from,omitzero" rule:"id"`
	// Reason is why the customer moved.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// ConsentGiven says that the customer agreed to the use of their data for a purpose (SEC-02).
type ConsentGiven struct {
	// Purpose is what the data may be used for, for example "marketing".
	Purpose string `json:"purpose" rule:"required,id"`
	// ExpiresAt is when the consent ends by itself.
	ExpiresAt Instant `json:"expires_at,omitzero"`
}

// ConsentWithdrawn says that the customer no longer agrees to the use of their data for a purpose (SEC-02).
type ConsentWithdrawn struct {
	// Purpose is what the data may no longer be used for.
	Purpose string `json:"purpose" rule:"required,id"`
}

// CustomerErasureRequested says that the customer asked for their personal data to be erased (SEC-02).
type CustomerErasureRequested struct {
	// RequestID is the id of the request in the books of the privacy office.
	RequestID string `json:"request_id,omitzero" rule:"id"`
	// Reason is the ground of the request.
	Reason string `json:"reason,omitzero" personal:"true"`
}

// CustomerStageOverridden says that a person set the lifecycle stage by hand for a time (LC-02).
type CustomerStageOverridden struct {
	// Stage is the stage the customer is held in.
	Stage string `json:"stage" rule:"required,oneof=prospect growth maturity decline termination"`
	// Reason is why the computed stage does not apply.
	Reason string `json:"reason" rule:"required" personal:"true"`
	// Until is when the override ends. Absent means when the next override comes.
	Until Instant `json:"until,omitzero"`
}
