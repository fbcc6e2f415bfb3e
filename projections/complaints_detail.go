package projections

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// ComplaintDetail is what is known of a complaint beyond its case: the Detail of a case of kind CaseComplaint. Its JSON
// form is part of the public contract. What is not known is null.
type ComplaintDetail struct {
	// Status is the furthest step since the complaint was filed or opened again.
	Status ComplaintStep `json:"status"`
	// FiledAt is when it was filed, null while only other events name it.
	FiledAt domain.Instant `json:"filed_at"`
	ComplaintFiling
	// Apology says whether the firm apologised, which says nothing of the validity.
	Apology *bool `json:"apology"`
	// Agreed says whether the customer agreed with the firm's words for the complaint.
	Agreed *bool `json:"agreed"`
	// Valid is the decision in force on whether the complaint stands, Decisions counts them, Reversals those that were
	// unlike the one before (CMP-10).
	Valid     *bool `json:"valid"`
	Decisions int   `json:"decisions"`
	Reversals int   `json:"reversals"`
	// Side and Cause are the cause found last.
	Side  string `json:"side,omitempty"`
	Cause string `json:"cause,omitempty"`
	// Custody is who has it and had it.
	Custody ComplaintCustody `json:"custody"`
	// Rounds are the times it was open, Reopened counts those after the first.
	Rounds   []ComplaintRound `json:"rounds"`
	Reopened int              `json:"reopened"`
	// HandlingSeconds is the time from the filing to the resolution in force, null while it is open.
	HandlingSeconds *float64           `json:"handling_seconds"`
	Compensation    []ComplaintCost    `json:"compensation"`
	Measures        []ComplaintMeasure `json:"measures"`
	Similar         []ComplaintLink    `json:"similar"`
	// RecurrenceOf is the customer's complaint of the same subject after which a preventive measure was taken before this
	// one was filed (CMP-13).
	RecurrenceOf string `json:"recurrence_of,omitempty"`
	// Skipped are the steps of the full way that were left out: those before the furthest one that was reached.
	Skipped []ComplaintStep `json:"skipped"`
	// Steps are all steps in the order in which they occurred.
	Steps []ComplaintStepView `json:"steps"`
}

// ComplaintCustody is who has a complaint.
type ComplaintCustody struct {
	// Pending says that the last hand-over was neither accepted nor given back, Orphaned that the complaint is open and
	// nobody is known to have it.
	Pending  bool `json:"pending"`
	Orphaned bool `json:"orphaned"`
	// HandedOver counts the hand-overs, Returned those given back, PingPong the times it came to somebody who had had it.
	HandedOver int                `json:"handed_over"`
	Returned   int                `json:"returned"`
	PingPong   int                `json:"ping_pong"`
	Holdings   []ComplaintHolding `json:"holdings"`
}

// ComplaintCost sums the compensation in one currency, in minor units; Times counts what was given. The currency is empty
// for what was given without an amount.
type ComplaintCost struct {
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
	Times    int64  `json:"times"`
}

// ComplaintMeasure is a preventive measure that a complaint gave rise to. It holds for OrgUnit and what is below it, or
// for the unit that has the customer.
type ComplaintMeasure struct {
	Measure string         `json:"measure"`
	OrgUnit string         `json:"org_unit,omitempty"`
	At      domain.Instant `json:"at"`
	Event   string         `json:"event"`
}

// ComplaintLink names an earlier complaint about the same thing. An empty customer is the one of the complaint itself.
type ComplaintLink struct {
	Customer  string `json:"customer,omitempty"`
	Complaint string `json:"complaint"`
}

// ComplaintStepView is one step as people see it.
type ComplaintStepView struct {
	Step  ComplaintStep  `json:"step"`
	At    domain.Instant `json:"at"`
	Event string         `json:"event"`
	// Who is the employee or department that the step names, What its reason, cause, channel or measure.
	Who  string `json:"who,omitempty"`
	What string `json:"what,omitempty"`
	// Yes is what the step says of yes or no: apologised, agreed, valid, satisfied.
	Yes *bool `json:"yes,omitempty"`
	// OutOfTurn says that the complaint was not in a state for this step at its instant.
	OutOfTurn bool `json:"out_of_turn,omitempty"`
}

// Complaint returns the detail of a case of kind CaseComplaint.
func (c *Case) Complaint() (*ComplaintDetail, error) {
	d := new(ComplaintDetail)
	if err := json.Unmarshal(c.Detail, d); err != nil {
		return nil, fmt.Errorf("read complaint %s of customer %s: %w", c.ID, c.Customer, err)
	}
	return d, nil
}

// ComplaintView is a complaint in the view of its customer.
type ComplaintView struct {
	ID string `json:"id"`
	// Holder is the employee or department who has it now, or had it last.
	Holder   string         `json:"holder,omitempty"`
	OpenedAt domain.Instant `json:"opened_at"`
	EndedAt  domain.Instant `json:"ended_at,omitzero"`
	// NearAt and DueAt are those of the deadline "complaint" while it is open.
	NearAt domain.Instant `json:"near_at,omitzero"`
	DueAt  domain.Instant `json:"due_at,omitzero"`
	// Status is what time has made of it.
	Status CaseStatus      `json:"status"`
	Detail ComplaintDetail `json:"detail"`
}

