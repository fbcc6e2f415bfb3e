package projections

import (
	"github.com/rapport-crm/rapport/domain"
)

// riskEdges are the scores at which the levels change, by level: a level begins at its edge and is left below its floor.
type riskEdges struct {
	edge, floor [domain.RiskCritical + 1]domain.Centipoints
	dwell       domain.Instant
}

func edgesOf(p *domain.RiskPolicy) riskEdges {
	var r riskEdges
	for level := domain.RiskWatch; level <= domain.RiskCritical; level++ {
		r.edge[level] = p.Levels.Edge(level)
		r.floor[level] = r.edge[level] - domain.PointsOf(p.Hysteresis)
	}
	r.dwell = domain.Instant(p.Dwell.Microseconds())
	return r
}

// level returns the level of a score.
func (r *riskEdges) level(score domain.Centipoints) domain.RiskLevel {
	level := domain.RiskLow
	for level < domain.RiskCritical && score >= r.edge[level+1] {
		level++
	}
	return level
}

// assess brings the warning of the customer to what it is by the policy at an instant, notes a loss that silence shows, and
// sets when the risk has to be looked at again. e is the event that was applied, nil when time alone passed.
//
// A level rises at once. It falls when the score has been below its floor for the dwell time without a break; what
// shows that the relationship goes on lets it fall at once. In silence the score counts at whole minutes: the level changes at
// the first whole minute at which the score calls for it, and at the end of the dwell time. That does not depend on when
// somebody looks.
func (f *Fold) assess(c *Customer, e *Entry, at domain.Instant, out *Effects) {
	f.assessBy(c, e, at, e != nil && goesOn(e.Data) && f.sinceWarning(c, e), out)
}

// sinceWarning reports whether the event happened at the raise of the open warning or later: one of before that, which was
// recorded late, is no answer to it.
func (f *Fold) sinceWarning(c *Customer, e *Entry) bool {
	w := c.openWarning()
	return w == nil || e.Event.Time >= w.Raised
}

// goesOn reports whether the event shows that the relationship goes on.
func goesOn(data any) bool {
	switch data.(type) {
	case *domain.PurchaseRecorded, *domain.ContractSigned, *domain.SubscriptionStarted, *domain.SubscriptionRenewed, *domain.CustomerReturned:
		return true
	}
	return false
}

// assessBy is assess, with atOnce saying that the level falls without the dwell time.
func (f *Fold) assessBy(c *Customer, e *Entry, at domain.Instant, atOnce bool, out *Effects) {
	gone := WarningTerminated
	if c.lost() {
		gone = WarningLost
	}
	lossDue := f.lossDue(c)
	if lossDue != 0 && lossDue <= at {
		c.Now = max(c.Now, at)
		f.inferLoss(c, at, out)
		gone, lossDue = WarningLossInferred, 0
	}
	score, exists := f.score(c, at)
	if !exists {
		f.endRisk(c, gone, at, out)
		return
	}
	switch w := c.lastWarning(); {
	case w != nil && w.Ended == 0:
		f.follow(c, w, score, at, atOnce, out)
	case w != nil && w.quiet && score < f.edges.floor[domain.RiskWatch]:
		f.rearm(c, w, at)
	case score >= f.edges.edge[domain.RiskWatch] && !(w != nil && w.quiet && f.edges.level(score) <= w.Level):
		f.raise(c, e, at, out)
	}
	f.escalate(c, score, at, out)
	c.riskDue = f.nextLook(c, score, at, lossDue, e == nil)
}

// follow brings the level of an open warning to what the score makes of it.
func (f *Fold) follow(c *Customer, w *Warning, score domain.Centipoints, at domain.Instant, atOnce bool, out *Effects) {
	next := *w
	level := next.weigh(score, at, &f.edges, atOnce)
	switch {
	case level == domain.RiskLow:
		f.endWarning(c, WarningEased, at, out)
	case level != w.Level:
		f.relevel(c, &next, level, at, out)
	case next.below != w.below:
		c.risk().Warning, c.Now = &next, max(c.Now, at)
	}
}

// weigh notes since when the score is below the floors and returns the level that follows.
func (w *Warning) weigh(score domain.Centipoints, at domain.Instant, edges *riskEdges, atOnce bool) domain.RiskLevel {
	level := w.Level
	for l := domain.RiskWatch; l <= level; l++ {
		switch below := &w.below[l-1]; {
		case score >= edges.floor[l]:
			*below = 0
		case *below == 0:
			*below = at
		}
	}
	for level > domain.RiskLow && w.below[level-1] != 0 && (atOnce || at >= w.below[level-1]+edges.dwell) {
		w.below[level-1] = 0
		level--
	}
	return max(level, edges.level(score))
}

// reassess applies the policy of the fold, which is new, to the risk: it takes effect at once. A warning that the policy
// would not keep is withdrawn.
func (f *Fold) reassess(c *Customer, at domain.Instant, out *Effects) {
	c.release(f.policy)
	if w := c.openWarning(); w != nil {
		if score, exists := f.score(c, at); exists && score < f.edges.floor[domain.RiskWatch] {
			f.endWarning(c, WarningPolicy, at, out)
		} else {
			f.awaitAnew(c, *w, at, out)
		}
	}
	f.assessBy(c, nil, at, true, out)
}

// awaitAnew sets when the next step is due of a warning, a copy of the open one, by a policy that is new.
func (f *Fold) awaitAnew(c *Customer, w Warning, at domain.Instant, out *Effects) {
	if f.await(&w, at) {
		c.setWarning(&w, out)
	}
}

// look assesses the risk at an instant at which nothing happened, and lets the lifecycle follow.
func (f *Fold) look(c *Customer, at domain.Instant, out *Effects) {
	before := c.Lifecycle.Risk
	f.assess(c, nil, at, out)
	if c.Lifecycle.Risk != before {
		c.Now = max(c.Now, at)
		f.evaluate(c, at, out)
	}
}

// endRisk ends the open warning of a customer of whom nothing is at risk any more. That is low, so a dismissed one stands in
// the way of no other.
func (f *Fold) endRisk(c *Customer, why WarningEnd, at domain.Instant, out *Effects) {
	c.riskDue = 0
	switch w := c.lastWarning(); {
	case w == nil:
	case w.Ended == 0:
		f.endWarning(c, why, at, out)
	case w.quiet:
		f.rearm(c, w, at)
	}
}

// rearm lets another warning follow a dismissed one.
func (f *Fold) rearm(c *Customer, w *Warning, at domain.Instant) {
	again := *w
	again.quiet = false
	c.risk().Warning, c.Now = &again, max(c.Now, at)
}

// lossDue returns when silence shows that the customer is lost, zero when it does not by itself.
func (f *Fold) lossDue(c *Customer) domain.Instant {
	l := &c.Lifecycle
	if c.Trade.Purchases == 0 || c.lost() || l.rule == domain.StageTermination {
		return 0
	}
	p := &f.policy.Lifecycle
	return l.silenceFrom + f.policy.Risk.LossAfter(p.UsualGap(c.Trade.gaps()))
}
