package projections

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/eventstore"
)

// DeadlineFilter selects what a report on deadlines covers. Zero fields select everything.
type DeadlineFilter struct {
	// Kind is the name of a deadline in the policy.
	Kind string
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	// Employee selects what was decided for one employee.
	Employee string
	// From and To are the months of the ends of the deadlines, both inclusive.
	From, To domain.Month
}

// Cells returns the cells that the report is computed from.
func (f *DeadlineFilter) Cells() CellFilter {
	return CellFilter{
		Kinds: []CellKind{CellDeadline}, Names: [4]string{f.Kind}, From: f.From, To: f.To, OrgUnit: f.OrgUnit, Employee: f.Employee,
	}
}

// DeadlineReport says which share of the deadlines was kept (IC-15, CMP-08, CMP-09). A deadline counts in the month in
// which it is due and under the unit that had the customer when it started. Its JSON form is part of the public contract.
type DeadlineReport struct {
	AsOf          domain.Instant       `json:"as_of"`
	Positions     eventstore.Positions `json:"positions"`
	PolicyVersion string               `json:"policy_version"`
	// Confidence is the level of the intervals.
	Confidence float64 `json:"confidence"`
	// Kinds has a row for each kind of deadline; Units and Months split it. For one employee, they count what was decided
	// for that employee, and nothing else.
	Kinds  []DeadlineRow `json:"kinds"`
	Units  []DeadlineRow `json:"org_units"`
	Months []DeadlineRow `json:"months"`
	// Employees has the decisions by the employee who was responsible; deadlines of which nobody is known to be responsible
	// are in no row.
	Employees []EmployeeDeadlines `json:"employees"`
}

// DeadlineRow counts the deadlines of one kind, in one unit or month where these are given.
type DeadlineRow struct {
	Kind    string       `json:"kind"`
	OrgUnit string       `json:"org_unit,omitempty"`
	Month   domain.Month `json:"month,omitzero"`
	// Started is the sum of Decided, Running, Restarted (begun anew before the end) and Withdrawn (left out of the policy
	// before the end).
	Started   int64 `json:"started"`
	Running   int64 `json:"running"`
	Restarted int64 `json:"restarted"`
	Withdrawn int64 `json:"withdrawn"`
	// Near counts those of which it was told that they are near.
	Near int64 `json:"near"`
	DeadlineOutcome
}

// EmployeeDeadlines counts the deadlines of one kind that were decided for an employee.
type EmployeeDeadlines struct {
	Kind     string `json:"kind"`
	Employee string `json:"employee"`
	DeadlineOutcome
}

// DeadlineOutcome counts deadlines by how they ended.
type DeadlineOutcome struct {
	// Decided is the sum of Kept and Missed.
	Decided int64 `json:"decided"`
	Kept    int64 `json:"kept"`
	Missed  int64 `json:"missed"`
	// Late counts those missed that were done later.
	Late int64 `json:"late"`
	// ReportedLate counts those kept that were reported after their miss had been told.
	ReportedLate int64 `json:"reported_late"`
	// InTime is Kept of Decided.
	InTime statistics.ShareFigure `json:"in_time"`
}

// deadlineKey is what rows of the report are counted by.
type deadlineKey struct {
	kind, unit, employee string
	month                domain.Month
}

func (k deadlineKey) compare(o deadlineKey) int {
	return cmp.Or(strings.Compare(k.kind, o.kind), cmp.Compare(k.month, o.month), strings.Compare(k.unit, o.unit),
		strings.Compare(k.employee, o.employee))
}

// deadlineSum sums cells by what one list of the report is counted by.
type deadlineSum map[deadlineKey]CellCounts

func (s deadlineSum) add(k deadlineKey, n *CellCounts) {
	sum := s[k]
	sum.add(n)
	s[k] = sum
}

// NewDeadlineReport computes the report from the cells that filter.Cells selects.
func NewDeadlineReport(view *CellView, filter *DeadlineFilter) *DeadlineReport {
	kinds, units, months, employees := deadlineSum{}, deadlineSum{}, deadlineSum{}, deadlineSum{}
	cells := filter.Cells()
	for i := range view.Cells {
		c := &view.Cells[i]
		if !cells.Wants(&c.Cell) {
			continue
		}
		kind := c.Names[deadlineNameKind]
		if c.Employee != "" {
			employees.add(deadlineKey{kind: kind, employee: c.Employee}, &c.Counts)
		}
		if c.Employee == filter.Employee {
			kinds.add(deadlineKey{kind: kind}, &c.Counts)
			units.add(deadlineKey{kind: kind, unit: c.Unit}, &c.Counts)
			months.add(deadlineKey{kind: kind, month: c.Month}, &c.Counts)
		}
	}
	reporting := reportingOf(view.Policy)
	r := &DeadlineReport{
		AsOf: view.AsOf, Positions: view.Positions, PolicyVersion: view.Policy.Version, Confidence: reporting.Level,
		Kinds: kinds.rows(reporting), Units: units.rows(reporting), Months: months.rows(reporting), Employees: []EmployeeDeadlines{},
	}
	for _, k := range employees.keys() {
		n := employees[k]
		r.Employees = append(r.Employees, EmployeeDeadlines{Kind: k.kind, Employee: k.employee, DeadlineOutcome: outcomeOf(&n, reporting)})
	}
	return r
}

func (s deadlineSum) keys() []deadlineKey {
	return slices.SortedFunc(maps.Keys(s), deadlineKey.compare)
}

func (s deadlineSum) rows(reporting statistics.Reporting) []DeadlineRow {
	list := []DeadlineRow{}
	for _, k := range s.keys() {
		n := s[k]
		row := DeadlineRow{
			Kind: k.kind, OrgUnit: k.unit, Month: k.month, Started: n[deadlineStarted], Restarted: n[deadlineRestarted],
			Withdrawn: n[deadlineWithdrawn], Near: n[deadlineNear], DeadlineOutcome: outcomeOf(&n, reporting),
		}
		// The cells of employees have decisions only.
		if row.Started > 0 {
			row.Running = row.Started - row.Decided - row.Restarted - row.Withdrawn
		}
		list = append(list, row)
	}
	return list
}

func outcomeOf(n *CellCounts, reporting statistics.Reporting) DeadlineOutcome {
	o := DeadlineOutcome{
		Decided: n[deadlineKept] + n[deadlineMissed], Kept: n[deadlineKept], Missed: n[deadlineMissed], Late: n[deadlineLate],
		ReportedLate: n[deadlineReportedLate],
	}
	o.InTime = reporting.Share(statistics.Share{Part: o.Kept, Whole: o.Decided})
	return o
}
