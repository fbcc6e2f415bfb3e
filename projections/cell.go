package projections

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// CellKind says what a cell counts.
type CellKind uint8

// The kinds of cells. What their names and counts mean is said where they are counted.
const (
	CellNone CellKind = iota
	// CellAnswer counts all answers to an item, CellLatest the latest answer of each customer to it.
	CellAnswer
	CellLatest
	// CellSurvey counts surveys and CellSurveyLatest the latest one of each customer, with the sum of their indices.
	CellSurvey
	CellSurveyLatest
	// CellDeadline counts deadlines by how they ended.
	CellDeadline
	// CellContact counts contacts, CellAttempt attempts in vain, CellCollision collisions.
	CellContact
	CellAttempt
	CellCollision
	// CellFollowUp counts follow-ups.
	CellFollowUp
	// CellPraise counts praise and suggestions.
	CellPraise
	// CellWarning counts churn warnings.
	CellWarning
	// CellLoss counts losses, CellWinBack what was done to win customers back, CellCost what was attributed to customers.
	CellLoss
	CellWinBack
	CellCost
	// CellClass counts changes of the class of value.
	CellClass
	// CellKindCount is the number of kinds.
	CellKindCount = iota
)

var cellKindNames = [CellKindCount]string{
	"none", "answer", "latest_answer", "survey", "latest_survey", "deadline", "contact", "attempt", "collision", "follow_up", "praise",
	"warning", "loss", "win_back", "cost", "class",
}

// String returns the name of the kind.
func (k CellKind) String() string { return cellKindNames[k] }

// Cell names one cell of the roll-ups: what is counted, in which month and by which dimensions. The month is that of the
// calendar day in the time zone of the policy. An empty dimension stands for itself, not for all: what is to be seen both
// with and without an employee is counted in two cells.
type Cell struct {
	Kind  CellKind
	Month domain.Month
	// Unit is the path of the organisation unit.
	Unit string
	// Employee and Role say whose work is counted.
	Employee, Role string
	// Names are further dimensions; their meaning depends on the kind.
	Names [4]string
}

// CellCounts are the counts of a cell; their meaning depends on the kind.
type CellCounts [14]int64

// CellCount is a cell with its counts.
type CellCount struct {
	Cell
	Counts CellCounts
}

// Compare orders cells by kind, month, unit, names, employee and role.
func (c *Cell) Compare(o *Cell) int {
	return cmp.Or(cmp.Compare(c.Kind, o.Kind), cmp.Compare(c.Month, o.Month), strings.Compare(c.Unit, o.Unit),
		slices.Compare(c.Names[:], o.Names[:]), strings.Compare(c.Employee, o.Employee), strings.Compare(c.Role, o.Role))
}

// add adds the counts.
func (n *CellCounts) add(o *CellCounts) {
	for i := range o {
		n[i] += o[i]
	}
}

// negative returns the counts that take n back.
func (n CellCounts) negative() CellCounts {
	for i := range n {
		n[i] = -n[i]
	}
	return n
}

// times returns the counts so many times.
func (n CellCounts) times(times int64) CellCounts {
	for i := range n {
		n[i] *= times
	}
	return n
}

// addCell adds the counts to a cell. The strings of a cell that is new are cloned.
func (r *Rollups) addCell(c Cell, n CellCounts) {
	if sum, known := r.Cells[c]; known {
		sum.add(&n)
		return
	}
	if r.Cells == nil {
		r.Cells = make(map[Cell]*CellCounts)
	}
	c.Unit, c.Employee, c.Role = strings.Clone(c.Unit), strings.Clone(c.Employee), strings.Clone(c.Role)
	for i := range c.Names {
		c.Names[i] = strings.Clone(c.Names[i])
	}
	counts := n // only a new cell takes memory
	r.Cells[c] = &counts
}

