package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Matters are the things between the firm and a customer that are not settled yet. A relationship ends only when none
// is open (LC-01).
type Matters struct {
	// Open are the open matters in the order in which they were opened.
	Open []Matter
}

// MatterKind is what kind of thing is not settled.
type MatterKind string

// The kinds of matters that keep a relationship from ending.
const (
	MatterOrder     MatterKind = "order"
	MatterComplaint MatterKind = "complaint"
	MatterService   MatterKind = "service_request"
	MatterPayment   MatterKind = "payment"
	MatterPromise   MatterKind = "promise"
	MatterFollowUp  MatterKind = "follow_up"
)

// MatterKinds returns all kinds of matters.
func MatterKinds() []MatterKind {
	return []MatterKind{MatterOrder, MatterComplaint, MatterService, MatterPayment, MatterPromise, MatterFollowUp}
}

// Matter is one thing that is not settled.
type Matter struct {
	Kind   MatterKind     `json:"kind"`
	ID     string         `json:"id"`
	Opened domain.Instant `json:"opened_at"`
	// Event is the id of the event that opened it.
	Event string `json:"event"`
}

// applyMatters opens and settles matters. A settling event that names no matter settles the one of its kind that was
// opened first; one that names an unknown matter changes nothing.
func (f *Fold) applyMatters(c *Customer, e *Entry, out *Effects) {
	m := matterBook{&c.Matters, &out.Rollups}
	if e.complaint != "" {
		m.complaint(c.Complaints.find(e.complaint))
		return
	}
	switch d := e.Data.(type) {
	case *domain.OrderPlaced:
		m.open(e, MatterOrder, d.OrderID)
	case *domain.OrderDelivered:
		m.settle(MatterOrder, d.OrderID)
	case *domain.OrderCancelled:
		m.settle(MatterOrder, d.OrderID)
	case *domain.InvoiceIssued:
		m.open(e, MatterPayment, d.InvoiceID)
	case *domain.PaymentOverdue:
		m.open(e, MatterPayment, d.InvoiceID)
	case *domain.PaymentReceived:
		m.settle(MatterPayment, d.InvoiceID)
	case *domain.BadDebtBooked:
		m.settle(MatterPayment, d.InvoiceID)
	case *domain.PromiseMade:
		m.open(e, MatterPromise, d.PromiseID)
	case *domain.PromiseKept:
		m.settle(MatterPromise, d.PromiseID)
	default:
		m.applyService(e)
	}
}

func (m matterBook) applyService(e *Entry) {
	switch d := e.Data.(type) {
	case *domain.ServiceRequested:
		m.open(e, MatterService, d.RequestID)
	case *domain.ServiceReopened:
		m.open(e, MatterService, d.RequestID)
	case *domain.ServiceCompleted:
		m.settle(MatterService, d.RequestID)
	case *domain.DeliveryHandedOver:
		m.open(e, MatterFollowUp, d.DeliveryID)
	case *domain.FollowUpCompleted:
		m.settle(MatterFollowUp, d.Of)
	}
}

// complaint keeps the matters of a complaint in step with it: it is one from its filing until it is resolved, and from
// then on its follow-up is.
func (m matterBook) complaint(y *Complaint) {
	k := y.course(endOfTime)
	r := k.round()
	filed, resolved := k.filed != 0, k.phase == phaseResolved
	m.keep(y, MatterComplaint, filed && !resolved, r.OpenedAt, r.openedBy)
	m.keep(y, MatterFollowUp, filed && resolved && len(r.FollowUps) == 0, r.ResolvedAt, r.resolvedBy)
}

// keep opens the matter of a complaint, or settles it. Matters of the same id that events of others opened stay.
func (m matterBook) keep(y *Complaint, kind MatterKind, open bool, at domain.Instant, event string) {
	i := slices.IndexFunc(m.Open, func(o Matter) bool { return o.Kind == kind && o.ID == y.ID && y.took(o.Event) })
	switch {
	case i >= 0 && open && m.Open[i].Event == event:
		return
	case i >= 0:
		m.Open = slices.Delete(slices.Clone(m.Open), i, i+1)
		m.rollups.addOpen(kind, -1)
	}
	if open {
		m.Open = append(m.Open, Matter{Kind: kind, ID: y.ID, Opened: at, Event: event})
		m.rollups.addOpen(kind, 1)
	}
}

// matterBook opens and settles the matters of a customer and counts those that are open.
type matterBook struct {
	*Matters
	rollups *Rollups
}

// open adds a matter, named by the event's own id when it has no other, unless it is open already.
func (m matterBook) open(e *Entry, kind MatterKind, id string) {
	event := e.id()
	if id == "" {
		id = event
	}
	if m.find(kind, id) < 0 {
		m.Open = append(m.Open, Matter{Kind: kind, ID: strings.Clone(id), Opened: e.Event.Time, Event: event})
		m.rollups.addOpen(kind, 1)
	}
}

// settle removes the matter and returns its id, and whether there was one. An empty id stands for the first of its
// kind.
func (m matterBook) settle(kind MatterKind, id string) (string, bool) {
	i := m.find(kind, id)
	if i < 0 {
		return "", false
	}
	settled := m.Open[i].ID
	m.Open = slices.Delete(slices.Clone(m.Open), i, i+1)
	m.rollups.addOpen(kind, -1)
	return settled, true
}

func (m *Matters) find(kind MatterKind, id string) int {
	return slices.IndexFunc(m.Open, func(o Matter) bool { return o.Kind == kind && (id == "" || o.ID == id || o.Event == id) })
}
