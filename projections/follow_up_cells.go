package projections

// The names of CellFollowUp. What happens to a thing counts in the month and for the unit of the thing, where the channel
// is empty; each follow-up counts in its own month, for its own unit, with its channel, and once more for its employee.
const (
	followUpNameKind = iota
	followUpNameChannel
)

// The counts of CellFollowUp.
const (
	// FollowUpDue counts the things that call for a follow-up. Of them, FollowUpTried counts those that somebody tried to
	// follow up, FollowUpDone those that were followed up, and FollowUpHeard those about which the customer was reached.
	FollowUpDue = iota
	FollowUpTried
	FollowUpDone
	FollowUpHeard
	// FollowUpAttempts counts attempts in vain and FollowUpCompletions follow-ups that were completed; of both together,
	// FollowUpReached counts those in which the customer was reached.
	FollowUpAttempts
	FollowUpCompletions
	FollowUpReached
	// FollowUpSatisfied and FollowUpDissatisfied count what customers said about the result.
	FollowUpSatisfied
	FollowUpDissatisfied
)

// count counts what happened to the thing.
func (t *followable) count(r *Rollups, slot int) {
	cell := Cell{Kind: CellFollowUp, Month: t.month, Unit: t.unit}
	cell.Names[followUpNameKind] = string(t.kind)
	var n CellCounts
	n[slot] = 1
	r.addCell(cell, n)
}

// count adds the follow-up to its cells, or takes it out of them with the sign −1.
func (u *followUpMade) count(r *Rollups, sign int64) {
	cell := Cell{Kind: CellFollowUp, Month: u.month, Unit: u.unit}
	cell.Names[followUpNameKind], cell.Names[followUpNameChannel] = string(u.kind), u.channel
	var n CellCounts
	if u.completed {
		n[FollowUpCompletions] = sign
	} else {
		n[FollowUpAttempts] = sign
	}
	if u.reached {
		n[FollowUpReached] = sign
	}
	switch u.satisfied {
	case opinionSatisfied:
		n[FollowUpSatisfied] = sign
	case opinionDissatisfied:
		n[FollowUpDissatisfied] = sign
	}
	r.addCell(cell, n)
	if u.employee != "" {
		cell.Employee = u.employee
		r.addCell(cell, n)
	}
}

func codeFollowUps(k *coder, x *FollowUps) {
	list(k, &x.things, codeFollowable)
	list(k, &x.early, codeFollowUp)
}

func codeFollowable(k *coder, t *followable) {
	k.string((*string)(&t.kind))
	k.string(&t.id)
	k.string(&t.event)
	k.instant(&t.at)
	number(k, &t.month)
	k.string(&t.unit)
	k.bool(&t.tried)
	k.bool(&t.completed)
	k.bool(&t.reached)
}

func codeFollowUp(k *coder, u *followUpMade) {
	k.string(&u.of)
	k.string((*string)(&u.kind))
	k.instant(&u.at)
	number(k, &u.month)
	k.string(&u.unit)
	k.string(&u.channel)
	k.string(&u.employee)
	k.bool(&u.completed)
	k.bool(&u.reached)
	number(k, &u.satisfied)
}
