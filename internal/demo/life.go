package demo

import (
	"fmt"
	"strconv"

	"github.com/rapport-crm/rapport/domain"
)

// life is one customer: who they are, how they feel, and what they have.
type life struct {
	*world
	dice   dice
	id     string
	name   string
	dealer *dealer
	// events counts the events of the stream, minted the ids of its matters.
	events, minted int

	temper temper
	// mood is how satisfied the customer is, from 0 to 1000.
	mood int
	// chapter is raised when the relationship takes a turn; habits of an earlier chapter are dropped.
	chapter int

	// firm says that the customer is an organisation.
	firm   bool
	owner  string
	model  string
	bought bool
	km     int
	// latest is the product that the customer bought last.
	latest string
	// plan and club are the ids of the maintenance plan and the club, empty without one.
	plan, club string
	marketing  bool
	// unwanted says that the customer asked not to be called.
	unwanted bool
	// complaints are the latest complaints of the customer, by subject.
	complaints map[string]string
	// fault is the id of the latest fault, as long as it may come back.
	fault string
	// wavering is the cause for which the customer is about to leave, empty when they are not.
	wavering domain.ChurnCause
	// left says that the customer is gone, whether anybody knows it or not.
	left bool
}

// temper is what a customer is like. It does not change.
type temper struct {
	// cadence is the usual number of days between two purchases.
	cadence int
	// voice is how readily the customer speaks up, thrift how much prices matter, both from 0 to 1000.
	voice, thrift int
}

// newLife returns the n-th customer, counted from 0, before anything happened.
func newLife(w *world, n int) *life {
	l := &life{world: w, complaints: map[string]string{}, dice: newDice(w.g.options.Seed, customerDice, uint64(n)), id: customerID(n)}
	l.dealer = w.dealers[l.dice.below(len(w.dealers))]
	l.firm = l.dice.chance(120)
	if l.firm {
		l.name = w.names.organisation(&l.dice)
	} else {
		l.name = w.names.person(&l.dice)
	}
	l.temper = temper{cadence: l.dice.of(32, 78), voice: l.dice.below(1001), thrift: l.dice.below(1001)}
	l.mood = l.dice.of(640, 800)
	l.model = pick(&l.dice, "calder-c3", "calder-e5", "calder-x7", "calder-v4")
	l.km = l.dice.of(5, 60)
	return l
}

// customerID returns the id of the n-th customer, counted from 0.
func customerID(n int) string { return fmt.Sprintf("C%06d", n+1) }

// feel changes the mood.
func (l *life) feel(change int) { l.mood = min(max(l.mood+change, 0), 1000) }

// bad reports that something goes wrong which depends on an aspect of the dealer: never at a quality of 1000, and in
// the given number of cases of a thousand at a quality of 0.
func (l *life) bad(a aspect, most int) bool {
	return l.dice.chance((1000 - l.dealer.quality[a]) * most / 1000)
}

// mint returns a new id for a matter of the customer.
func (l *life) mint(kind string) string {
	l.minted++
	return kind + "-" + strconv.Itoa(l.minted)
}

// tell makes an event of the customer that nobody of the firm did, and returns its id.
func (l *life) tell(data any) string { return l.by("", "", data) }

// by makes an event of the customer that an employee did through a channel, and returns its id.
func (l *life) by(employee string, c domain.Channel, data any) string {
	l.events++
	if bought, ok := data.(domain.PurchaseRecorded); ok {
		l.latest = bought.Product
	}
	return l.emit(data, l.stamp(employee, c))
}

// because makes an event of the customer that another one caused, and returns its id.
func (l *life) because(cause, employee string, data any) string {
	l.events++
	s := l.stamp(employee, "")
	s.cause = cause
	return l.emit(data, s)
}

// noteLater makes the event of a follow-up that takes place now and is written down when the time has passed.
func (l *life) noteLater(wait domain.Instant, employee string, done domain.FollowUpCompleted) {
	at := l.now
	l.after(wait, func() {
		l.events++
		s := l.stamp(employee, done.Channel)
		s.at = at
		l.emit(done, s)
	})
}

func (l *life) stamp(employee string, c domain.Channel) stamp {
	return stamp{subject: l.id, actor: employee, unit: l.dealer.path, channel: c, number: l.events}
}

// after does something when a length of time has passed and the dealer is open.
func (l *life) after(wait domain.Instant, do func()) { l.at(opening(l.now+wait, &l.dice), do) }

// habit is like after for what the customer or the firm does only while the relationship is as it is now.
func (l *life) habit(wait domain.Instant, do func()) {
	chapter := l.chapter
	l.after(wait, func() {
		if l.chapter == chapter {
			do()
		}
	})
}

// turn ends the habits.
func (l *life) turn() { l.chapter++ }

// beat is one part of a sequence: it happens when the given time has passed since the part before it.
type beat struct {
	wait domain.Instant
	do   func()
}

// play puts the parts of a sequence on the agenda, each within the time the dealer is open.
func (l *life) play(beats ...beat) {
	at := l.now
	for _, b := range beats {
		at = opening(at+b.wait, &l.dice)
		l.at(at, b.do)
	}
}

// minutes, hours and days return a random length of time between two numbers of them.
func (l *life) minutes(low, high int) domain.Instant {
	return l.dice.between(domain.Instant(low)*domain.Minute, domain.Instant(high)*domain.Minute)
}

func (l *life) hours(low, high int) domain.Instant { return l.minutes(low*60, high*60) }

func (l *life) days(low, high int) domain.Instant { return l.minutes(low*1440, high*1440) }
