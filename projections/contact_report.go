package projections

import (
	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// ContactFilter selects what a report on contacts covers. Zero fields select everything.
type ContactFilter struct {
	// From and To are the months covered, both inclusive.
	From, To domain.Month
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	// Employee selects the contacts, attempts and collisions of one employee.
	Employee string
}

// Cells returns the filter of the cells that the report is made of.
func (f ContactFilter) Cells() CellFilter {
	return CellFilter{
		Kinds: []CellKind{CellContact, CellAttempt, CellCollision}, From: f.From, To: f.To, OrgUnit: f.OrgUnit, Employee: f.Employee,
	}
}

// ContactReport says who was in touch with whom, how and about what, month by month (IC-02, IC-14, IC-16, IC-18, ID-09). Its
// JSON form is part of the public contract.
type ContactReport struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	// Inbound are the contacts that customers started, Outbound those that the firm started.
	Inbound  ContactTable `json:"inbound"`
	Outbound ContactTable `json:"outbound"`
	// OutboundShare is the share of the contacts that the firm started, null without any.
	OutboundShare *float64 `json:"outbound_share"`
	// WithGoal counts the outbound contacts with a stated goal, GoalShare is their share, null without any.
	WithGoal  int64    `json:"with_goal"`
	GoalShare *float64 `json:"goal_share"`
	// Channels are in the order of their names.
	Channels []ContactChannel `json:"channels"`
	Attempts AttemptCount     `json:"attempts"`
	// Collisions counts the calls that came too soon after somebody else's; those of an employee, when the filter names one,
	// are the later calls.
	Collisions int64 `json:"collisions"`
	// Employees are those with contacts, attempts or collisions, in the order of their ids.
	Employees     []EmployeeContacts `json:"employees"`
	PolicyVersion string             `json:"policy_version"`
}

// ContactTable counts contacts of one direction by category and by month. The categories of each month sum to its total,
// and the months to the whole.
type ContactTable struct {
	Total int64 `json:"total"`
	// Categories are in the order of their totals, the greatest first.
	Categories []CategoryCount `json:"categories"`
	// Months are all months from the first to the last with a contact in either direction.
	Months []ContactMonth `json:"months"`
}

// CategoryCount counts the contacts of one category, empty for those without one. Share is null in an empty table.
type CategoryCount struct {
	Category string   `json:"category"`
	Count    int64    `json:"count"`
	Share    *float64 `json:"share"`
}

// ContactMonth counts the contacts of a month by category.
type ContactMonth struct {
	Month      domain.Month     `json:"month"`
	Total      int64            `json:"total"`
	Categories map[string]int64 `json:"categories"`
}

// ContactChannel counts what went through one channel. Attempts are those in vain.
type ContactChannel struct {
	Channel  string `json:"channel"`
	Inbound  int64  `json:"inbound"`
	Outbound int64  `json:"outbound"`
	Attempts int64  `json:"attempts"`
}

// AttemptCount counts the attempts in vain. ReachedShare is the share of the outbound contacts among these and the
// attempts, null without any.
type AttemptCount struct {
	Total        int64            `json:"total"`
	Outcomes     map[string]int64 `json:"outcomes"`
	ReachedShare *float64         `json:"reached_share"`
}

// EmployeeContacts counts the work of one employee. Collisions are those in which the employee made the later call,
// CollidedWith those in which the employee made the earlier one.
type EmployeeContacts struct {
	Employee     string `json:"employee"`
	Inbound      int64  `json:"inbound"`
	Outbound     int64  `json:"outbound"`
	WithGoal     int64  `json:"with_goal"`
	Attempts     int64  `json:"attempts"`
	Collisions   int64  `json:"collisions"`
	CollidedWith int64  `json:"collided_with"`
}