// complaintViews returns the complaints as of the given instant, in the order of their ids.
func (c *Customer) complaintViews(at domain.Instant) []ComplaintView {
	views := []ComplaintView{}
	c.eachComplaint(func(x Case, d *ComplaintDetail) {
		views = append(views, ComplaintView{
			ID: x.ID, Holder: x.Holder, OpenedAt: x.Opened, EndedAt: x.Ended, NearAt: x.Near, DueAt: x.Due,
			Status: x.StatusAt(at), Detail: *d,
		})
	})
	return views
}

// complaintCases returns the complaints as cases.
func (c *Customer) complaintCases() []Case {
	var cases []Case
	c.eachComplaint(func(x Case, d *ComplaintDetail) {
		text, err := json.Marshal(d)
		if err != nil {
			panic("projections: the detail of a complaint is no JSON: " + err.Error()) // it holds texts, numbers and times only
		}
		x.Detail = text
		cases = append(cases, x)
	})
	return cases
}

// complaintDeadline is the kind of deadline whose time is that of a complaint.
const complaintDeadline = "complaint"

// eachComplaint calls yield for each complaint with its case, which has no detail yet, and its detail.
func (c *Customer) eachComplaint(yield func(Case, *ComplaintDetail)) {
	if c.Complaints == nil {
		return
	}
	courses := make([]*course, len(c.Complaints.all))
	for i, y := range c.Complaints.all {
		courses[i] = y.course(endOfTime)
	}
	measures := c.Complaints.measures(courses)
	for i, y := range c.Complaints.all {
		k := courses[i]
		opened := k.filed
		if opened == 0 {
			opened = y.steps[0].at
		}
		x := Case{ID: y.ID, Holder: k.holder, Topic: k.filing.Subject, Opened: opened, Ended: k.round().ResolvedAt}
		if i := c.Deadlines.find(complaintDeadline, y.ID); i >= 0 && x.Ended == 0 {
			x.Near, x.Due = c.Deadlines.Open[i].Near, c.Deadlines.Open[i].Due
		}
		detail := k.detail(y)
		detail.RecurrenceOf = recurrence(measures, k)
		yield(x, detail)
	}
}

// detail returns what people see of the complaint.
func (k *course) detail(y *Complaint) *ComplaintDetail {
	d := &ComplaintDetail{
		Status: k.status, FiledAt: k.filed, ComplaintFiling: k.filing,
		Apology: k.apology.optional(), Agreed: k.agreed.optional(),
		Valid: k.valid.optional(), Decisions: k.decisions, Reversals: k.reversals, Side: k.side, Cause: k.cause,
		Custody: ComplaintCustody{
			Pending: k.pending, Orphaned: k.phase == phaseOpen && k.holder == "",
			HandedOver: k.given, Returned: k.returned, PingPong: k.pingPong, Holdings: orEmpty(k.holdings),
		},
		Rounds: orEmpty(k.rounds), Reopened: max(0, len(k.rounds)-1),
		Compensation: orEmpty(k.compensation), Measures: orEmpty(k.measures), Similar: orEmpty(k.similar),
		Skipped: k.skipped(), Steps: make([]ComplaintStepView, len(y.steps)),
	}
	if k.filed != 0 && k.phase == phaseResolved {
		d.HandlingSeconds = new(seconds(k.round().ResolvedAt - k.filed))
	}
	for i := range y.steps {
		s := &y.steps[i]
		d.Steps[i] = ComplaintStepView{
			Step: s.kind, At: s.at, Event: s.event, Who: s.who, What: s.what, Yes: s.yes.optional(), OutOfTurn: !k.inTurn[i],
		}
	}
	return d
}

// seconds returns a length of time in seconds.
func seconds(d domain.Instant) float64 { return float64(d) / float64(domain.Second) }

// adopted is a measure that a complaint of the customer gave rise to.
type adopted struct {
	complaint, subject string
	at                 domain.Instant
}

// measures returns the measures that the complaints with these courses gave rise to, in the order of their time.
func (x *Complaints) measures(courses []*course) []adopted {
	var list []adopted
	for i, k := range courses {
		for _, m := range k.measures {
			list = append(list, adopted{complaint: x.all[i].ID, subject: k.filing.Subject, at: m.At})
		}
	}
	slices.SortStableFunc(list, func(a, b adopted) int { return cmp.Compare(a.at, b.at) })
	return list
}

// recurrence returns the complaint of the same subject that gave rise to the last measure before the one of the given
// course was filed; empty when there is none.
func recurrence(measures []adopted, k *course) string {
	if k.filed == 0 || k.filing.Subject == "" {
		return ""
	}
	for _, m := range slices.Backward(measures) {
		if m.at < k.filed && m.subject == k.filing.Subject {
			return m.complaint
		}
	}
	return ""
}
