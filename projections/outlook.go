package projections

import "github.com/rapport-crm/rapport/domain"

// advanceStage is Advance to the end of time for what moves the stage. Who looks ahead does so for each customer that changed,
// so the risk is left out as soon as it is sure that it has no part in the stage.
func (f *Fold) advanceStage(c *Customer, out *Effects) {
	for !c.Parked {
		if c.riskDue != 0 && !f.riskMovesStage(c) {
			c.riskDue = 0
		}
		due, kind := c.nextTimer()
		if due == 0 {
			return
		}
		f.fire(c, kind, due, out)
	}
}

// riskMovesStage reports whether the risk may have a part in the stage from now on, if nothing happens. It has none once the
// customer is not active any more, and as long as it stays below the levels that the lifecycle asks for.
func (f *Fold) riskMovesStage(c *Customer) bool {
	l, p := &c.Lifecycle, &f.policy.Lifecycle
	if !l.rule.Active() {
		return false
	}
	least := min(p.DeclineRisk, p.MaturityBlockedBy)
	if l.Risk >= least {
		return true
	}
	end := c.riskDue + longestSilence
	for _, due := range []domain.Instant{l.timers[timerDecline], l.timers[timerTermination]} {
		if due != 0 {
			end = min(end, due)
		}
	}
	if end <= c.riskDue {
		return false
	}
	_, high := f.scoreWithin(c, c.Now, end)
	return high >= f.edges.edge[least]
}
