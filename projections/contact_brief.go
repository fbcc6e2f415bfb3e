package projections

import (
	"encoding/json"

	"github.com/rapport-crm/rapport/domain"
)

// Brief is what an employee reads before a call (IC-08): who the customer is, what was said last, and what is open. Its JSON
// form is part of the public contract.
type Brief struct {
	Customer string         `json:"customer"`
	Name     string         `json:"name,omitempty"`
	OrgUnit  string         `json:"org_unit,omitempty"`
	AsOf     domain.Instant `json:"as_of"`
	Stage    domain.Stage   `json:"stage"`
	Owners   []string       `json:"owners"`
	// RelationshipLevel is 1 to 5 (LC-07).
	RelationshipLevel int `json:"relationship_level"`
	// Contacts are the last contacts, the newest first. Without the log only the last one is known.
	Contacts     []Contact    `json:"contacts"`
	Lease        *Lease       `json:"lease"`
	Gap          *ContactGap  `json:"gap"`
	Reachability Reachability `json:"reachability"`
	// PreferredChannel is the channel that the customer prefers, empty when it is not known (IC-12).
	PreferredChannel string `json:"preferred_channel,omitempty"`
	// Matters are all that is open, Promises those of them that were promised and not kept.
	Matters  []Matter       `json:"open_matters"`
	Promises []BriefPromise `json:"open_promises"`
	// Complaints are those that are not resolved.
	Complaints []ComplaintView `json:"open_complaints"`
	// Satisfaction are the latest answers of the customer.
	Satisfaction []SurveyView `json:"satisfaction"`
}

// BriefPromise is a promise that was not kept yet.
type BriefPromise struct {
	Matter
	// DueAt is when it is to be kept, null when no deadline "promise" runs.
	DueAt domain.Instant `json:"due_at"`
}

// AttributePreferredChannel is the attribute that names the channel a customer prefers.
const AttributePreferredChannel = "preferred_channel"

// NewBrief returns the brief on a customer.
func NewBrief(v *CustomerView) *Brief {
	b := &Brief{
		Customer: v.ID, Name: v.Profile.Name, OrgUnit: v.Profile.OrgUnit, AsOf: v.AsOf, Stage: v.Stage, Owners: orEmpty(v.Profile.Owners),
		RelationshipLevel: v.Lifecycle.RelationshipLevel, Contacts: []Contact{}, Lease: v.Contacts.Lease, Gap: v.Contacts.Gap,
		Reachability: v.Contacts.Reachability, Matters: orEmpty(v.Matters), Promises: []BriefPromise{}, Complaints: []ComplaintView{},
		Satisfaction: orEmpty(v.Satisfaction),
	}
	if v.Contacts.Last != nil {
		b.Contacts = append(b.Contacts, *v.Contacts.Last)
	}
	for _, m := range v.Matters {
		if m.Kind == MatterPromise {
			b.Promises = append(b.Promises, BriefPromise{m, v.promiseDue(m.ID)})
		}
	}
	for _, c := range v.Complaints {
		if c.EndedAt == 0 {
			b.Complaints = append(b.Complaints, c)
		}
	}
	for _, a := range v.Profile.Attributes {
		if a.Name == AttributePreferredChannel && json.Unmarshal(a.Value, &b.PreferredChannel) != nil {
			b.PreferredChannel = "" // the attribute is no text
		}
	}
	return b
}

// promiseDue returns when a promise is to be kept, zero when it is not known.
func (v *CustomerView) promiseDue(id string) domain.Instant {
	for _, d := range v.Deadlines {
		if d.Kind == string(MatterPromise) && d.ID == id {
			return d.DueAt
		}
	}
	return 0
}
