package projections

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// employeePrefix begins the ids of the streams of employees.
const employeePrefix = "employee:"

// Departure says when an employee left the firm (CHN-17): once, or several times when the employee came back in between. A
// Departure is replaced, never changed.
type Departure struct {
	// employee is the id of the employee.
	employee string
	// leavings are in the order of their dates.
	leavings []leaving
}

// leaving is one employee.left.
type leaving struct {
	at        domain.Instant
	event     string
	successor string
	reason    string
}

// applyDeparture notes that the employee left. The case that it makes stays open: what follows from it is told to the
// customers of the employee, in whose streams it shows.
func (f *Fold) applyDeparture(c *Customer, e *Entry, out *Effects) {
	d, ok := e.Data.(*domain.EmployeeLeft)
	employee, is := strings.CutPrefix(c.ID, employeePrefix)
	if !ok || !is {
		return
	}
	f.applyUnit(c, e.Event.OrgUnit, e, out)
	left := leaving{at: e.Event.Time, event: e.id(), successor: strings.Clone(d.Successor), reason: strings.Clone(d.Reason)}
	departure := &Departure{employee: employee}
	institution := c.asInstitution()
	if institution.departure != nil {
		departure.leavings = slices.Clone(institution.departure.leavings)
	}
	i, _ := slices.BinarySearchFunc(departure.leavings, left, func(a, b leaving) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.event, b.event))
	})
	departure.leavings = slices.Insert(departure.leavings, i, left)
	institution.departure = departure
	c.setInstitution(institution)
	out.touch(c, CaseDeparture, left.event)
}

// cases returns a case for each time the employee left. Its id is that of the event.
func (d *Departure) cases() []Case {
	if d == nil {
		return nil
	}
	var cases []Case
	for _, left := range d.leavings {
		detail, err := json.Marshal(DepartureDetail{Successor: left.successor, Reason: left.reason})
		if err != nil {
			continue // two strings always marshal
		}
		cases = append(cases, Case{ID: left.event, Holder: d.employee, Topic: left.reason, Opened: left.at, Detail: detail})
	}
	return cases
}

// DepartureDetail is the detail of a case of an employee who left.
type DepartureDetail struct {
	// Successor is the employee who was named to take over the customers.
	Successor string `json:"successor,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

func codeDeparture(k *coder, d *Departure) {
	k.string(&d.employee)
	list(k, &d.leavings, func(k *coder, left *leaving) {
		k.instant(&left.at)
		k.string(&left.event)
		k.string(&left.successor)
		k.string(&left.reason)
	})
}
