package projections

import (
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/questionnaire"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/eventstore"
)

// SatisfactionReport says what customers answered (SAT-05 to SAT-17). Internal and external answers are always rows of
// their own, never averaged, and so are questionnaires. Figures of fewer answers than the policy asks for are suppressed;
// what has no answers is null. Its JSON form is part of the public contract.
type SatisfactionReport struct {
	AsOf          domain.Instant       `json:"as_of"`
	Positions     eventstore.Positions `json:"positions"`
	PolicyVersion string               `json:"policy_version"`
	// Answers is "all", or "latest" for the latest answer of each customer only.
	Answers string `json:"answers"`
	// Group is what the rows stand for, empty for one row for each questionnaire and source.
	Group SatisfactionGroup `json:"group"`
	// Confidence is the level of the intervals.
	Confidence float64           `json:"confidence"`
	Rows       []SatisfactionRow `json:"rows"`
	// Gaps compares the internal with the external row of the same questionnaire and value.
	Gaps []SatisfactionGap `json:"gaps"`
	// LowItems are the items with low scores, the most frequent first (SAT-11).
	LowItems []LowItem `json:"low_items"`
	// Responses says how many of those who were asked answered (SAT-06). It is left out of reports on employees.
	Responses []SurveyResponse `json:"responses"`
	// LeftOut counts answers to questionnaires or items that the policy does not have any more.
	LeftOut int64 `json:"left_out"`
}

// satisfaction makes a report.
type satisfaction struct {
	*SatisfactionReport
	filter    *SatisfactionFilter
	policy    *domain.Policy
	reporting statistics.Reporting
	tallies   map[tallyKey]*tally
	// end is the last instant of the months covered, and before that of the months they are compared with.
	end, before domain.Instant
}

// NewSatisfactionReport computes the report from the cells that filter.Cells selects. The months covered end with that of
// the view.
func NewSatisfactionReport(view *CellView, filter *SatisfactionFilter) *SatisfactionReport {
	s := newSatisfaction(view, filter)
	keys := slices.SortedFunc(maps.Keys(s.tallies), tallyKey.compare)
	for _, k := range keys {
		s.Rows = append(s.Rows, s.row(k, s.tallies[k]))
		s.LeftOut += s.tallies[k].leftOut
	}
	s.addGaps(keys)
	s.addLowItems(keys)
	s.addResponses(view)
	return s.SatisfactionReport
}

// newSatisfaction counts the cells and leaves the figures to be computed.
func newSatisfaction(view *CellView, filter *SatisfactionFilter) *satisfaction {
	policy := view.Policy
	s := &satisfaction{
		SatisfactionReport: &SatisfactionReport{
			AsOf: view.AsOf, Positions: view.Positions, PolicyVersion: policy.Version, Answers: "all", Group: filter.Group,
			Confidence: policy.Satisfaction.Confidence,
			Rows:       []SatisfactionRow{}, Gaps: []SatisfactionGap{}, LowItems: []LowItem{}, Responses: []SurveyResponse{},
		},
		filter: filter, policy: policy, reporting: reportingOf(policy), tallies: map[tallyKey]*tally{}, end: view.AsOf,
	}
	if filter.Latest {
		s.Answers = "latest"
	}
	if filter.To != 0 {
		s.end = min(s.end, endOf(filter.To, policy))
	}
	if _, to, compared := filter.earlier(); compared {
		s.before = min(s.end, endOf(to, policy))
	}
	s.count(view)
	return s
}

// reportingOf returns how the policy wants figures to be shown.
func reportingOf(p *domain.Policy) statistics.Reporting {
	return statistics.Reporting{Level: p.Satisfaction.Confidence, Least: p.Satisfaction.Least}
}

// endOf returns the last instant of a month in the time zone of the policy.
func endOf(m domain.Month, p *domain.Policy) domain.Instant {
	return (m + 1).Start().Start(p.Location()) - domain.Microsecond
}

// kinds returns the kinds of cells that the rows are counted from.
func (f *SatisfactionFilter) kinds() (answers, surveys CellKind) {
	if f.Latest {
		return CellLatest, CellSurveyLatest
	}
	return CellAnswer, CellSurvey
}

