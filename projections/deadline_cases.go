package projections

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// caseID returns the id of the deadline among all those of its stream.
func (d *Deadline) caseID() string { return d.Kind + "/" + d.ID }

// touch says that the case of the deadline changed, and that of the complaint whose time it is.
func (d *Deadline) touch(c *Customer, out *Effects) {
	out.touch(c, CaseDeadline, d.caseID())
	if d.Kind == complaintDeadline && c.Complaints.find(d.ID) != nil {
		out.touch(c, CaseComplaint, d.ID)
	}
}

// time says which time counts.
func (d *Deadline) time() domain.DeadlineTime {
	if d.working {
		return domain.DeadlineWorking
	}
	return domain.DeadlineElapsed
}

// DeadlineDetail is what a list of deadlines shows beside what every case has.
type DeadlineDetail struct {
	// ID is that of what has to be done.
	ID string `json:"id"`
	// StartedBy is the id of the event that started it.
	StartedBy string `json:"started_by"`
	// Time says which time counts.
	Time domain.DeadlineTime `json:"time"`
}

// deadlineCases returns the open deadlines of the stream. Whether one is missed follows from the moment of the answer,
// also when its timer has not fired yet.
func (c *Customer) deadlineCases() []Case {
	if c.Deadlines == nil {
		return nil
	}
	cases := make([]Case, len(c.Deadlines.Open))
	for i := range c.Deadlines.Open {
		d := &c.Deadlines.Open[i]
		detail, err := json.Marshal(DeadlineDetail{ID: d.ID, StartedBy: d.Event, Time: d.time()})
		if err != nil {
			panic("projections: texts do not marshal: " + err.Error())
		}
		cases[i] = Case{
			ID: d.caseID(), Holder: c.responsible(d, ""), Topic: d.Kind, Opened: d.Started, Near: d.Near, Due: d.Due, Detail: detail,
		}
	}
	return cases
}

// DeadlineView is a deadline of a customer whose time runs, or that was missed and is not done yet.
type DeadlineView struct {
	// Kind is its name in the policy, ID that of what has to be done.
	Kind string `json:"kind"`
	ID   string `json:"id"`
	// StartedAt is when its time began, with the event StartedBy; it is near at NearAt and ends at DueAt.
	StartedAt domain.Instant      `json:"started_at"`
	StartedBy string              `json:"started_by"`
	NearAt    domain.Instant      `json:"near_at"`
	DueAt     domain.Instant      `json:"due_at"`
	Time      domain.DeadlineTime `json:"time"`
	// Employee is who is responsible, as far as it is known.
	Employee string     `json:"employee,omitempty"`
	Status   CaseStatus `json:"status"`
}

// deadlineViews returns the open deadlines as they stand at the given instant, in the order in which they are due.
func (c *Customer) deadlineViews(at domain.Instant) []DeadlineView {
	views := []DeadlineView{}
	if c.Deadlines == nil {
		return views
	}
	for i := range c.Deadlines.Open {
		d := &c.Deadlines.Open[i]
		stands := Case{Near: d.Near, Due: d.Due}
		views = append(views, DeadlineView{
			Kind: d.Kind, ID: d.ID, StartedAt: d.Started, StartedBy: d.Event, NearAt: d.Near, DueAt: d.Due, Time: d.time(),
			Employee: c.responsible(d, ""), Status: stands.StatusAt(at),
		})
	}
	slices.SortStableFunc(views, func(a, b DeadlineView) int {
		return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
	})
	return views
}
