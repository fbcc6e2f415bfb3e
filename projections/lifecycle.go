package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Lifecycle is where a customer stands among the five stages and why (LC-01, LC-02).
type Lifecycle struct {
	// There are many customers: the order of the fields leaves no gap.

	// Stage is the stage in force, a manual override included, and Since when the customer entered it.
	Stage domain.Stage
	// Reason, Inferred, WonBack and Evidence are those of the last move.
	Reason   Reason
	Inferred bool
	WonBack  bool
	// Risk is the level of the open churn warning.
	Risk domain.RiskLevel
	// rule is the stage by the rules, beneath an override, and ruleSince when it began.
	rule domain.Stage
	// Moves is the number of moves so far.
	Moves int32
	// Cohort is the month of the first growth, zero before it.
	Cohort   domain.Month
	Since    domain.Instant
	Evidence []string
	// Ended is when the relationship was reported to have ended, zero otherwise; EndedBy is the event that said so. It
	// becomes termination once no matter is open.
	Ended   domain.Instant
	EndedBy string
	// Override is the manual override in force, nil when there is none. It is replaced, never changed.
	Override *Override

	// related is the newest occurred_at of a sign that the relationship goes on. A late end or loss that is older changes
	// nothing.
	related   domain.Instant
	ruleSince domain.Instant
	// silenceFrom is where silence is measured from: the last purchase, or a later return without a purchase; silenceBy
	// is the id of that event.
	silenceFrom domain.Instant
	silenceBy   string
	growth      growth
	timers      timers
}

// Override is a stage set by a person.
type Override struct {
	Stage domain.Stage `json:"stage"`
	// Until is when the rules take over again; zero means that they do not by themselves.
	Until  domain.Instant `json:"until,omitempty"`
	Reason string         `json:"reason"`
	Event  string         `json:"event"`
}

// growth counts what leads from growth to maturity, from the beginning of the growth on.
type growth struct {
	since    domain.Instant
	day      domain.Date
	onDay    bool // a purchase fell on the first day, at or after since
	renewals int32
	evidence []string // ids of the purchases and renewals that were counted, as many as maturity asks for
}

func (f *Fold) applyLifecycle(c *Customer, e *Entry, out *Effects) {
	l := &c.Lifecycle
	if l.rule == domain.StageNone {
		l.rule, l.ruleSince = domain.StageProspect, c.Now
		f.move(c, domain.StageProspect, c.Now, cause{reason: ReasonStarted, evidence: []string{e.id()}}, out)
	}
	switch d := e.Data.(type) {
	case *domain.PurchaseRecorded:
		f.relate(c, e, ReasonFirstPurchase, ReasonPurchase, out)
		f.countOccasion(l, e)
	case *domain.ContractSigned:
		f.relate(c, e, ReasonFirstContract, ReasonContract, out)
	case *domain.SubscriptionStarted:
		f.relate(c, e, ReasonFirstSubscription, ReasonSubscription, out)
	case *domain.SubscriptionRenewed:
		f.relate(c, e, ReasonFirstSubscription, ReasonRenewal, out)
		f.countRenewal(l, e)
	case *domain.CustomerReturned:
		f.relate(c, e, ReasonNone, ReasonReturned, out)
	case *domain.SubscriptionCancelled:
		if e.lastCancelled {
			f.decline(c, e, ReasonSubscriptionCancelled, out)
		}
	case *domain.CustomerLost:
		f.decline(c, e, ReasonLost, out)
	case *domain.RelationshipEnded:
		if e.Event.Time >= l.related {
			l.Ended, l.EndedBy = e.Event.Time, e.id()
		}
	case *domain.CustomerStageOverridden:
		f.override(c, d, e, out)
	}
	// The risk is that of a customer who is back, and the stage follows from its level.
	f.assess(c, e, c.Now, out)
	f.evaluate(c, c.Now, out)
}

// fireLifecycle applies what silence or a term has made true at the instant due.
func (f *Fold) fireLifecycle(c *Customer, kind timerKind, due domain.Instant, out *Effects) {
	if kind == timerOverride {
		f.endOverride(c, due, out)
	}
	f.evaluate(c, due, out)
}

