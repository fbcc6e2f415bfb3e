package projections

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// SatisfactionGroup is what the rows of a report on satisfaction stand for.
type SatisfactionGroup string

// What rows stand for. Without it there is one row for each questionnaire and source.
const (
	GroupNone     SatisfactionGroup = ""
	GroupItem     SatisfactionGroup = "item"
	GroupGroup    SatisfactionGroup = "group"
	GroupOrgUnit  SatisfactionGroup = "org_unit"
	GroupEmployee SatisfactionGroup = "employee"
	GroupRole     SatisfactionGroup = "role"
	GroupMonth    SatisfactionGroup = "month"
	GroupSource   SatisfactionGroup = "source"
	GroupMode     SatisfactionGroup = "mode"
)

// SatisfactionGroups returns all that rows can stand for.
func SatisfactionGroups() []SatisfactionGroup {
	return []SatisfactionGroup{GroupItem, GroupGroup, GroupOrgUnit, GroupEmployee, GroupRole, GroupMonth, GroupSource, GroupMode}
}

// SatisfactionFilter selects what a report on satisfaction covers. Zero fields select everything.
type SatisfactionFilter struct {
	Questionnaire string
	Source        domain.SurveySource
	Mode          domain.SurveyMode
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	// Employee and Role select answers about the work of an employee, or of everybody in a role.
	Employee, Role string
	Item           string
	// From and To are the months covered, both inclusive. With both, the index is compared with that of as many months
	// before.
	From, To domain.Month
	// Latest takes the latest answer of each customer only.
	Latest bool
	// Group is what the rows stand for.
	Group SatisfactionGroup
	// Depth is the number of steps of the path of a unit that rows by unit go into. Default: the whole path.
	Depth int
}

// Check returns an error that matches ErrFilter unless the filter can be used.
func (f *SatisfactionFilter) Check() error {
	switch {
	case f.Source != "" && f.Source != domain.SurveyInternal && f.Source != domain.SurveyExternal:
		return fmt.Errorf("%w: source must be one of internal, external", ErrFilter)
	case f.Group != GroupNone && !slices.Contains(SatisfactionGroups(), f.Group):
		return fmt.Errorf("%w: group must be one of %v", ErrFilter, SatisfactionGroups())
	case f.From != 0 && f.To != 0 && f.From > f.To:
		return fmt.Errorf("%w: from must not be later than to", ErrFilter)
	case f.Depth < 0:
		return fmt.Errorf("%w: depth must not be negative", ErrFilter)
	}
	return nil
}

// Cells returns the cells that the report is computed from.
func (f *SatisfactionFilter) Cells() CellFilter {
	cells := CellFilter{
		Kinds: []CellKind{CellAnswer, CellSurvey}, From: f.From, To: f.To, OrgUnit: f.OrgUnit, Employee: f.Employee,
		Whole: !f.personal(),
	}
	if f.Latest {
		// Invitations count among all surveys only.
		cells.Kinds = []CellKind{CellLatest, CellSurveyLatest, CellSurvey}
	}
	cells.Names[surveyNameQuestionnaire], cells.Names[surveyNameSource] = f.Questionnaire, string(f.Source)
	if from, _, ok := f.earlier(); ok {
		cells.From = from
	}
	return cells
}

// personal reports whether the report is about the work of employees.
func (f *SatisfactionFilter) personal() bool {
	return f.Employee != "" || f.Role != "" || f.Group == GroupEmployee || f.Group == GroupRole
}

// earlier returns the months that the index is compared with; false when the months covered have no beginning or no end.
func (f *SatisfactionFilter) earlier() (from, to domain.Month, ok bool) {
	if f.From == 0 || f.To == 0 {
		return 0, 0, false
	}
	return f.From - (f.To - f.From + 1), f.From - 1, true
}

// wants reports whether the report covers the cell, but for its month.
func (f *SatisfactionFilter) wants(c *Cell) bool {
	item, mode := c.Names[surveyNameItem], c.Names[surveyNameMode]
	return (f.Questionnaire == "" || f.Questionnaire == c.Names[surveyNameQuestionnaire]) &&
		(f.Source == "" || string(f.Source) == c.Names[surveyNameSource]) && (f.Mode == "" || string(f.Mode) == mode) &&
		(f.Item == "" || item == "" || f.Item == item) && within(c.Unit, f.OrgUnit) && f.wantsStaff(c)
}

func (f *SatisfactionFilter) wantsStaff(c *Cell) bool {
	if !f.personal() {
		return c.Employee == ""
	}
	return c.Employee != "" && (f.Employee == "" || f.Employee == c.Employee) && (f.Role == "" || f.Role == c.Role)
}

// unit returns the unit that rows by unit have for a path.
func (f *SatisfactionFilter) unit(path string) string {
	steps := strings.SplitAfter(path, "/")
	if f.Depth == 0 || len(steps) <= f.Depth {
		return path
	}
	return strings.TrimSuffix(strings.Join(steps[:f.Depth], ""), "/")
}
