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

// FollowUpFilter selects what a report on follow-ups covers. Zero fields select everything.
type FollowUpFilter struct {
	Kind FollowUpKind
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	// From and To are the months covered, both inclusive.
	From, To domain.Month
}

// Cells returns the cells that the report is computed from.
func (f *FollowUpFilter) Cells() CellFilter {
	cells := CellFilter{Kinds: []CellKind{CellFollowUp}, From: f.From, To: f.To, OrgUnit: f.OrgUnit}
	cells.Names[followUpNameKind] = string(f.Kind)
	return cells
}

// FollowUpReport says how much of what calls for a follow-up was followed up, and how (SAT-08). Coverage is about the
// firm's work, so that few are shown too; what customers said is suppressed when few said it.
type FollowUpReport struct {
	AsOf          domain.Instant       `json:"as_of"`
	Positions     eventstore.Positions `json:"positions"`
	PolicyVersion string               `json:"policy_version"`
	// Kinds is the coverage by kind of thing, over all units and months; Units and Months split it.
	Kinds  []Coverage `json:"kinds"`
	Units  []Coverage `json:"org_units"`
	Months []Coverage `json:"months"`
	// Channels says how customers were followed up, Employees by whom. Both count follow-ups in the months they were made.
	Channels  []FollowUpRow `json:"channels"`
	Employees []FollowUpRow `json:"employees"`
}

// Coverage says how many things of one kind were followed up: those that came up in a month, in a unit.
type Coverage struct {
	Kind    FollowUpKind `json:"kind"`
	OrgUnit string       `json:"org_unit,omitempty"`
	Month   domain.Month `json:"month,omitzero"`
	// Due counts the things, Tried those that somebody tried to follow up, Completed those that were followed up, and
	// Reached those about which the customer was reached.
	Due       int64 `json:"due"`
	Tried     int64 `json:"tried"`
	Completed int64 `json:"completed"`
	Reached   int64 `json:"reached"`
	// Outstanding is what is left of Due, Unreachable what is left of Tried when those reached are taken away.
	Outstanding int64 `json:"outstanding"`
	Unreachable int64 `json:"unreachable"`
	// Coverage is Completed of Due. The target after handovers is 1.
	Coverage statistics.ShareFigure `json:"coverage"`
}

// FollowUpRow counts follow-ups of one channel or employee.
type FollowUpRow struct {
	Kind     FollowUpKind `json:"kind"`
	Channel  string       `json:"channel,omitempty"`
	Employee string       `json:"employee,omitempty"`
	// Attempts were in vain. Reached counts the follow-ups and attempts in which the customer was reached, and Unreached
	// the others.
	Attempts  int64 `json:"attempts"`
	Completed int64 `json:"completed"`
	Reached   int64 `json:"reached"`
	Unreached int64 `json:"unreached"`
	// Satisfied is the share of satisfied customers among those who said whether they are.
	Satisfied statistics.ShareFigure `json:"satisfied"`
}

// followUpKey is what rows of the report are counted by.
type followUpKey struct {
	kind, unit string
	month      domain.Month
	channel    string
	employee   string
}

func (k followUpKey) compare(o followUpKey) int {
	return cmp.Or(strings.Compare(k.kind, o.kind), cmp.Compare(k.month, o.month), strings.Compare(k.unit, o.unit),
		strings.Compare(k.channel, o.channel), strings.Compare(k.employee, o.employee))
}

// followUpSum sums cells by what one list of the report is counted by.
type followUpSum map[followUpKey]CellCounts

func (s followUpSum) add(k followUpKey, n *CellCounts) {
	sum := s[k]
	sum.add(n)
	s[k] = sum
}

func (s followUpSum) keys() []followUpKey {
	return slices.SortedFunc(maps.Keys(s), followUpKey.compare)
}

// NewFollowUpReport computes the report from the cells that filter.Cells selects.
func NewFollowUpReport(view *CellView, filter *FollowUpFilter) *FollowUpReport {
	kinds, units, months, channels, employees := followUpSum{}, followUpSum{}, followUpSum{}, followUpSum{}, followUpSum{}
	cells := filter.Cells()
	for i := range view.Cells {
		c := &view.Cells[i]
		if !cells.Wants(&c.Cell) {
			continue
		}
		k := followUpKey{kind: c.Names[followUpNameKind]}
		switch channel := c.Names[followUpNameChannel]; {
		case c.Employee != "":
			employees.add(followUpKey{kind: k.kind, employee: c.Employee}, &c.Counts)
		case channel != "":
			channels.add(followUpKey{kind: k.kind, channel: channel}, &c.Counts)
		default:
			kinds.add(k, &c.Counts)
			units.add(followUpKey{kind: k.kind, unit: c.Unit}, &c.Counts)
			months.add(followUpKey{kind: k.kind, month: c.Month}, &c.Counts)
		}
	}
	p := view.Policy
	return &FollowUpReport{
		AsOf: view.AsOf, Positions: view.Positions, PolicyVersion: p.Version,
		Kinds: kinds.coverage(p), Units: units.coverage(p), Months: months.coverage(p),
		Channels: channels.rows(p), Employees: employees.rows(p),
	}
}

func (s followUpSum) coverage(p *domain.Policy) []Coverage {
	all := statistics.Reporting{Level: p.Satisfaction.Confidence, Least: 1}
	list := []Coverage{}
	for _, k := range s.keys() {
		n := s[k]
		list = append(list, Coverage{
			Kind: FollowUpKind(k.kind), OrgUnit: k.unit, Month: k.month,
			Due: n[FollowUpDue], Tried: n[FollowUpTried], Completed: n[FollowUpDone], Reached: n[FollowUpHeard],
			Outstanding: n[FollowUpDue] - n[FollowUpDone], Unreachable: n[FollowUpTried] - n[FollowUpHeard],
			Coverage: all.Share(statistics.Share{Part: n[FollowUpDone], Whole: n[FollowUpDue]}),
		})
	}
	return list
}

func (s followUpSum) rows(p *domain.Policy) []FollowUpRow {
	list := []FollowUpRow{}
	for _, k := range s.keys() {
		n := s[k]
		said := statistics.Share{Part: n[FollowUpSatisfied], Whole: n[FollowUpSatisfied] + n[FollowUpDissatisfied]}
		list = append(list, FollowUpRow{
			Kind: FollowUpKind(k.kind), Channel: k.channel, Employee: k.employee,
			Attempts: n[FollowUpAttempts], Completed: n[FollowUpCompletions], Reached: n[FollowUpReached],
			Unreached: n[FollowUpAttempts] + n[FollowUpCompletions] - n[FollowUpReached], Satisfied: reportingOf(p).Share(said),
		})
	}
	return list
}
