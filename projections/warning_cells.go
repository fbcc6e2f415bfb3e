package projections

import "github.com/rapport-crm/rapport/domain"

// The names of CellWarning: the level that was reached, or left at the end, and why the warning ended, empty for what is no
// end.
const (
	warningNameLevel = iota
	warningNameEnd
)

// The counts of CellWarning. Each stands in the month in which it happened and under the unit that had the customer then.
// What is open is what was raised less what ended. Times are in seconds.
const (
	// warningRaised, warningEscalated and warningEased count the warnings that reached the level.
	warningRaised = iota
	warningEscalated
	warningEased
	// warningEnded counts those that ended, warningOpenFor sums the time from the raising to the end.
	warningEnded
	warningOpenFor
	// warningAcknowledged counts those acknowledged for the first time, warningUnseen sums the time until then.
	warningAcknowledged
	warningUnseen
	// warningEndedUntouched counts those that ended before anybody did anything about them.
	warningEndedUntouched
	// warningEndedFrom counts those that ended by the highest level that they had reached, from here on.
	warningEndedFrom
	_
	_
	// warningAnsweredInTime counts those that were answered while a step of the escalation was to come and none was told,
	// warningUnanswered those of which a step was told before that. A warning counts once, in one of the two, and also in the
	// cell of the employee who was to deal with it then.
	warningAnsweredInTime
	warningUnanswered
)

// countWarning adds to one count of the level of the warning.
func (f *Fold) countWarning(c *Customer, w *Warning, at domain.Instant, what int, n int64, out *Effects) {
	var counts CellCounts
	counts[what] = n
	f.addWarning(c, w, "", at, counts, out)
}

// countAnswer counts a warning, a copy that is to take the place of the open one, as answered in time or as unanswered, unless
// it was counted before: for the whole and for the employee who was to deal with the open one.
func (f *Fold) countAnswer(c *Customer, w *Warning, at domain.Instant, what int, out *Effects) {
	if w.escalation.counted {
		return
	}
	e := *w.escalation
	e.counted = true
	w.escalation = &e
	var counts CellCounts
	counts[what] = 1
	f.addWarning(c, w, "", at, counts, out)
	if employee := c.warningHolder(c.openWarning()); employee != "" {
		f.addWarning(c, w, employee, at, counts, out)
	}
}

// countAcknowledged counts the first acknowledgement of the warning, under the level that it has.
func (f *Fold) countAcknowledged(c *Customer, w *Warning, at domain.Instant, out *Effects) {
	var counts CellCounts
	counts[warningAcknowledged], counts[warningUnseen] = 1, wholeSeconds(at-w.Raised)
	f.addWarning(c, w, "", at, counts, out)
}

// countEnd counts the end of the warning.
func (f *Fold) countEnd(c *Customer, w *Warning, at domain.Instant, out *Effects) {
	var counts CellCounts
	counts[warningEnded], counts[warningOpenFor] = 1, wholeSeconds(at-w.Raised)
	counts[warningEndedFrom+int(w.Highest-domain.RiskWatch)] = 1
	if w.handling == nil {
		counts[warningEndedUntouched] = 1
	}
	f.addWarning(c, w, "", at, counts, out)
}

func (f *Fold) addWarning(c *Customer, w *Warning, employee string, at domain.Instant, counts CellCounts, out *Effects) {
	cell := Cell{Kind: CellWarning, Month: domain.DateOf(at, f.location).Month(), Unit: c.OrgUnit(), Employee: employee}
	cell.Names[warningNameLevel], cell.Names[warningNameEnd] = w.Level.String(), w.End.String()
	out.Rollups.addCell(cell, counts)
}

// wholeSeconds returns a span in whole seconds, none when it is negative: an event may be reported with an earlier time than what
// it is about.
func wholeSeconds(span domain.Instant) int64 { return int64(max(span, 0) / domain.Second) }
