package projections

import (
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Contacts is who was in touch with whom (IC-01, IC-07, LC-07). A Contacts is replaced, never changed.
type Contacts struct {
	Inbound  int64
	Outbound int64
	// Attempts counts contacts that did not come about: no answer, wrong number, refused.
	Attempts int64
	// Last is the newest contact that came about, in either direction.
	Last Contact
	// LastOutbound and LastInbound are when the firm and the customer last made contact.
	LastOutbound domain.Instant
	LastInbound  domain.Instant
	// inSince and outSince count the contacts since the last sale, checked says that the first outbound one came soon
	// after it.
	inSince  int32
	outSince int32
	checked  bool
	// together says that the customer takes part in the design of what is sold.
	together bool
}

// Contact is one contact that came about.
type Contact struct {
	At        domain.Instant `json:"at"`
	Direction string         `json:"direction"`
	Channel   string         `json:"channel"`
	Employee  string         `json:"employee,omitempty"`
	Category  string         `json:"category,omitempty"`
	Content   string         `json:"content,omitempty"`
	Event     string         `json:"event"`
}

// CategoryCoDesign is the contact category that makes a relationship a partnership (level 5 of LC-07).
const CategoryCoDesign = "co_design"

func (f *Fold) applyContacts(c *Customer, e *Entry) {
	sale, check := c.Trade.LastPurchase, domain.Instant(f.policy.Contact.CheckDays)*domain.Day
	switch d := e.Data.(type) {
	case *domain.ContactMade:
		c.contacts().made(e, d, sale, check)
	case *domain.ContactAttempted:
		c.contacts().Attempts++
	case *domain.FollowUpCompleted:
		if d.Reached != nil && !*d.Reached {
			c.contacts().Attempts++
			return
		}
		call := domain.ContactMade{Direction: domain.DirectionOut, Channel: d.Channel, Employee: d.Employee, Category: "follow_up"}
		c.contacts().made(e, &call, sale, check)
	case *domain.InquiryReceived:
		call := domain.ContactMade{Direction: domain.DirectionIn, Channel: domain.Channel(e.Event.Channel), Category: "inquiry"}
		c.contacts().made(e, &call, sale, check)
	case *domain.PurchaseRecorded:
		if k := c.Contacts; k != nil && e.Event.Time >= sale && (k.inSince > 0 || k.outSince > 0) {
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

func (k *Contacts) made(e *Entry, d *domain.ContactMade, sale, check domain.Instant) {
	at := e.Event.Time
	since := at >= sale
	if d.Direction == domain.DirectionOut {
		k.Outbound++
		k.LastOutbound = max(k.LastOutbound, at)
		if since {
			k.checked = k.checked || (k.outSince == 0 && sale != 0 && at-sale <= check)
			k.outSince++
		}
	} else {
		k.Inbound++
		k.LastInbound = max(k.LastInbound, at)
		if since {
			k.inSince++
		}
	}
	k.together = k.together || d.Category == CategoryCoDesign
	if at >= k.Last.At {
		k.Last = Contact{
			At: at, Direction: strings.Clone(string(d.Direction)), Channel: strings.Clone(string(d.Channel)),
			Employee: strings.Clone(d.Employee), Category: strings.Clone(d.Category), Content: strings.Clone(d.Content),
			Event: e.id(),
		}
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
