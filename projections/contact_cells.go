package projections

import "github.com/rapport-crm/rapport/domain"

// Contacts, attempts in vain and collisions are counted in the month and for the organisation unit of their event, once as
// a whole and once for the employee, when there is one.
//
// The names of CellContact are direction, channel and category; those of CellAttempt are outcome and channel; that of
// CellCollision is the channel of the later of the two contacts.
const (
	// ContactCount counts contacts, or attempts, and ContactWithGoal the contacts with a stated goal.
	ContactCount    = 0
	ContactWithGoal = 1
	// CollisionLater counts collisions by the employee who made the later contact, which is also what the cell without an
	// employee counts; CollisionEarlier counts them by the employee who made the earlier one.
	CollisionLater   = 0
	CollisionEarlier = 1
)

func (f *Fold) countContact(met *Contact, unit string, out *Effects) {
	counts := CellCounts{ContactCount: 1}
	if met.Goal != "" {
		counts[ContactWithGoal] = 1
	}
	out.Rollups.addShared(Cell{
		Kind: CellContact, Month: f.monthOf(met.At), Unit: unit, Names: [4]string{met.Direction, met.Channel, met.Category},
	}, met.Employee, counts)
}

func (f *Fold) countAttempt(at domain.Instant, t tried, unit string, out *Effects) {
	out.Rollups.addShared(Cell{
		Kind: CellAttempt, Month: f.monthOf(at), Unit: unit, Names: [4]string{t.outcome, t.channel},
	}, t.employee, CellCounts{ContactCount: 1})
}

// addShared adds the counts to a cell, and to the cell beside it of the employee, when there is one.
func (r *Rollups) addShared(c Cell, employee string, n CellCounts) {
	r.addCell(c, n)
	if employee != "" {
		c.Employee = employee
		r.addCell(c, n)
	}
}

// countCollision adds n to the collisions, with -1 for one that is taken back.
func (f *Fold) countCollision(k *Contacts, before, x *call, n int64, out *Effects) {
	k.Collisions += int32(n)
	cell := Cell{Kind: CellCollision, Month: x.month, Unit: x.unit, Names: [4]string{string(x.channel.channel())}}
	out.Rollups.addShared(cell, x.employee, CellCounts{CollisionLater: n})
	cell.Employee = before.employee
	out.Rollups.addCell(cell, CellCounts{CollisionEarlier: n})
}
