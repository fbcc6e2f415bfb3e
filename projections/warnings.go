package projections

import "github.com/rapport-crm/rapport/domain"

// Warning is a churn warning: one episode in which the risk of a customer calls for action (CHN-07). A Warning is replaced,
// never changed.
type Warning struct {
	// ID follows from the customer, Start and Number, so that every replay gives it anew.
	ID string
	// Start is the id of the event with which the episode began: the one that was folded, or, when silence raised the warning,
	// the newest one behind the greatest part of the score.
	Start string
	// Number counts the warnings of the customer, this one included.
	Number int32
	// Level is the level now, or the last one before the end; Highest the highest so far.
	Level, Highest domain.RiskLevel
	// End is why it ended, zero while it is open.
	End WarningEnd
	// quiet says that the warning was dismissed and that the risk was not low since: then only a higher level raises another
	// one.
	quiet bool
	// Raised is when it was raised, Ended when it ended, zero while it is open.
	Raised, Ended domain.Instant
	// Score is the score with which the level came about, and parts are what it was made of, without the evidence.
	Score domain.Centipoints
	parts []scorePart
	// below says for each level above low since when the score has been below its floor without a break, zero when it is not.
	below [domain.RiskCritical]domain.Instant
	// handling is what people did about it, nil without that. It is replaced, never changed.
	handling *handling
	// escalation is how far it was escalated because nobody answered, nil when it never came to be high and no step is due. It
	// is replaced, never changed.
	escalation *escalation
}

// WarningEnd says why a warning ended.
type WarningEnd uint8

// The ends of a warning: the risk fell, a person found it groundless, the customer was reported or taken for lost, the
// relationship ended, and what it rested on was corrected or is no ground by the policy of now.
const (
	WarningOpen WarningEnd = iota
	WarningEased
	WarningDismissed
	WarningLost
	WarningLossInferred
	WarningTerminated
	WarningCorrected
	WarningPolicy
	warningEnds
)

var warningEndNames = [warningEnds]string{"", "eased", "dismissed", "lost", "loss_inferred", "ended", "corrected", "policy"}

// String returns the name used in JSON, empty for an open warning.
func (e WarningEnd) String() string { return warningEndNames[e] }

// openWarning returns the open warning, nil without one.
func (c *Customer) openWarning() *Warning {
	if w := c.lastWarning(); w != nil && w.Ended == 0 {
		return w
	}
	return nil
}

// lastWarning returns the open warning or the last one, nil without one.
func (c *Customer) lastWarning() *Warning {
	if c.Risk == nil {
		return nil
	}
	return c.Risk.Warning
}

// warnedBy returns the id of the event with which the open warning began, none without one.
func (c *Customer) warnedBy() []string {
	if w := c.openWarning(); w != nil {
		return []string{w.Start}
	}
	return nil
}

// setWarning puts a warning in the place of the latest one, says that their cases changed, and makes its level that of the
// customer.
func (c *Customer) setWarning(w *Warning, out *Effects) {
	if last := c.lastWarning(); last != nil && last.Number != w.Number {
		out.touch(c, CaseWarning, last.ID)
	}
	c.risk().Warning = w
	level := w.Level
	if w.Ended != 0 {
		level = domain.RiskLow
	}
	if before := c.Lifecycle.Risk; before != level {
		out.Rollups.addWarning(before, -1)
		out.Rollups.addWarning(level, 1)
		c.Lifecycle.Risk = level
	}
	out.touch(c, CaseWarning, w.ID)
}

func codeWarning(k *coder, w *Warning) {
	k.string(&w.ID)
	k.string(&w.Start)
	number(k, &w.Number)
	number(k, &w.Level)
	number(k, &w.Highest)
	number(k, &w.End)
	k.bool(&w.quiet)
	k.instant(&w.Raised)
	k.instant(&w.Ended)
	number(k, &w.Score)
	list(k, &w.parts, func(k *coder, p *scorePart) {
		k.string(&p.factor)
		number(k, &p.points)
	})
	for i := range w.below {
		k.instant(&w.below[i])
	}
	optional(k, &w.handling, codeHandling)
	optional(k, &w.escalation, codeEscalation)
}
