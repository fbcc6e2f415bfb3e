package projections

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Rectifications are the rectification sheets of an organisation unit (SAT-18, SAT-19). A Rectifications is replaced,
// never changed.
type Rectifications struct {
	// Sheets are in the order in which they became known.
	Sheets []Rectification
}

// Rectification is one sheet: an item that has to be put right. What is not known is zero; a sheet can be known by what
// was recorded before its opening.
type Rectification struct {
	ID            string
	Item          string
	Questionnaire string
	Owner         string
	Plan          string
	Opened        domain.Instant
	// Due is when it is to be done, by the newest event that says so, which was at dueSince. FirstDue is what the sheet
	// asked for at first.
	Due, FirstDue domain.Instant
	dueSince      domain.Instant
	// Completed, Accepted and Rejected are when that happened last.
	Completed, Accepted, Rejected domain.Instant
	// Rejections counts inspections that were failed.
	Rejections int32
	Inspector  string
	Reason     string
}

// RectificationStatus says how far a sheet has come.
type RectificationStatus string

// How far a sheet has come: it is to be done, done but not inspected, passed its inspection, or failed it.
const (
	RectificationOpen      RectificationStatus = "open"
	RectificationCompleted RectificationStatus = "completed"
	RectificationAccepted  RectificationStatus = "accepted"
	RectificationRejected  RectificationStatus = "rejected"
)

// Status returns how far the sheet has come by the order in which things occurred. At one instant an inspection comes
// after the work, and a passed one after a failed one.
func (r *Rectification) Status() RectificationStatus {
	switch {
	case r.Accepted != 0 && r.Accepted >= r.Rejected:
		return RectificationAccepted
	case r.Rejected != 0 && r.Rejected >= r.Completed:
		return RectificationRejected
	case r.Completed != 0:
		return RectificationCompleted
	default:
		return RectificationOpen
	}
}

// toDo reports whether the owner has something to do.
func (r *Rectification) toDo() bool {
	s := r.Status()
	return s == RectificationOpen || s == RectificationRejected
}

func (f *Fold) applyRectifications(c *Customer, e *Entry, out *Effects) {
	at := e.Event.Time
	switch d := e.Data.(type) {
	case *domain.RectificationOpened:
		c.changeSheet(e, d.RectificationID, nil, out, func(r *Rectification) {
			r.Item, r.Questionnaire, r.Owner = strings.Clone(d.Item), strings.Clone(d.Questionnaire), strings.Clone(d.Owner)
			r.Plan, r.Opened, r.FirstDue = strings.Clone(d.Plan), at, d.DueAt
			r.postpone(d.DueAt, at)
		})
	case *domain.RectificationCompleted:
		c.changeSheet(e, d.RectificationID, (*Rectifications).oldestToDo, out, func(r *Rectification) {
			r.Completed = max(r.Completed, at)
		})
	case *domain.RectificationAccepted:
		c.changeSheet(e, d.RectificationID, (*Rectifications).lastCompleted, out, func(r *Rectification) {
			r.inspect(d.Inspector, at)
			r.Accepted = max(r.Accepted, at)
		})
	case *domain.RectificationRejected:
		c.changeSheet(e, d.RectificationID, (*Rectifications).lastCompleted, out, func(r *Rectification) {
			r.inspect(d.Inspector, at)
			if at >= r.Rejected {
				r.Rejected, r.Reason = at, strings.Clone(d.Reason)
			}
			r.Rejections++
			if d.DueAt != 0 {
				r.postpone(d.DueAt, at)
			}
		})
	}
}

// postpone sets when the sheet is due, unless a newer event did.
func (r *Rectification) postpone(due, at domain.Instant) {
	if at >= r.dueSince {
		r.Due, r.dueSince = due, at
	}
}

// inspect notes the inspector, unless a newer inspection did.
func (r *Rectification) inspect(by string, at domain.Instant) {
	if at >= max(r.Accepted, r.Rejected) {
		r.Inspector = strings.Clone(by)
	}
}

