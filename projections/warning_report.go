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

// WarningFilter selects what a report on churn warnings covers. Zero fields select everything.
type WarningFilter struct {
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	// From and To are the months, both inclusive.
	From, To domain.Month
}

// Cells returns the cells that the report is computed from.
func (f *WarningFilter) Cells() CellFilter {
	return CellFilter{Kinds: []CellKind{CellWarning}, From: f.From, To: f.To, OrgUnit: f.OrgUnit}
}

// WarningReport says how many churn warnings there were, what became of them and how long before a loss they were raised
// (CHN-07). Everything counts in the month in which it happened, and under the unit that had the customer then. Its JSON form
// is part of the public contract.
type WarningReport struct {
	AsOf          domain.Instant       `json:"as_of"`
	Positions     eventstore.Positions `json:"positions"`
	PolicyVersion string               `json:"policy_version"`
	// Confidence is the level of the intervals.
	Confidence float64 `json:"confidence"`
	// Total counts all of them; Units and Months split it.
	Total  WarningRow   `json:"total"`
	Units  []WarningRow `json:"org_units"`
	Months []WarningRow `json:"months"`
	// Employees says how those who were to deal with the warnings answered them.
	Employees []EmployeeAnswers `json:"employees"`
	// Levels counts what reached each level, and Ends what ended for each reason.
	Levels []WarningLevelRow `json:"levels"`
	Ends   []WarningEndRow   `json:"ends"`
}

// WarningRow counts the warnings of one unit or month where these are given.
type WarningRow struct {
	OrgUnit string       `json:"org_unit,omitempty"`
	Month   domain.Month `json:"month,omitzero"`
	// Raised and Ended count warnings; Raised of all months less Ended of all months are those open now.
	Raised int64 `json:"raised"`
	Ended  int64 `json:"ended"`
	// Escalated and Eased count changes of level of warnings that stayed open.
	Escalated int64 `json:"escalated"`
	Eased     int64 `json:"eased"`
	// Lost is the share that ended with a loss, reported or inferred, of those that ended without having been dismissed or
	// withdrawn.
	Lost statistics.ShareFigure `json:"lost"`
	// LeadDays is the mean time from the raising to a reported loss, in days of 24 hours; null without one.
	LeadDays *float64 `json:"lead_days"`
	// OpenDays is the mean time from the raising to the end, in days of 24 hours; null without one.
	OpenDays *float64 `json:"open_days"`
	// Acknowledged counts those that were acknowledged, AcknowledgedHours is the mean time until then; null without one.
	Acknowledged      int64    `json:"acknowledged"`
	AcknowledgedHours *float64 `json:"acknowledged_hours"`
	// Untouched counts those that ended without anybody having done anything about them.
	Untouched int64 `json:"untouched"`
	WarningAnswers
}

// WarningLevelRow counts the warnings that were raised at a level, escalated or eased to it, and those that ended and had
// reached it at the highest.
type WarningLevelRow struct {
	Level     domain.RiskLevel `json:"level"`
	Raised    int64            `json:"raised"`
	Escalated int64            `json:"escalated"`
	Eased     int64            `json:"eased"`
	Ended     int64            `json:"ended"`
	// Lost is the share that ended with a loss, as in WarningRow.
	Lost statistics.ShareFigure `json:"lost"`
}

// WarningEndRow counts the warnings that ended for one reason.
type WarningEndRow struct {
	Reason string `json:"reason"`
	Ended  int64  `json:"ended"`
	// OpenDays is the mean time from the raising to the end, in days of 24 hours.
	OpenDays *float64 `json:"open_days"`
}

// warningTally sums cells of warnings by why they ended; the empty reason has what is no end.
type warningTally map[string]CellCounts

func (t warningTally) add(c *CellCount) {
	sum := t[c.Names[warningNameEnd]]
	sum.add(&c.Counts)
	t[c.Names[warningNameEnd]] = sum
}

