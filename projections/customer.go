package projections

import (
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Customer is everything the fold keeps about one stream. It is a value: a copy made with = is a valid snapshot,
// because no part ever changes memory that an earlier copy can see; slices and the parts behind pointers are replaced,
// or appended to, never modified in place.
type Customer struct {
	// ID is the subject of the stream.
	ID string
	// Stream recognises duplicates and conflicts and knows where the records are.
	Stream eventstore.Stream
	// Now is the customer's time: the newest occurred_at, or the last timer that fired when that was later.
	Now domain.Instant
	// First is the earliest occurred_at.
	First domain.Instant
	// Last is the newest occurred_at.
	Last domain.Instant
	// Events counts the accepted events that were folded.
	Events int64
	// Touched are the places of the control records that changed the customer, ascending: ticks that fired a timer.
	Touched []int64
	// Parked says that the fold panicked on this customer: its records queue until they are redriven, and its time stands.
	Parked bool
	// class is the class of value: its place among those of the policy from 1, 0 for none.
	class uint8
	// Late counts events that occurred before the customer's time.
	Late int32
	// sent counts the outputs by topic.
	sent [outputTopics]int32
	// batch is the batch of the folder that changed the customer last.
	batch uint64

	Lifecycle Lifecycle
	Trade     Trade
	Matters   Matters
	Profile   *Profile
	Contacts  *Contacts
	unit      unit
	// riskDue is when the risk has to be looked at again although nothing happened, zero when it need not.
	riskDue domain.Instant

	// What few streams have is behind pointers, nil without it.
	Deadlines    *Deadlines
	Satisfaction *Satisfaction
	FollowUps    *FollowUps
	Complaints   *Complaints
	Risk         *Risk
	institution  *institution
}

// institution is what only the streams of organisation units and of employees have.
type institution struct {
	// rectifications and massLosses are those of an organisation unit, departure is that of an employee; nil without any.
	rectifications *Rectifications
	massLosses     *MassLosses
	departure      *Departure
}

// asInstitution returns a copy of what only institutions have, to be changed and put in its place by setInstitution.
func (c *Customer) asInstitution() institution {
	if c.institution == nil {
		return institution{}
	}
	return *c.institution
}

func (c *Customer) setInstitution(i institution) {
	c.institution = nil
	if i != (institution{}) {
		c.institution = &i
	}
}

// OrgUnit returns the path of the organisation unit that has the customer: the one that the newest event names. The stream
// of an organisation unit has its own.
func (c *Customer) OrgUnit() string {
	if path, ok := strings.CutPrefix(c.ID, domain.OrgPrefix); ok {
		return path
	}
	return c.unit.path
}

// NewCustomer returns the state of a stream without events. The id is cloned.
func NewCustomer(id string) *Customer { return &Customer{ID: strings.Clone(id)} }

// IsCustomer reports whether the stream belongs to a customer, and not to an organisation unit or an employee.
func (c *Customer) IsCustomer() bool { return IsCustomer(c.ID) }

// IsCustomer reports whether the stream with this id belongs to a customer, and not to an organisation unit or an
// employee.
func IsCustomer(id string) bool {
	return !strings.HasPrefix(id, "org:") && !strings.HasPrefix(id, employeePrefix)
}