// count counts the cells for the rows they belong to.
func (s *satisfaction) count(view *CellView) {
	answers, surveys := s.filter.kinds()
	from, to, compared := s.filter.earlier()
	for i := range view.Cells {
		c := &view.Cells[i]
		if !s.filter.wants(&c.Cell) || !s.filter.covers(c.Month) {
			continue
		}
		switch c.Kind {
		case answers:
			s.countAnswers(c)
		case surveys:
			s.countSurveys(c)
		}
	}
	for i := range view.Cells {
		if c := &view.Cells[i]; compared && c.Kind == answers && s.filter.wants(&c.Cell) && c.Month >= from && c.Month <= to {
			s.countEarlier(c)
		}
	}
}

func (s *satisfaction) countSurveys(c *CellCount) {
	d, known := s.policy.Questionnaires.Find(c.Names[surveyNameQuestionnaire])
	switch {
	case c.Counts[SurveyCount] == 0:
	case !known:
		s.LeftOut += c.Counts[SurveyCount]
	case !s.filter.ofItems():
		s.tally(d, s.key(c, nil), nil).addSurveys(c)
	}
}

func (s *satisfaction) countAnswers(c *CellCount) {
	d, known := s.policy.Questionnaires.Find(c.Names[surveyNameQuestionnaire])
	if !known {
		return // its surveys are left out
	}
	item, known := d.Item(c.Names[surveyNameItem])
	if !known {
		s.LeftOut += answered(&c.Counts)
		return
	}
	s.tally(d, s.key(c, item), item).addAnswers(c, item)
}

// countEarlier counts the answers of the months that a row is compared with.
func (s *satisfaction) countEarlier(c *CellCount) {
	if d, known := s.policy.Questionnaires.Find(c.Names[surveyNameQuestionnaire]); known {
		if item, known := d.Item(c.Names[surveyNameItem]); known {
			if t := s.tallies[s.key(c, item)]; t != nil {
				addCounts(t.earlier, item.ID, &c.Counts)
			}
		}
	}
}

// answered returns the number of answers in the counts of an item.
func answered(n *CellCounts) (sum int64) {
	for _, of := range n {
		sum += of
	}
	return sum
}

func (f *SatisfactionFilter) covers(m domain.Month) bool {
	return (f.From == 0 || m >= f.From) && (f.To == 0 || m <= f.To)
}

// ofItems reports whether the rows stand for items or groups of them, to which surveys as a whole do not belong.
func (f *SatisfactionFilter) ofItems() bool {
	return f.Item != "" || f.Group == GroupItem || f.Group == GroupGroup
}

// key returns the row that a cell belongs to.
func (s *satisfaction) key(c *CellCount, item *questionnaire.Item) tallyKey {
	k := tallyKey{questionnaire: c.Names[surveyNameQuestionnaire], source: c.Names[surveyNameSource]}
	switch s.filter.Group {
	case GroupItem:
		k.value = item.ID
	case GroupGroup:
		k.value = item.Group().Name
	case GroupOrgUnit:
		k.value = s.filter.unit(c.Unit)
	case GroupEmployee:
		k.value, k.role = c.Employee, c.Role
	case GroupRole:
		k.role = c.Role
	case GroupMonth:
		k.value = c.Month.String()
	case GroupMode:
		k.value = c.Names[surveyNameMode]
	}
	return k
}

// tally returns the tally of a row.
func (s *satisfaction) tally(d *questionnaire.Definition, k tallyKey, item *questionnaire.Item) *tally {
	t := s.tallies[k]
	if t == nil {
		t = newTally(d, !s.filter.ofItems() && len(d.Weights) > 0)
		t.main = mainMeasure(d)
		if s.filter.ofItems() && item != nil {
			t.main = item.Group().Measure
		}
		s.tallies[k] = t
	}
	return t
}

// mainMeasure returns what the first scored group of a questionnaire measures.
func mainMeasure(d *questionnaire.Definition) questionnaire.Measure {
	for _, g := range d.Groups {
		if g.Scale() != (statistics.Scale{}) {
			return g.Measure
		}
	}
	return questionnaire.Comment
}