// NewWarningReport computes the report from the cells that filter.Cells selects.
func NewWarningReport(view *CellView, filter *WarningFilter) *WarningReport {
	total, units, months := warningTally{}, map[string]warningTally{}, map[domain.Month]warningTally{}
	levels, employees := map[string]CellCounts{}, employeeAnswers{}
	cells := filter.Cells()
	for i := range view.Cells {
		c := &view.Cells[i]
		if !cells.Wants(&c.Cell) {
			continue
		}
		if c.Employee != "" {
			employees.add(c)
			continue
		}
		total.add(c)
		tallyOf(units, c.Unit).add(c)
		tallyOf(months, c.Month).add(c)
		if c.Names[warningNameEnd] == "" {
			sum := levels[c.Names[warningNameLevel]]
			sum.add(&c.Counts)
			levels[c.Names[warningNameLevel]] = sum
		}
	}
	reporting := reportingOf(view.Policy)
	r := &WarningReport{
		AsOf: view.AsOf, Positions: view.Positions, PolicyVersion: view.Policy.Version, Confidence: reporting.Level,
		Total: total.row(reporting), Units: []WarningRow{}, Months: []WarningRow{}, Employees: employees.rows(reporting), Levels: total.levels(levels, reporting), Ends: total.ends(),
	}
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		row := units[unit].row(reporting)
		row.OrgUnit = unit
		r.Units = append(r.Units, row)
	}
	for _, month := range slices.Sorted(maps.Keys(months)) {
		row := months[month].row(reporting)
		row.Month = month
		r.Months = append(r.Months, row)
	}
	return r
}

func tallyOf[K comparable](tallies map[K]warningTally, key K) warningTally {
	if tallies[key] == nil {
		tallies[key] = warningTally{}
	}
	return tallies[key]
}

func (t warningTally) row(reporting statistics.Reporting) WarningRow {
	changes := t[""]
	row := WarningRow{
		Raised: changes[warningRaised], Escalated: changes[warningEscalated], Eased: changes[warningEased],
		Acknowledged:      changes[warningAcknowledged],
		AcknowledgedHours: meanTime(changes[warningUnseen], changes[warningAcknowledged], domain.Hour),
		Lost:              reporting.Share(t.lost(warningEnded)),
		WarningAnswers:    answersOf(&changes, reporting),
	}
	var openFor int64
	for _, n := range t {
		row.Ended += n[warningEnded]
		row.Untouched += n[warningEndedUntouched]
		openFor += n[warningOpenFor]
	}
	row.OpenDays = meanTime(openFor, row.Ended, domain.Day)
	known := t[WarningLost.String()]
	row.LeadDays = meanTime(known[warningOpenFor], known[warningEnded], domain.Day)
	return row
}

// lost returns how many ended with a loss of those that ended otherwise than by a decision or a correction, by one count of
// ends.
func (t warningTally) lost(count int) statistics.Share {
	var s statistics.Share
	for _, end := range []WarningEnd{WarningEased, WarningLost, WarningLossInferred, WarningTerminated} {
		n := t[end.String()][count]
		s.Whole += n
		if end == WarningLost || end == WarningLossInferred {
			s.Part += n
		}
	}
	return s
}

func (t warningTally) levels(changes map[string]CellCounts, reporting statistics.Reporting) []WarningLevelRow {
	list := []WarningLevelRow{}
	for level := domain.RiskWatch; level <= domain.RiskCritical; level++ {
		n, ended := changes[level.String()], warningEndedFrom+int(level-domain.RiskWatch)
		row := WarningLevelRow{
			Level: level, Raised: n[warningRaised], Escalated: n[warningEscalated], Eased: n[warningEased],
			Lost: reporting.Share(t.lost(ended)),
		}
		for _, n := range t {
			row.Ended += n[ended]
		}
		list = append(list, row)
	}
	return list
}

// ends returns a row for each reason, the most frequent first.
func (t warningTally) ends() []WarningEndRow {
	list := []WarningEndRow{}
	for reason, n := range t {
		if n[warningEnded] != 0 {
			list = append(list, WarningEndRow{reason, n[warningEnded], meanTime(n[warningOpenFor], n[warningEnded], domain.Day)})
		}
	}
	slices.SortFunc(list, func(a, b WarningEndRow) int {
		return cmp.Or(cmp.Compare(b.Ended, a.Ended), strings.Compare(a.Reason, b.Reason))
	})
	return list
}

// meanTime returns the mean of n times with the given sum in seconds, in the unit; nil without one.
func meanTime(sum, n int64, unit domain.Instant) *float64 {
	if n == 0 {
		return nil
	}
	return new(float64(sum) / float64(n) / float64(unit/domain.Second))
}