// relate applies a sign that the relationship begins or goes on: the first one leads from prospect to growth, one in
// decline or termination wins the customer back. A late sign that is older than the stage is no return.
func (f *Fold) relate(c *Customer, e *Entry, first, again Reason, out *Effects) {
	l := &c.Lifecycle
	l.related = max(l.related, e.Event.Time)
	if e.Event.Time >= l.Ended {
		l.Ended, l.EndedBy = 0, ""
	}
	if e.late && l.rule != domain.StageProspect && e.Event.Time < l.ruleSince {
		return
	}
	switch {
	case l.rule == domain.StageProspect && first != ReasonNone:
		f.grow(c, e, cause{reason: first, evidence: []string{e.id()}}, out)
	case l.rule == domain.StageDecline || l.rule == domain.StageTermination:
		f.grow(c, e, cause{reason: again, wonBack: true, evidence: []string{e.id()}}, out)
	}
}

// hear measures silence anew from a purchase on, and from any other sign that the relationship goes on again after decline,
// termination or a loss, unless a newer one is known. It comes before the risk is looked at, which rises with silence.
func (f *Fold) hear(c *Customer, e *Entry) {
	l := &c.Lifecycle
	switch e.Data.(type) {
	case *domain.PurchaseRecorded:
	case *domain.ContractSigned, *domain.SubscriptionStarted, *domain.SubscriptionRenewed, *domain.CustomerReturned:
		gone := l.rule == domain.StageDecline || l.rule == domain.StageTermination
		if !c.returns(e.Event.Time) && (!gone || e.late && e.Event.Time < l.ruleSince) {
			return
		}
	default:
		return
	}
	if e.Event.Time >= l.silenceFrom {
		l.silenceFrom, l.silenceBy = e.Event.Time, e.id()
	}
}

// grow enters growth and begins to count anew.
func (f *Fold) grow(c *Customer, e *Entry, why cause, out *Effects) {
	l := &c.Lifecycle
	l.growth = growth{since: e.Event.Time, day: domain.DateOf(e.Event.Time, f.location)}
	f.enter(c, domain.StageGrowth, c.Now, why, out)
}

func (f *Fold) countOccasion(l *Lifecycle, e *Entry) {
	g := &l.growth
	if l.rule != domain.StageGrowth || e.Event.Time < g.since {
		return
	}
	if domain.DateOf(e.Event.Time, f.location) == g.day {
		if g.onDay {
			return
		}
		g.onDay = true
	}
	g.remember(e.id(), f.policy.Lifecycle.MaturityOccasions)
}

func (f *Fold) countRenewal(l *Lifecycle, e *Entry) {
	if l.rule != domain.StageGrowth || e.Event.Time < l.growth.since {
		return
	}
	l.growth.renewals++
	l.growth.remember(e.id(), f.policy.Lifecycle.MaturityRenewals)
}

// occasionsInGrowth returns how many purchase occasions there were since the customer entered growth.
func (c *Customer) occasionsInGrowth() int {
	g := &c.Lifecycle.growth
	occasions := c.Trade.daysAfter(g.day)
	if g.onDay {
		occasions++
	}
	return occasions
}

// remember keeps the id as evidence, up to most ids.
func (g *growth) remember(id string, most int) {
	if len(g.evidence) < most {
		g.evidence = append(slices.Clip(g.evidence), id)
	}
}

// decline enters decline because of an event, unless the customer is there or beyond, or a newer event shows that the
// relationship went on.
func (f *Fold) decline(c *Customer, e *Entry, why Reason, out *Effects) {
	l := &c.Lifecycle
	if l.rule == domain.StageDecline || l.rule == domain.StageTermination || e.Event.Time < l.related {
		return
	}
	f.enter(c, domain.StageDecline, c.Now, cause{reason: why, evidence: []string{e.id()}}, out)
}

