package projections

import (
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain/statistics"
)

// WarningAnswers counts the warnings for whose answer the policy gives a time.
type WarningAnswers struct {
	// InTime counts those that somebody answered before the first step of the escalation, Unanswered those of which that step was
	// told before anybody had answered. A warning counts once: one that waits anew after an answer in time is not unanswered.
	InTime     int64 `json:"answered_in_time"`
	Unanswered int64 `json:"unanswered"`
	// InTimeShare is the share of InTime of both. Those that ended before either happened are in none.
	InTimeShare statistics.ShareFigure `json:"in_time"`
}

// EmployeeAnswers counts the warnings that an employee was to deal with when they were answered, or when it was told that
// nobody had.
type EmployeeAnswers struct {
	Employee string `json:"employee"`
	WarningAnswers
}

func answersOf(n *CellCounts, reporting statistics.Reporting) WarningAnswers {
	a := WarningAnswers{InTime: n[warningAnsweredInTime], Unanswered: n[warningUnanswered]}
	a.InTimeShare = reporting.Share(statistics.Share{Part: a.InTime, Whole: a.InTime + a.Unanswered})
	return a
}

// employeeAnswers sums the cells of employees.
type employeeAnswers map[string]CellCounts

func (s employeeAnswers) add(c *CellCount) {
	sum := s[c.Employee]
	sum.add(&c.Counts)
	s[c.Employee] = sum
}

// rows returns a row for each employee, in the order of their ids.
func (s employeeAnswers) rows(reporting statistics.Reporting) []EmployeeAnswers {
	list := []EmployeeAnswers{}
	for _, employee := range slices.Sorted(maps.Keys(s)) {
		n := s[employee]
		list = append(list, EmployeeAnswers{employee, answersOf(&n, reporting)})
	}
	return list
}
