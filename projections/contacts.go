package projections

import (
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Contacts is who was in touch with whom (IC-01, IC-07, LC-07). A Contacts is replaced, never changed.
type Contacts struct {
	Inbound  int32
	Outbound int32
	// Attempts counts contacts that did not come about: no answer, wrong number, refused, not reached.
	Attempts int32
	// Collisions counts the collisions of employees (IC-07).
	Collisions int32
	// Last is the newest contact that came about, in either direction.
	Last Contact
	// LastOutbound and LastInbound are when the firm and the customer last made contact.
	LastOutbound domain.Instant
	LastInbound  domain.Instant
	// Lease is the newest intention to contact the customer, nil once it was carried out.
	Lease *Lease
	// outreach are the contacts that collisions are judged by, and attempts those in vain since the newest contact.
	outreach outreach
	attempts []attempt
	// inSince and outSince count the contacts since the last sale, checked says that the first outbound one came soon
	// after it.
	inSince  int32
	outSince int32
	checked  bool
	// together says that the customer takes part in the design of what is sold.
	together bool
}

// Lease is the intention of an employee to contact the customer, which holds others off until it lapses (IC-07).
type Lease struct {
	Employee string         `json:"employee"`
	Channel  string         `json:"channel"`
	Since    domain.Instant `json:"since"`
	Until    domain.Instant `json:"until"`
	Event    string         `json:"event"`
}

// CategoryCoDesign is the contact category that makes a relationship a partnership (level 5 of LC-07).
const CategoryCoDesign = "co_design"

func (f *Fold) applyContacts(c *Customer, e *Entry, out *Effects) {
	if met, is := ContactOf(e.Event, e.Data); is {
		f.meet(c, e, met, out)
		return
	}
	if tried, is := attemptOf(e); is {
		f.try(c, e, tried, out)
		return
	}
	switch d := e.Data.(type) {
	case *domain.ContactIntended:
		f.intend(c, e, d)
	case *domain.PurchaseRecorded:
		if k := c.Contacts; k != nil && e.Event.Time >= c.Trade.LastPurchase && (k.inSince > 0 || k.outSince > 0) {
			k = c.contacts()
			k.inSince, k.outSince, k.checked = 0, 0, false
		}
	}
}

// contacts puts a copy of the customer's contacts in their place and returns it, to be changed.
func (c *Customer) contacts() *Contacts {
	k := new(Contacts)
	if c.Contacts != nil {
		*k = *c.Contacts
	}
	c.Contacts = k
	return k
}

// meet takes in a contact that came about.
func (f *Fold) meet(c *Customer, e *Entry, met Contact, out *Effects) {
	met.own(e)
	k := c.contacts()
	k.made(&met, c.Trade.LastPurchase, domain.Instant(f.policy.Contact.CheckDays)*domain.Day)
	k.endLease(met.Employee, met.At)
	k.reached(met.At)
	unit := c.unitOf(e)
	f.countContact(&met, unit, out)
	if met.mayCollide() {
		f.reachOut(c, call{
			at: met.At, employee: met.Employee, channel: numberOf(met.Channel), event: met.Event, unit: c.unit.own(unit),
			month: f.monthOf(met.At),
		}, out)
	}
}

func (k *Contacts) made(met *Contact, sale, check domain.Instant) {
	since := met.At >= sale
	if met.outbound() {
		k.Outbound++
		k.LastOutbound = max(k.LastOutbound, met.At)
		if since {
			k.checked = k.checked || (k.outSince == 0 && sale != 0 && met.At-sale <= check)
			k.outSince++
		}
	} else {
		k.Inbound++
		k.LastInbound = max(k.LastInbound, met.At)
		if since {
			k.inSince++
		}
	}
	k.together = k.together || met.Category == CategoryCoDesign
	if met.At >= k.Last.At {
		k.Last = *met
	}
}

// intend notes that an employee is about to contact the customer. The newest intention takes the place of the one before
// it, also of somebody else's: it was made by somebody who knew of that. One that is recorded after it was carried out
// holds nobody off.
func (f *Fold) intend(c *Customer, e *Entry, d *domain.ContactIntended) {
	since, until := e.Event.Time, d.Until
	if until == 0 {
		until = since + domain.Instant(f.policy.Contact.Intention.Microseconds())
	}
	if before := c.Contacts; before != nil {
		newer := before.Lease != nil && before.Lease.Since > since
		if newer || before.outreach.after(d.Employee, since) || before.Last.Employee == d.Employee && before.Last.At >= since {
			return
		}
	}
	c.contacts().Lease = &Lease{
		Employee: strings.Clone(d.Employee), Channel: strings.Clone(string(d.Channel)), Since: since, Until: until, Event: e.id(),
	}
}

// endLease ends the intention that the employee carried out at the given instant, or that had lapsed by then.
func (k *Contacts) endLease(employee string, at domain.Instant) {
	if l := k.Lease; l != nil && at >= l.Since && (employee == l.Employee || at >= l.Until) {
		k.Lease = nil
	}
}

// Level returns the relationship level 1 to 5 of LC-07, from who was in touch with whom since the last sale: basic
// without any contact, reactive when only the customer was, accountable when the firm checked soon after the sale,
// proactive when the firm was in touch more than once, partnership with joint design.
func (k *Contacts) Level() int {
	switch {
	case k == nil:
		return 1
	case k.together:
		return 5
	case k.outSince > 1:
		return 4
	case k.checked:
		return 3
	case k.inSince > 0:
		return 2
	default:
		return 1
	}
}
