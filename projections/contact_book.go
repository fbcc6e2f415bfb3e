package projections

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// NewContactReport returns the report on the cells that the filter selects.
func NewContactReport(v *CellView, filter ContactFilter) *ContactReport {
	r := &ContactReport{AsOf: v.AsOf, Positions: v.Positions, PolicyVersion: v.Policy.Version}
	book := newContactBook(filter)
	cells := filter.Cells()
	for i := range v.Cells {
		if c := &v.Cells[i]; cells.Wants(&c.Cell) {
			book.add(c)
		}
	}
	book.fill(r)
	return r
}

// contactBook sums cells for a report.
type contactBook struct {
	filter     ContactFilter
	months     map[string]map[domain.Month]map[string]int64
	channels   map[string]*ContactChannel
	outcomes   map[string]int64
	employees  map[string]*EmployeeContacts
	goals      int64
	collisions int64
}

func newContactBook(filter ContactFilter) *contactBook {
	return &contactBook{
		filter: filter, channels: make(map[string]*ContactChannel), outcomes: make(map[string]int64),
		employees: make(map[string]*EmployeeContacts),
		months: map[string]map[domain.Month]map[string]int64{
			string(domain.DirectionIn): {}, string(domain.DirectionOut): {},
		},
	}
}

// add adds a cell: to the sums of the employee, and to those of the whole when it belongs to what the filter asks for.
func (b *contactBook) add(c *CellCount) {
	if c.Employee != "" {
		b.addEmployee(c)
	}
	if c.Employee != b.filter.Employee {
		return
	}
	n := c.Counts[ContactCount]
	switch c.Kind {
	case CellContact:
		direction, category := c.Names[0], c.Names[2]
		months := b.months[direction]
		if months[c.Month] == nil {
			months[c.Month] = make(map[string]int64)
		}
		months[c.Month][category] += n
		channel := b.channel(c.Names[1])
		if direction == string(domain.DirectionOut) {
			b.goals += c.Counts[ContactWithGoal]
			channel.Outbound += n
		} else {
			channel.Inbound += n
		}
	case CellAttempt:
		b.outcomes[c.Names[0]] += n
		b.channel(c.Names[1]).Attempts += n
	case CellCollision:
		b.collisions += c.Counts[CollisionLater]
	}
}

func (b *contactBook) addEmployee(c *CellCount) {
	e := b.employees[c.Employee]
	if e == nil {
		e = &EmployeeContacts{Employee: c.Employee}
		b.employees[c.Employee] = e
	}
	switch {
	case c.Kind == CellAttempt:
		e.Attempts += c.Counts[ContactCount]
	case c.Kind == CellCollision:
		e.Collisions += c.Counts[CollisionLater]
		e.CollidedWith += c.Counts[CollisionEarlier]
	case c.Names[0] == string(domain.DirectionOut):
		e.Outbound += c.Counts[ContactCount]
		e.WithGoal += c.Counts[ContactWithGoal]
	default:
		e.Inbound += c.Counts[ContactCount]
	}
}

func (b *contactBook) channel(name string) *ContactChannel {
	if b.channels[name] == nil {
		b.channels[name] = &ContactChannel{Channel: name}
	}
	return b.channels[name]
}

// fill writes the sums into the report.
func (b *contactBook) fill(r *ContactReport) {
	months := b.covered()
	r.Inbound = newContactTable(b.months[string(domain.DirectionIn)], months)
	r.Outbound = newContactTable(b.months[string(domain.DirectionOut)], months)
	r.OutboundShare = share(r.Outbound.Total, r.Inbound.Total+r.Outbound.Total)
	r.WithGoal, r.GoalShare = b.goals, share(b.goals, r.Outbound.Total)
	r.Attempts.Outcomes = b.outcomes
	for _, n := range b.outcomes {
		r.Attempts.Total += n
	}
	r.Attempts.ReachedShare = share(r.Outbound.Total, r.Outbound.Total+r.Attempts.Total)
	r.Collisions = b.collisions
	r.Channels, r.Employees = []ContactChannel{}, []EmployeeContacts{}
	for _, name := range slices.Sorted(maps.Keys(b.channels)) {
		r.Channels = append(r.Channels, *b.channels[name])
	}
	for _, id := range slices.Sorted(maps.Keys(b.employees)) {
		r.Employees = append(r.Employees, *b.employees[id])
	}
}

// covered returns the months from the first to the last with a contact.
func (b *contactBook) covered() []domain.Month {
	var with, months []domain.Month
	for _, counts := range b.months {
		with = slices.AppendSeq(with, maps.Keys(counts))
	}
	if len(with) == 0 {
		return nil
	}
	for m := slices.Min(with); m <= slices.Max(with); m++ {
		months = append(months, m)
	}
	return months
}

func newContactTable(counts map[domain.Month]map[string]int64, months []domain.Month) ContactTable {
	t := ContactTable{Categories: []CategoryCount{}, Months: []ContactMonth{}}
	whole := make(map[string]int64)
	for _, m := range months {
		month := ContactMonth{Month: m, Categories: make(map[string]int64)}
		for category, n := range counts[m] {
			month.Categories[category] = n
			month.Total += n
			whole[category] += n
		}
		t.Total += month.Total
		t.Months = append(t.Months, month)
	}
	for category, n := range whole {
		t.Categories = append(t.Categories, CategoryCount{Category: category, Count: n, Share: share(n, t.Total)})
	}
	slices.SortFunc(t.Categories, func(a, b CategoryCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Category, b.Category))
	})
	return t
}

// share returns n of all, null when there is nothing to share.
func share(n, all int64) *float64 {
	if all == 0 {
		return nil
	}
	return new(float64(n) / float64(all))
}
