package projections

import "github.com/rapport-crm/rapport/domain"

// Cells of kind CellPraise count what customers say beside complaints (CMP-16), in the month in which they said it. The
// first name is PraiseNamed or SuggestionNamed; praise of an employee is counted once without and once with the employee.
const (
	PraiseNamed     = "praise"
	SuggestionNamed = "suggestion"

	// PraiseCount is the place of the count.
	PraiseCount = 0
)

func (f *Fold) countPraise(c *Customer, e *Entry, out *Effects) {
	var name, employee string
	switch d := e.Data.(type) {
	case *domain.PraiseReceived:
		name, employee = PraiseNamed, d.Employee
	case *domain.SuggestionReceived:
		name = SuggestionNamed
	default:
		return
	}
	cell := Cell{
		Kind: CellPraise, Month: domain.DateOf(e.Event.Time, f.location).Month(), Unit: c.OrgUnit(), Names: [4]string{name},
	}
	one := CellCounts{PraiseCount: 1}
	out.Rollups.addCell(cell, one)
	if employee != "" {
		cell.Employee = employee
		out.Rollups.addCell(cell, one)
	}
}