func (f *Fold) override(c *Customer, d *domain.CustomerStageOverridden, e *Entry, out *Effects) {
	l := &c.Lifecycle
	stage, err := domain.ParseStage(d.Stage)
	if err != nil {
		return
	}
	if d.Until != 0 && d.Until <= c.Now {
		f.endOverride(c, c.Now, out)
		return
	}
	l.Override = &Override{Stage: stage, Until: d.Until, Reason: strings.Clone(d.Reason), Event: e.id()}
	f.move(c, stage, c.Now, cause{reason: ReasonOverride, evidence: []string{l.Override.Event}}, out)
}

func (f *Fold) endOverride(c *Customer, at domain.Instant, out *Effects) {
	l := &c.Lifecycle
	if l.Override == nil {
		return
	}
	why := cause{reason: ReasonOverrideEnded, evidence: []string{l.Override.Event}}
	l.Override = nil
	f.move(c, l.rule, at, why, out)
}

// evaluate enters the stages whose conditions hold at the given instant, in the order termination, decline, maturity,
// and sets the timers for the conditions that silence alone will make true.
func (f *Fold) evaluate(c *Customer, at domain.Instant, out *Effects) {
	l := &c.Lifecycle
	declineDue, terminationDue := f.silence(c)
	switch {
	case l.rule == domain.StageTermination || len(c.Matters.Open) > 0:
	case l.Ended != 0:
		f.enter(c, domain.StageTermination, at, cause{reason: ReasonRelationshipEnded, evidence: []string{l.EndedBy}}, out)
	case l.rule != domain.StageProspect && terminationDue != 0 && terminationDue <= at:
		f.enter(c, domain.StageTermination, at, cause{reason: ReasonSilence, inferred: true, evidence: []string{l.silenceBy}}, out)
	}
	if l.rule.Active() {
		switch {
		case declineDue != 0 && declineDue <= at:
			f.enter(c, domain.StageDecline, at, cause{reason: ReasonSilence, evidence: []string{l.silenceBy}}, out)
		case l.Risk >= f.policy.Lifecycle.DeclineRisk:
			f.enter(c, domain.StageDecline, at, cause{reason: ReasonRisk, evidence: c.warnedBy()}, out)
		}
	}
	maturityDue, why := f.maturity(c)
	if maturityDue != 0 && maturityDue <= at {
		why.evidence = l.growth.evidence
		f.enter(c, domain.StageMaturity, at, why, out)
	}
	f.setTimers(c, at, terminationDue, declineDue, maturityDue)
}

// silence returns when the silence of the customer brings decline and termination, or zero without a purchase.
func (f *Fold) silence(c *Customer) (decline, termination domain.Instant) {
	if c.Trade.Purchases == 0 {
		return 0, 0
	}
	p := &f.policy.Lifecycle
	gap := p.UsualGap(c.Trade.gaps())
	from := c.Lifecycle.silenceFrom
	return from + p.DeclineAfter(gap), from + p.TerminationAfter(gap)
}

// maturity returns when a customer in growth becomes mature by tenure, or zero when the occasions or renewals are not
// reached or a warning stands against it.
func (f *Fold) maturity(c *Customer) (domain.Instant, cause) {
	l, p := &c.Lifecycle, &f.policy.Lifecycle
	if l.rule != domain.StageGrowth || l.Risk >= p.MaturityBlockedBy {
		return 0, cause{}
	}
	occasions := c.occasionsInGrowth()
	why := cause{reason: ReasonMaturity}
	switch {
	case occasions >= p.MaturityOccasions:
	case int(l.growth.renewals) >= p.MaturityRenewals:
		why.reason = ReasonRenewals
	default:
		return 0, cause{}
	}
	return l.growth.since + domain.Instant(p.MaturityTenureDays)*domain.Day, why
}

func (f *Fold) setTimers(c *Customer, at, termination, decline, maturity domain.Instant) {
	l := &c.Lifecycle
	l.timers = timers{}
	ahead := func(k timerKind, due domain.Instant) {
		if due > at {
			l.timers.set(k, due)
		}
	}
	if l.rule.Active() {
		ahead(timerDecline, decline)
	}
	if l.rule.Active() || l.rule == domain.StageDecline {
		ahead(timerTermination, termination)
	}
	if l.rule == domain.StageGrowth {
		ahead(timerMaturity, maturity)
	}
	if l.Override != nil {
		ahead(timerOverride, l.Override.Until)
	}
}
