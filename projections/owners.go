package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Ownership is the time in which an employee followed a customer (IC-09).
type Ownership struct {
	Employee string `json:"employee"`
	// Role is the role in which the employee was assigned first.
	Role string         `json:"role,omitempty"`
	From domain.Instant `json:"from"`
	// To is when the employee was released, zero while the employee follows the customer.
	To domain.Instant `json:"to,omitzero"`
	// AssignedBy and ReleasedBy are the ids of the events that began and ended it, Reason is why it ended.
	AssignedBy string `json:"assigned_by"`
	ReleasedBy string `json:"released_by,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// RunsAt reports whether the employee followed the customer at the given instant and was not released since.
func (o *Ownership) RunsAt(at domain.Instant) bool { return o.From <= at && o.To == 0 }

// handover is the assignment of an employee to a customer, or a release.
type handover struct {
	at       domain.Instant
	assigned bool
	// employee is empty for the release of every owner.
	employee string
	role     string
	reason   string
	event    string
}

// applyOwners takes in who follows the customer. A late event takes its place by its own date: what was reported after it
// had happened does not bring back an owner who was released since, and ends no time that began later.
func (f *Fold) applyOwners(c *Customer, e *Entry, h handover, out *Effects) {
	p := c.profile()
	followers := len(p.Owners)
	h.at, h.event = e.Event.Time, e.id()
	h.employee, h.role, h.reason = strings.Clone(h.employee), strings.Clone(h.role), strings.Clone(h.reason)
	p.handOver(h)
	if n := len(p.Owners); n > 1 && n > followers {
		f.tellFollowers(c, h.at, out)
	}
}

// tellFollowers says that the number of employees who follow the customer rose above one, or further.
func (f *Fold) tellFollowers(c *Customer, at domain.Instant, out *Effects) {
	var evidence []string
	for _, o := range c.Profile.Ownerships() {
		if o.To == 0 {
			evidence = append(evidence, o.AssignedBy)
		}
	}
	out.emit(c, Output{
		Topic: TopicService, Type: "contact.multiple_followers", At: at, Evidence: evidence, Policy: f.policy.Version,
	}, func() any {
		return &domain.ContactMultipleFollowers{
			Followers: slices.Clone(c.Profile.Owners), At: at, Evidence: evidence, PolicyVersion: f.policy.Version,
			Position: out.position.String(),
		}
	})
}

// handOver puts the handover in its place by date, after others of the same instant, and finds who owns the customer now.
func (p *Profile) handOver(h handover) {
	i := len(p.handovers)
	for i > 0 && p.handovers[i-1].at > h.at {
		i--
	}
	if i == len(p.handovers) {
		p.handovers = append(p.handovers, h)
	} else {
		p.handovers = slices.Insert(slices.Clone(p.handovers), i, h)
	}
	p.findOwners()
}

// findOwners sets the owners of now from the handovers.
func (p *Profile) findOwners() {
	p.Owners = nil
	for _, h := range p.handovers {
		switch {
		case !h.assigned:
			p.Owners = without(p.Owners, h.employee)
		case !slices.Contains(p.Owners, h.employee):
			p.Owners = append(p.Owners, h.employee)
		}
	}
}

// Ownerships returns who followed the customer and when, in the order of assignment. The assignment of an employee who
// follows the customer already begins nothing new.
func (p *Profile) Ownerships() []Ownership {
	list := []Ownership{}
	if p == nil {
		return list
	}
	for _, h := range p.handovers {
		if !h.assigned {
			release(list, &h)
			continue
		}
		follows := func(o Ownership) bool { return o.Employee == h.employee && o.To == 0 }
		if !slices.ContainsFunc(list, follows) {
			list = append(list, Ownership{Employee: h.employee, Role: h.role, From: h.at, AssignedBy: h.event})
		}
	}
	return list
}

// release ends what the handover releases.
func release(list []Ownership, h *handover) {
	for i := range list {
		if o := &list[i]; o.To == 0 && (h.employee == "" || h.employee == o.Employee) {
			o.To, o.ReleasedBy, o.Reason = h.at, h.event, h.reason
		}
	}
}

func codeHandover(k *coder, h *handover) {
	k.instant(&h.at)
	k.bool(&h.assigned)
	k.string(&h.employee)
	k.string(&h.role)
	k.string(&h.reason)
	k.string(&h.event)
}
