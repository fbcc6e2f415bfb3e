package projections

import "github.com/rapport-crm/rapport/domain"

// Risk is what is kept of the churn risk of a customer beside its level (CHN-07): what has happened that counts for or
// against staying, the latest warning and the losses. A Risk is replaced, never changed.
type Risk struct {
	// signals are the points that count, in the order of their signals, settlements what settled points that are held.
	signals     []signalPoints
	settlements []settlement
	// Warning is the open warning, or the last one that ended; nil without one.
	Warning *Warning
	// Losses are the times the customer was lost and what was done about it; nil without any.
	Losses *Losses
}

// risk puts a copy of the risk of the customer in its place and returns it. Its slices and what it points to are shared
// with the earlier one: they are replaced.
func (c *Customer) risk() *Risk {
	r := new(Risk)
	if c.Risk != nil {
		*r = *c.Risk
	}
	c.Risk = r
	return r
}

// applyRisk takes in what an event says about the risk of the customer. It comes after the other projections, whose states
// it reads. What follows from it for the warning is found out by the lifecycle, which reads the level.
func (f *Fold) applyRisk(c *Customer, e *Entry, out *Effects) {
	f.applySignals(c, e, out)
	f.applyWarnings(c, e, out)
	f.applyWinBack(c, e, out)
}

// nextRisk returns when the risk has to be looked at again although nothing happened, zero when it need not.
func (c *Customer) nextRisk() domain.Instant { return c.riskDue }

func codeRisk(k *coder, r *Risk) {
	list(k, &r.signals, codeSignalPoints)
	list(k, &r.settlements, codeSettlement)
	optional(k, &r.Warning, codeWarning)
	optional(k, &r.Losses, codeLosses)
}
