package projections

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// CaseKind is a kind of case.
type CaseKind string

// The kinds of cases.
const (
	// CaseComplaint is a complaint, open or not.
	CaseComplaint CaseKind = "complaint"
	// CaseDeadline is a deadline whose time runs, or has run out without that it was done.
	CaseDeadline CaseKind = "deadline"
	// CaseRectification is a rectification sheet, open or not.
	CaseRectification CaseKind = "rectification"
	// CaseDeparture is an employee who left.
	CaseDeparture CaseKind = "departure"
	// CaseWarning is the latest churn warning of a customer, open or not.
	CaseWarning CaseKind = "warning"
	// CaseLoss is a loss of a customer, with what was done to win the customer back.
	CaseLoss CaseKind = "loss"
	// CaseMassLoss is a month in which unusually many customers of an organisation unit were lost for one reason.
	CaseMassLoss CaseKind = "mass_loss"
	// CaseForecast is an event that somebody expects of a customer.
	CaseForecast CaseKind = "forecast"
)

// Case is something with a beginning, somebody who holds it and an end, which people list across customers. It follows
// from the state of its stream alone.
type Case struct {
	Kind CaseKind `json:"-"`
	// Customer is the stream that it belongs to.
	Customer string `json:"customer"`
	// ID is unique among the cases of its kind in the stream.
	ID string `json:"id"`
	// OrgUnit is the unit that has the customer.
	OrgUnit string `json:"org_unit,omitempty"`
	// Holder is the id of the employee or department who has it now, as far as it is known.
	Holder string `json:"holder,omitempty"`
	// Topic is what lists of this kind are grouped by: the name of a deadline, the subject of a complaint, an item.
	Topic string `json:"topic,omitempty"`
	// Opened is when it began, Ended when it ended, zero while it is open.
	Opened domain.Instant `json:"opened_at"`
	Ended  domain.Instant `json:"ended_at,omitzero"`
	// Near and Due are when most of its time, and all of it, has passed; zero without a deadline.
	Near domain.Instant `json:"near_at,omitzero"`
	Due  domain.Instant `json:"due_at,omitzero"`
	// Waits is from when on a warning waits for an answer, which lies ahead while it is snoozed; zero when it does not wait
	// for one, and for other kinds.
	Waits domain.Instant `json:"waits_from,omitzero"`
	// Status is what time has made of it by the moment of the answer.
	Status CaseStatus `json:"status"`
	// Detail is what else is known of a case of its kind, as JSON.
	Detail json.RawMessage `json:"detail"`
}

// CaseStatus is where a case stands by a moment.
type CaseStatus string

// The states of a case.
const (
	CaseOpen    CaseStatus = "open"
	CaseNear    CaseStatus = "near"
	CaseOverdue CaseStatus = "overdue"
	CaseEnded   CaseStatus = "ended"
)

// StatusAt returns where the case stands at the given instant.
func (c *Case) StatusAt(at domain.Instant) CaseStatus {
	switch {
	case c.Ended != 0:
		return CaseEnded
	case c.Due != 0 && at >= c.Due:
		return CaseOverdue
	case c.Near != 0 && at >= c.Near:
		return CaseNear
	default:
		return CaseOpen
	}
}

// CaseRef names a case that changed.
type CaseRef struct {
	Customer string
	Kind     CaseKind
	ID       string
}

// touch says that a case of the customer came, changed or went.
func (e *Effects) touch(c *Customer, kind CaseKind, id string) {
	e.Cases = append(e.Cases, CaseRef{Customer: c.ID, Kind: kind, ID: id})
}

// MovesInSilence reports whether time alone brings, changes or ends cases of the kind, beyond their status. Their lists are
// made of the streams as silence has made them by then.
func (k CaseKind) MovesInSilence() bool { return k == CaseWarning || k == CaseLoss }

// Cases returns the cases of the stream of one kind, in the order of their ids. Status is left empty.
func (c *Customer) Cases(kind CaseKind) []Case {
	var cases []Case
	switch kind {
	case CaseComplaint:
		cases = c.complaintCases()
	case CaseDeadline:
		cases = c.deadlineCases()
	case CaseRectification:
		cases = c.sheets()
	case CaseDeparture:
		cases = c.asInstitution().departure.cases()
	case CaseWarning:
		cases = c.warnings()
	case CaseLoss:
		cases = c.Risk.losses()
	case CaseMassLoss:
		cases = c.asInstitution().massLosses.cases()
	case CaseForecast:
		cases = c.forecastCases()
	}
	for i := range cases {
		cases[i].Kind, cases[i].Customer = kind, c.ID
		if cases[i].Detail == nil {
			cases[i].Detail = json.RawMessage("{}")
		}
		if cases[i].OrgUnit == "" {
			cases[i].OrgUnit = c.OrgUnit()
		}
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.ID, b.ID) })
	return cases
}

// touchAll says that all cases of the customer changed.
func (e *Effects) touchAll(c *Customer) {
	if c.Complaints != nil {
		c.Complaints.touch(c, e)
	}
	if c.Deadlines != nil {
		for i := range c.Deadlines.Open {
			e.touch(c, CaseDeadline, c.Deadlines.Open[i].caseID())
		}
	}
	if w := c.lastWarning(); w != nil {
		e.touch(c, CaseWarning, w.ID)
	}
	for _, x := range c.Risk.losses() {
		e.touch(c, CaseLoss, x.ID)
	}
	institution := c.asInstitution()
	for _, x := range institution.massLosses.cases() {
		e.touch(c, CaseMassLoss, x.ID)
	}
	for _, x := range c.Trade.ledger().forecasts {
		e.touch(c, CaseForecast, x.id)
	}
	for _, x := range institution.departure.cases() {
		e.touch(c, CaseDeparture, x.ID)
	}
}

// CaseKinds returns all kinds of cases.
func CaseKinds() []CaseKind {
	return []CaseKind{CaseComplaint, CaseDeadline, CaseRectification, CaseDeparture, CaseWarning, CaseLoss, CaseMassLoss, CaseForecast}
}
