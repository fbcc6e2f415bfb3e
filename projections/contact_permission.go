package projections

import "github.com/rapport-crm/rapport/domain"

// ConsentContact is the purpose of the consent to be contacted.
const ConsentContact = "contact"

// MayContact says whether an employee may contact a customer (IC-07). Its JSON form is part of the public contract.
type MayContact struct {
	Customer string `json:"customer"`
	Employee string `json:"employee,omitempty"`
	// At is the moment asked about.
	At  domain.Instant `json:"at"`
	May bool           `json:"may"`
	// Reasons say why not.
	Reasons []ContactReason `json:"reasons"`
	// NextAt is when the reasons are over: At when there are none, null when there is one that time does not end.
	NextAt      domain.Instant `json:"next_at"`
	LastContact *Contact       `json:"last_contact"`
	Lease       *Lease         `json:"lease"`
}

// ContactReason is a reason not to contact a customer.
type ContactReason struct {
	Code ContactCode `json:"code"`
	// Employee is whose contact or intention it is.
	Employee string         `json:"employee,omitempty"`
	Since    domain.Instant `json:"since"`
	// Until is when it is over, null for never.
	Until domain.Instant `json:"until"`
	Event string         `json:"event,omitempty"`
}

// ContactCode says what kind of reason there is not to contact a customer.
type ContactCode string

// The reasons: another employee made the last call within the collision gap; another employee is about to make one; the
// customer does not want to be contacted.
const (
	ContactGapRuns          ContactCode = "collision_gap"
	ContactIntended         ContactCode = "intention"
	ContactConsentWithdrawn ContactCode = "consent_withdrawn"
)

// MayContact says whether the employee may contact the customer at the given instant, from AsOf of the view on; zero
// stands for AsOf. For an empty employee every call and intention is another's. What it calls a collision gap is what the
// fold counts as a collision when the contact is made all the same.
func (v *CustomerView) MayContact(employee string, at domain.Instant) *MayContact {
	if at == 0 {
		at = v.AsOf
	}
	m := &MayContact{
		Customer: v.ID, Employee: employee, At: at, NextAt: at, Reasons: []ContactReason{},
		LastContact: v.Contacts.Last, Lease: v.Contacts.Lease,
	}
	anothers := func(by string) bool { return employee == "" || by != employee }
	if g := v.Contacts.Gap; g != nil && g.Until > at && anothers(g.Employee) {
		m.add(ContactReason{ContactGapRuns, g.Employee, g.Since, g.Until, g.Event})
	}
	if l := m.Lease; l != nil && l.Until > at && anothers(l.Employee) {
		m.add(ContactReason{ContactIntended, l.Employee, l.Since, l.Until, l.Event})
	}
	for _, c := range v.Profile.Consents {
		if c.Purpose == ConsentContact && !c.Given {
			m.add(ContactReason{Code: ContactConsentWithdrawn, Since: c.At})
		}
	}
	m.May = len(m.Reasons) == 0
	return m
}

// add adds a reason, with one that never ends after the others.
func (m *MayContact) add(r ContactReason) {
	m.Reasons = append(m.Reasons, r)
	if r.Until == 0 {
		m.NextAt = 0
		return
	}
	m.NextAt = max(m.NextAt, r.Until)
}
