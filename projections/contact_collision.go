package projections

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// outreach are the outbound contacts of a customer that collisions are judged by, those of the last week and the gap, and at most
// maxCalls. Two that follow each other in time collide when different employees made them within the gap of the policy.
// The order in which they are recorded makes no difference, as long as a contact is recorded before one that occurred
// collisionMemory after it, and before maxCalls later ones: one that is recorded later still collides with none.
type outreach struct {
	// calls are in the order of their times and ids.
	calls []call
	// from is the instant from which on contacts are judged, because earlier ones were let go for want of room; zero
	// without.
	from domain.Instant
}

const (
	// collisionMemory is how late a contact may be recorded and still collide.
	collisionMemory = 7 * domain.Day
	// maxCalls is the most contacts that are kept.
	maxCalls = 32
)

// call is an outbound contact by an employee. Whether it collides is said of it and the one before it.
type call struct {
	at       domain.Instant
	employee string
	event    string
	// unit is the organisation unit for which it counts, month the month in which it does.
	unit     string
	month    domain.Month
	channel  channelNumber
	collides bool
}

// channelNumber is the place of a channel among all, which takes less room than its name.
type channelNumber uint8

// numberOf returns the number of a channel of the list.
func numberOf(name string) channelNumber {
	return channelNumber(slices.Index(domain.Channels(), domain.Channel(name)))
}

func (n channelNumber) channel() domain.Channel { return domain.Channels()[n] }

// code codes the name, which stays when the list changes.
func (n *channelNumber) code(k *coder) {
	var name string
	if k.writing {
		name = string(n.channel())
	}
	k.string(&name)
	if k.writing {
		return
	}
	if i := slices.Index(domain.Channels(), domain.Channel(name)); i >= 0 {
		*n = channelNumber(i)
		return
	}
	k.failed = true
}

// reachOut takes in an outbound contact and judges it together with its neighbours in time. A call that comes between two
// that collided takes their collision back from the counts; what was told of it stays told.
func (f *Fold) reachOut(c *Customer, made call, out *Effects) {
	k, gap := c.Contacts, domain.Instant(f.policy.Contact.CollisionGap.Microseconds())
	i, judged := k.outreach.place(&made)
	if !judged {
		return
	}
	calls := slices.Concat(k.outreach.calls[:i], []call{made}, k.outreach.calls[i:])
	k.outreach.calls = calls
	if i > 0 && i+1 < len(calls) && calls[i+1].collides {
		f.countCollision(k, &calls[i-1], &calls[i+1], -1, out)
		f.recant(c, collisionType, calls[i+1].at, calls[i+1].event, func() any { return collision(&calls[i-1], &calls[i+1]) })
	}
	for j := max(i, 1); j < min(i+2, len(calls)); j++ {
		before, x := &calls[j-1], &calls[j]
		if x.collides = x.employee != before.employee && x.at-before.at < gap; x.collides {
			f.countCollision(k, before, x, 1, out)
			f.tellCollision(c, before, x, out)
		}
	}
	k.outreach.letGo(gap)
}

// place returns the index at which a call belongs, and whether its neighbours are known.
func (o *outreach) place(made *call) (int, bool) {
	if n := len(o.calls); n > 0 && (made.at < o.calls[n-1].at-collisionMemory || o.from != 0 && made.at <= o.from) {
		return 0, false
	}
	i, _ := slices.BinarySearchFunc(o.calls, made, func(x call, made *call) int {
		return cmp.Or(cmp.Compare(x.at, made.at), strings.Compare(x.event, made.event))
	})
	return i, true
}

// letGo drops the calls that no later one, and none that may be recorded late, is compared with.
func (o *outreach) letGo(gap domain.Instant) {
	n, oldest := 0, o.calls[len(o.calls)-1].at-collisionMemory-gap
	for o.calls[n].at < oldest {
		n++
	}
	if room := len(o.calls) - maxCalls; n < room {
		n = room
		o.from = o.calls[n].at
	}
	if n > 0 {
		o.calls = slices.Clone(o.calls[n:]) // the room of what was let go is given back: there are many customers
	}
	o.calls = slices.Clip(o.calls)
}

// after reports whether the employee made a call at the given instant or later.
func (o *outreach) after(employee string, at domain.Instant) bool {
	return slices.ContainsFunc(o.calls, func(x call) bool { return x.employee == employee && x.at >= at })
}

// collision returns the last two calls that collided, and whether there are any.
func (o *outreach) collision() (before, later *call) {
	for i := len(o.calls) - 1; i > 0; i-- {
		if o.calls[i].collides {
			return &o.calls[i-1], &o.calls[i]
		}
	}
	return nil, nil
}

// collisionType is the type of the derived event that tells of a collision.
const collisionType = "contact.collision"

// collision returns what is told of two calls that collided, without its place.
func collision(before, x *call) *domain.ContactCollision {
	return &domain.ContactCollision{
		Employee: x.employee, Channel: x.channel.channel(), OtherEmployee: before.employee, OtherAt: before.at,
		At: x.at, Evidence: []string{before.event, x.event},
	}
}

func (f *Fold) tellCollision(c *Customer, before, x *call, out *Effects) {
	o := Output{Topic: TopicService, Type: collisionType, At: x.at, Evidence: []string{before.event, x.event}, Policy: f.policy.Version}
	out.emit(c, o, func() any {
		told := collision(before, x)
		told.PolicyVersion, told.Position = f.policy.Version, out.position.String()
		return told
	})
	f.derive(c, collisionType, x.at, o.Evidence, func() any { return collision(before, x) })
}

func codeOutreach(k *coder, o *outreach) {
	list(k, &o.calls, func(k *coder, x *call) {
		k.instant(&x.at)
		k.string(&x.employee)
		x.channel.code(k)
		k.string(&x.event)
		k.string(&x.unit)
		number(k, &x.month)
		k.bool(&x.collides)
	})
	k.instant(&o.from)
}
