package projections

import (
	"strings"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// Fold applies events and the passing of time to customers under one policy. It keeps no state of customers between
// calls and may be used by several goroutines, each with customers and effects of its own.
type Fold struct {
	policy   *domain.Policy
	location *time.Location
	models   models
	edges    riskEdges
	scoring  scoring
	// Before, when it is not nil, is called before an event is applied. It serves those who watch a fold at work.
	Before func(c *Customer, e *Entry)
	// known are the policies that folders with this fold have read.
	known *policyMemory
}

// NewFold returns a fold under the given policy.
func NewFold(p *domain.Policy) *Fold {
	return &Fold{policy: p, location: p.Location(), models: modelsOf(p), edges: edgesOf(&p.Risk), scoring: scoringOf(p), known: new(policyMemory)}
}

// Policy returns the policy of the fold.
func (f *Fold) Policy() *domain.Policy { return f.policy }

// Entry is one accepted event as the fold sees it: the envelope, its data as the struct of its type (nil for a type
// outside the catalogue), and whether it is late, which the fold sets.
type Entry struct {
	Event *domain.Event
	Data  any
	late  bool
	// lastCancelled says that the event cancelled the last subscription that ran.
	lastCancelled bool
	// complaint is the id of the complaint that the event is about, when it is about one.
	complaint string
	// idle says that the event resolves a complaint that is resolved already.
	idle bool
	// sheet is the id of the rectification sheet that the event is about, when it is about one.
	sheet string
	kept  string
}

// id returns the event id in memory of its own, the same for all who keep it.
func (e *Entry) id() string {
	if e.kept == "" {
		e.kept = strings.Clone(e.Event.ID)
	}
	return e.kept
}

// Apply brings the customer's time up to the event, firing the timers that are due by then, and folds the event. An
// event that occurred before the customer's time is late: it counts by its own date and turns nothing back.
func (f *Fold) Apply(c *Customer, e *Entry, out *Effects) {
	if f.Before != nil {
		f.Before(c, e)
	}
	at := e.Event.Time
	f.Advance(c, at, out)
	out.cause = e
	e.late = at < c.Now
	if e.late {
		c.Late++
		out.Rollups.Late++
	}
	if c.First == 0 || at < c.First {
		c.First = at
	}
	c.Last = max(c.Last, at)
	c.Now = max(c.Now, at)
	c.Events++
	if !c.IsCustomer() {
		f.applyRectifications(c, e, out)
		f.applyMassLosses(c, e, out)
		f.applyDeparture(c, e, out)
		f.applyDeadlines(c, e, out)
		return
	}
	f.applyProfile(c, e, out)
	f.applyComplaints(c, e, out)
	f.applyFollowUps(c, e, out)
	f.applyMatters(c, e, out)
	f.applyTrade(c, e, out)
	f.applyContacts(c, e, out)
	f.applySatisfaction(c, e, out)
	f.applyDeadlines(c, e, out)
	f.hear(c, e)
	f.applyRisk(c, e, out)
	f.applyValue(c, e, out)
	f.applyLifecycle(c, e, out)
}

// Advance fires the customer's timers that are due at or before until, in the order of (due, kind), and moves the
// customer's time to the last one that fired. Time that has had no effect on a customer is not remembered: when a tick
// comes between two events and fires nothing, the states are as if it had not come.
func (f *Fold) Advance(c *Customer, until domain.Instant, out *Effects) {
	out.cause = nil
	for !c.Parked {
		due, kind := c.nextTimer()
		if due == 0 || due > until {
			break
		}
		f.fire(c, kind, due, out)
	}
}

// fire does what a timer of the customer is for. A look at the risk moves the customer's time only when it changes something.
func (f *Fold) fire(c *Customer, kind timerKind, due domain.Instant, out *Effects) {
	if kind != timerRisk {
		c.Now = max(c.Now, due)
	}
	switch kind {
	case timerDeadline:
		before := c.Risk
		if f.fireDeadlines(c, due, out); c.Risk != before { // it counts points
			f.look(c, due, out)
		}
	case timerLoss:
		f.fireLoss(c, due, out)
	case timerRisk:
		f.look(c, due, out)
	default:
		c.Lifecycle.timers.clear(kind)
		f.fireLifecycle(c, kind, due, out)
	}
}

// nextTimer returns the earliest timer of the customer, the lower kind first, or zero when none is set.
func (c *Customer) nextTimer() (domain.Instant, timerKind) {
	due, kind := c.Lifecycle.timers.next()
	for _, t := range [...]struct {
		due  domain.Instant
		kind timerKind
	}{{c.Deadlines.next(), timerDeadline}, {c.nextLoss(), timerLoss}, {c.nextRisk(), timerRisk}} {
		if t.due != 0 && (due == 0 || t.due < due) {
			due, kind = t.due, t.kind
		}
	}
	return due, kind
}

// Reconsider applies the policy of the fold, which holds from the given instant on, to a customer that was folded under
// another one: what is true by its rules takes effect then, or at the customer's time when that is later. It reports
// whether anything changed.
func (f *Fold) Reconsider(c *Customer, from domain.Instant, out *Effects) bool {
	return f.reconsider(c, f, from, out)
}

// reconsider is Reconsider after the policy of another fold, by whose classes the customer is told to have been before.
func (f *Fold) reconsider(c *Customer, last *Fold, from domain.Instant, out *Effects) bool {
	out.cause = nil
	if c.Parked || c.Events == 0 {
		return false
	}
	withdrawn := f.withdrawDeadlines(c, out)
	if !c.IsCustomer() {
		return withdrawn
	}
	before, risk, due := c.Lifecycle, c.Risk, c.riskDue
	at := max(from, c.Now)
	classified := f.classify(c, last, at, out)
	f.reassess(c, at, out)
	f.evaluate(c, at, out)
	l := &c.Lifecycle
	if l.Moves != before.Moves || l.rule != before.rule || classified {
		c.Now = at
		return true
	}
	return withdrawn || l.timers != before.timers || c.Risk != risk || c.riskDue != due
}

// NextDue returns when the customer's next timer fires, or zero when none is set or the customer is parked.
func (c *Customer) NextDue() domain.Instant {
	if c.Parked {
		return 0
	}
	due, _ := c.nextTimer()
	return due
}

// At returns the customer as time alone would make it by the given instant, and the moves on the way. The customer
// itself stays as it is. It is for those who read: a customer on whom the fold panics is returned as it is, because the
// others are to be shown all the same.
func (f *Fold) At(c *Customer, at domain.Instant) (Customer, []Move) {
	var out Effects
	snapshot, _ := f.LookAhead(c, at, &out)
	return snapshot, out.Moves
}

// LookAhead is At with all effects, which are added to out, and reports whether the fold got there.
func (f *Fold) LookAhead(c *Customer, at domain.Instant, out *Effects) (snapshot Customer, ok bool) {
	var ahead Effects
	defer func() {
		if recover() != nil {
			snapshot, ok = *c, false
		}
	}()
	snapshot = *c
	f.Advance(&snapshot, at, &ahead)
	out.Moves = append(out.Moves, ahead.Moves...)
	out.Rollups.Add(&ahead.Rollups)
	return snapshot, true
}

// Outlook returns the moves that silence alone would bring, in order. A panic of the fold names the customer, for the
// folder to park it.
func (f *Fold) Outlook(c *Customer) []Move {
	snapshot := *c
	var out Effects
	defer blame(c.ID)
	f.advanceStage(&snapshot, &out)
	return out.Moves
}

// endOfTime is later than every timer.
const endOfTime = domain.Instant(1<<63 - 1)