// Digest returns the fingerprint of the cell with its counts. It is linear in the counts: those of increments add up to
// that of the sum, so that a store brings its digest along with each commit and never reads all cells.
func (c *CellCount) Digest() Digest {
	key := append([]byte("cell\x00"), byte(c.Kind))
	k := coder{buf: key, writing: true}
	month := c.Month
	number(&k, &month)
	for _, s := range []string{c.Unit, c.Employee, c.Role, c.Names[0], c.Names[1], c.Names[2], c.Names[3]} {
		k.string(&s)
	}
	base := digestOf(k.buf)
	var d Digest
	for i, n := range c.Counts {
		if n == 0 {
			continue
		}
		// Two odd multipliers for each count make its place matter.
		d[0] += uint64(n) * mix(base[0], i)
		d[1] += uint64(n) * mix(base[1], i)
	}
	return d
}

// mix returns the fingerprint of the i-th count of a cell with the given fingerprint.
func mix(base uint64, i int) uint64 {
	var b [9]byte
	for j := range 8 {
		b[j] = byte(base >> (8 * j))
	}
	b[8] = byte(i)
	return xxhash.Sum64(b[:]) | 1
}

// DigestOfCells returns the fingerprint of cells. That of increments is what they add to the digest of the views.
func DigestOfCells(cells map[Cell]*CellCounts) Digest {
	var d Digest
	for c, n := range cells {
		d = d.Add((&CellCount{Cell: c, Counts: *n}).Digest())
	}
	return d
}

// CellFilter selects cells. Zero fields select everything.
type CellFilter struct {
	// Kinds are the kinds wanted; at least one.
	Kinds []CellKind
	// From and To are the months covered, both inclusive.
	From, To domain.Month
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	// Names selects by further dimensions, where not empty.
	Names [4]string
	// Employee selects the cells of one employee.
	Employee string
	// Whole leaves out the cells of single employees.
	Whole bool
}

// Wants reports whether the filter selects the cell.
func (f *CellFilter) Wants(c *Cell) bool {
	for i, name := range f.Names {
		if name != "" && c.Names[i] != name {
			return false
		}
	}
	return slices.Contains(f.Kinds, c.Kind) && (f.From == 0 || c.Month >= f.From) && (f.To == 0 || c.Month <= f.To) &&
		within(c.Unit, f.OrgUnit) && (f.Employee == "" || c.Employee == f.Employee) && (!f.Whole || c.Employee == "")
}

// within reports whether the unit is the one of the given path or lies below it; every unit lies below the empty path.
func within(unit, path string) bool {
	return path == "" || unit == path || strings.HasPrefix(unit, path) && unit[len(path)] == '/'
}

// CellView is the cells that a filter selects, of one moment.
type CellView struct {
	AsOf      domain.Instant
	Positions eventstore.Positions
	// Policy is the policy that was published last, or the first one.
	Policy *domain.Policy
	// Cells are those with a count other than zero, in order.
	Cells []CellCount
}

// CellSum sums cells from several partitions.
type CellSum map[Cell]*CellCounts

// Add adds the cells that the filter selects.
func (s CellSum) Add(cells map[Cell]*CellCounts, filter *CellFilter) {
	for c, n := range cells {
		if filter.Wants(&c) {
			s.AddCount(c, n)
		}
	}
}

// AddCount adds the counts to a cell.
func (s CellSum) AddCount(c Cell, n *CellCounts) {
	sum := s[c]
	if sum == nil {
		sum = new(CellCounts)
		s[c] = sum
	}
	sum.add(n)
}

// Sorted returns the cells with a count other than zero, in order.
func (s CellSum) Sorted() []CellCount {
	cells := make([]CellCount, 0, len(s))
	for c, n := range s {
		if *n != (CellCounts{}) {
			cells = append(cells, CellCount{Cell: c, Counts: *n})
		}
	}
	slices.SortFunc(cells, func(a, b CellCount) int { return a.Cell.Compare(&b.Cell) })
	return cells
}
