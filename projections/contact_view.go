package projections

import (
	"github.com/rapport-crm/rapport/domain"
)

// ContactsView is who was in touch with whom.
type ContactsView struct {
	Inbound        int64          `json:"inbound"`
	Outbound       int64          `json:"outbound"`
	Attempts       int64          `json:"attempts"`
	LastInboundAt  domain.Instant `json:"last_inbound_at"`
	LastOutboundAt domain.Instant `json:"last_outbound_at"`
	Last           *Contact       `json:"last"`
	// Lease is the intention that holds others off now, null without one.
	Lease *Lease `json:"lease"`
	// Gap is the time after the last call in which nobody else is to call, null when it is over.
	Gap *ContactGap `json:"gap"`
	// Collisions counts the calls that came too soon after somebody else's; LastCollision is the last one of the last weeks.
	Collisions    int64        `json:"collisions"`
	LastCollision *Collision   `json:"last_collision"`
	Reachability  Reachability `json:"reachability"`
}

// ContactGap is the time after an outbound contact in which one by another employee would collide (IC-07).
type ContactGap struct {
	Employee string         `json:"employee"`
	Channel  string         `json:"channel"`
	Since    domain.Instant `json:"since"`
	Until    domain.Instant `json:"until"`
	Event    string         `json:"event"`
}

// Collision is a contact by an employee within the gap after one by another.
type Collision struct {
	At            domain.Instant `json:"at"`
	Employee      string         `json:"employee"`
	OtherAt       domain.Instant `json:"other_at"`
	OtherEmployee string         `json:"other_employee"`
	Evidence      []string       `json:"evidence"`
}

// contactsView returns the contacts as of the given instant.
func (f *Fold) contactsView(k *Contacts, at domain.Instant) ContactsView {
	if k == nil {
		return ContactsView{}
	}
	v := ContactsView{
		Inbound: int64(k.Inbound), Outbound: int64(k.Outbound), Attempts: int64(k.Attempts), Collisions: int64(k.Collisions),
		LastInboundAt: k.LastInbound, LastOutboundAt: k.LastOutbound, Reachability: k.reachability(f.policy.Contact.UnreachableAfter),
	}
	if k.Last.At != 0 {
		v.Last = new(k.Last)
	}
	if k.Lease != nil && k.Lease.Until > at {
		v.Lease = new(*k.Lease)
	}
	if n := len(k.outreach.calls); n > 0 {
		last := &k.outreach.calls[n-1]
		if until := last.at + domain.Instant(f.policy.Contact.CollisionGap.Microseconds()); until > at {
			v.Gap = &ContactGap{Employee: last.employee, Channel: string(last.channel.channel()), Since: last.at, Until: until, Event: last.event}
		}
	}
	if before, x := k.outreach.collision(); x != nil {
		v.LastCollision = &Collision{
			At: x.at, Employee: x.employee, OtherAt: before.at, OtherEmployee: before.employee, Evidence: []string{before.event, x.event},
		}
	}
	return v
}
