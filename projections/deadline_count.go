package projections

import "github.com/rapport-crm/rapport/domain"

// deadlineNameKind is the place of the kind of deadline among the names of CellDeadline.
const deadlineNameKind = 0

// The counts of CellDeadline. All counts of one deadline stand in the
// month in which it is due, and under the unit that had the customer when it started. The whole cell has all counts; the
// cells of employees have what was decided: kept, missed, late and reported late, each under the employee who was
// responsible then. A miss is moved to kept, and from that employee, when it turns out that it was done in time.
//
// Of the whole, started is the sum of kept, missed, restarted, withdrawn and those that still run.
const (
	// deadlineStarted counts those that started.
	deadlineStarted = iota
	// deadlineKept counts those that were stopped in time; of kinds without a stop, those that were started anew in time.
	deadlineKept
	// deadlineMissed counts those that were not, whether they were stopped later or never.
	deadlineMissed
	// deadlineLate counts those missed that were stopped later.
	deadlineLate
	// deadlineNear counts those of which it was told that they are near.
	deadlineNear
	// deadlineReportedLate counts those kept that were reported after their miss had been told.
	deadlineReportedLate
	// deadlineRestarted counts those that began anew before they were due.
	deadlineRestarted
	// deadlineWithdrawn counts those whose kind went out of the policy while they ran.
	deadlineWithdrawn
)

// count adds to one count of the whole.
func (d *Deadline) count(what int, n int64, out *Effects) { d.countIn("", what, n, out) }

// countFor adds to one count of the whole and of the employee.
func (d *Deadline) countFor(employee string, what int, n int64, out *Effects) {
	d.count(what, n, out)
	if employee != "" {
		d.countIn(employee, what, n, out)
	}
}

func (d *Deadline) countIn(employee string, what int, n int64, out *Effects) {
	cell := Cell{Kind: CellDeadline, Month: d.month, Unit: d.unit, Employee: employee}
	cell.Names[deadlineNameKind] = d.Kind
	var counts CellCounts
	counts[what] = n
	out.Rollups.addCell(cell, counts)
}

// deadlineStopped decides a deadline that was stopped at the given instant, by the employee whom the stop names.
func (f *Fold) deadlineStopped(c *Customer, d *Deadline, at domain.Instant, employee string, out *Effects) {
	f.recantDeadline(c, d, at)
	switch {
	case at >= d.Due:
		if !d.Missed {
			f.missDeadline(c, d, employee, out)
		}
		d.countFor(d.counted, deadlineLate, 1, out)
	case d.Missed:
		d.countFor(d.counted, deadlineMissed, -1, out)
		responsible := c.responsible(d, employee)
		d.countFor(responsible, deadlineKept, 1, out)
		d.countFor(responsible, deadlineReportedLate, 1, out)
	default:
		d.countFor(c.responsible(d, employee), deadlineKept, 1, out)
	}
}

// deadlineBegunAnew decides a deadline that began anew at the given instant.
func (f *Fold) deadlineBegunAnew(c *Customer, d *Deadline, at domain.Instant, out *Effects) {
	f.recantDeadline(c, d, at)
	switch {
	case at >= d.Due:
		if !d.Missed {
			f.missDeadline(c, d, "", out)
		}
	case !f.stoppable(d.Kind):
		d.countFor(c.responsible(d, ""), deadlineKept, 1, out)
	case d.Missed:
		d.countFor(d.counted, deadlineMissed, -1, out)
		d.count(deadlineRestarted, 1, out)
	default:
		d.count(deadlineRestarted, 1, out)
	}
}

// tellDeadline tells that the deadline is near, or missed, at the instant.
func (f *Fold) tellDeadline(c *Customer, d *Deadline, at domain.Instant, out *Effects) {
	if at >= d.Due {
		f.missDeadline(c, d, "", out)
		return
	}
	d.nearTold = true
	d.count(deadlineNear, 1, out)
	o := Output{Topic: TopicService, Type: deadlineNearType, At: d.Near, Evidence: []string{d.Event}, Policy: f.policy.Version}
	out.emit(c, o, func() any {
		told := f.toldNear(c, d)
		told.Position = out.position.String()
		return told
	})
	f.deriveNear(c, d, at)
}

// deriveNear counts for signals that the deadline was near, if it ran then: until the given instant. That is also counted
// where it is told no more, because the start is recorded late.
func (f *Fold) deriveNear(c *Customer, d *Deadline, until domain.Instant) {
	if d.Near < d.Due && until >= d.Near {
		f.derive(c, deadlineNearType, d.Near, []string{d.Event}, func() any { return f.toldNear(c, d) })
	}
}

// The types of derived events about deadlines.
const (
	deadlineNearType   = "service.deadline_near"
	deadlineMissedType = "service.deadline_missed"
)

// toldNear returns what is told of a deadline that is near, without the place.
func (f *Fold) toldNear(c *Customer, d *Deadline) *domain.ServiceDeadlineNear {
	return &domain.ServiceDeadlineNear{
		Deadline: d.Kind, ID: d.ID, StartedAt: d.Started, DueAt: d.Due, Employee: c.responsible(d, ""), At: d.Near,
		Evidence: []string{d.Event}, PolicyVersion: f.policy.Version,
	}
}

// toldMissed returns what is told of a deadline that was missed, without the place.
func (f *Fold) toldMissed(d *Deadline) *domain.ServiceDeadlineMissed {
	return &domain.ServiceDeadlineMissed{
		Deadline: d.Kind, ID: d.ID, StartedAt: d.Started, DueAt: d.Due, Employee: d.counted, At: d.Due,
		Evidence: []string{d.Event}, PolicyVersion: f.policy.Version,
	}
}

// recantDeadline takes back what signals counted because the deadline was near or missed: it turned out that what was to
// be done had been done, or begun anew, at an instant before.
func (f *Fold) recantDeadline(c *Customer, d *Deadline, at domain.Instant) {
	if d.nearTold && at < d.Near {
		f.recant(c, deadlineNearType, d.Near, d.Event, func() any { return f.toldNear(c, d) })
	}
	if d.Missed && at < d.Due {
		f.recant(c, deadlineMissedType, d.Due, d.Event, func() any { return f.toldMissed(d) })
	}
}

// missDeadline notes and tells that the deadline was missed. employee is who did it later, as far as that is known.
func (f *Fold) missDeadline(c *Customer, d *Deadline, employee string, out *Effects) {
	d.Missed = true
	d.counted = c.responsible(d, employee)
	d.countFor(d.counted, deadlineMissed, 1, out)
	o := Output{Topic: TopicService, Type: deadlineMissedType, At: d.Due, Evidence: []string{d.Event}, Policy: f.policy.Version}
	out.emit(c, o, func() any {
		told := f.toldMissed(d)
		told.Position = out.position.String()
		return told
	})
	f.derive(c, deadlineMissedType, d.Due, []string{d.Event}, func() any { return f.toldMissed(d) })
}