// changeSheet replaces the sheet with an id, which is a new one when it is unknown, by a changed copy, and notes it as the
// one that the event is about. An empty id stands for the sheet that choose finds; without one nothing changes.
func (c *Customer) changeSheet(e *Entry, id string, choose func(*Rectifications) int, out *Effects, change func(*Rectification)) {
	institution := c.asInstitution()
	x := institution.rectifications
	if x == nil {
		x = new(Rectifications)
	}
	var i int
	if id == "" && choose != nil {
		i = choose(x)
	} else {
		i = slices.IndexFunc(x.Sheets, func(r Rectification) bool { return r.ID == id })
	}
	if i < 0 && id == "" {
		return
	}
	sheets := slices.Clone(x.Sheets)
	if i < 0 {
		sheets = append(sheets, Rectification{ID: strings.Clone(id)})
		i = len(sheets) - 1
	}
	change(&sheets[i])
	institution.rectifications = &Rectifications{Sheets: sheets}
	c.setInstitution(institution)
	e.sheet = sheets[i].ID
	out.touch(c, CaseRectification, e.sheet)
}

// oldestToDo returns the place of the sheet opened first among those to be done, or −1.
func (x *Rectifications) oldestToDo() int {
	found := -1
	for i := range x.Sheets {
		if r := &x.Sheets[i]; r.toDo() && (found < 0 || r.Opened < x.Sheets[found].Opened) {
			found = i
		}
	}
	return found
}

// lastCompleted returns the place of the sheet completed last among those that wait for an inspection, or −1.
func (x *Rectifications) lastCompleted() int {
	found := -1
	for i := range x.Sheets {
		if r := &x.Sheets[i]; r.Status() == RectificationCompleted && (found < 0 || r.Completed >= x.Sheets[found].Completed) {
			found = i
		}
	}
	return found
}

// RectificationDetail is what else is known of the case of a sheet. Its columns are those of SAT-19: the item, its owner
// and when it is due are in the case; here are whether it was accepted, and when.
type RectificationDetail struct {
	Questionnaire string              `json:"questionnaire,omitempty"`
	Status        RectificationStatus `json:"status"`
	Plan          string              `json:"plan,omitempty"`
	DueAt         domain.Instant      `json:"due_at,omitzero"`
	FirstDueAt    domain.Instant      `json:"first_due_at,omitzero"`
	CompletedAt   domain.Instant      `json:"completed_at,omitzero"`
	AcceptedAt    domain.Instant      `json:"accepted_at,omitzero"`
	Rejections    int32               `json:"rejections"`
	RejectedAt    domain.Instant      `json:"rejected_at,omitzero"`
	Reason        string              `json:"rejection_reason,omitempty"`
	Inspector     string              `json:"inspector,omitempty"`
}

// sheets returns the rectification sheets of the stream as cases. A sheet is due while its owner has something to do. When
// that is near is told by the deadline for it.
func (c *Customer) sheets() []Case {
	register := c.asInstitution().rectifications
	if register == nil {
		return nil
	}
	unit := strings.TrimPrefix(c.ID, "org:")
	var cases []Case
	for i := range register.Sheets {
		r := &register.Sheets[i]
		x := Case{ID: r.ID, OrgUnit: unit, Holder: r.Owner, Topic: r.Item, Opened: r.opened(), Detail: r.detail()}
		if r.Status() == RectificationAccepted {
			x.Ended = r.Accepted
		}
		if r.toDo() {
			x.Due = r.Due
		}
		cases = append(cases, x)
	}
	return cases
}

// opened returns when the sheet was opened, or the earliest thing that is known of it.
func (r *Rectification) opened() domain.Instant {
	if r.Opened != 0 {
		return r.Opened
	}
	first := domain.Instant(0)
	for _, at := range []domain.Instant{r.Completed, r.Accepted, r.Rejected} {
		if at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	return first
}

func (r *Rectification) detail() json.RawMessage {
	detail, err := json.Marshal(RectificationDetail{
		Questionnaire: r.Questionnaire, Status: r.Status(), Plan: r.Plan, DueAt: r.Due, FirstDueAt: r.FirstDue, CompletedAt: r.Completed,
		AcceptedAt: r.Accepted, Rejections: r.Rejections, RejectedAt: r.Rejected, Reason: r.Reason, Inspector: r.Inspector,
	})
	if err != nil {
		return nil // texts and numbers always marshal
	}
	return detail
}

func codeRectifications(k *coder, x *Rectifications) { list(k, &x.Sheets, codeRectification) }

func codeRectification(k *coder, r *Rectification) {
	for _, s := range []*string{&r.ID, &r.Item, &r.Questionnaire, &r.Owner, &r.Plan, &r.Inspector, &r.Reason} {
		k.string(s)
	}
	for _, at := range []*domain.Instant{&r.Opened, &r.Due, &r.FirstDue, &r.dueSince, &r.Completed, &r.Accepted, &r.Rejected} {
		k.instant(at)
	}
	number(k, &r.Rejections)
}
