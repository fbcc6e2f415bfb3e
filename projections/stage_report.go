package projections

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain/questionnaire"
	"github.com/rapport-crm/rapport/domain/statistics"
)

// StageReport shows what customers scored and what they complained about by stage of the firm's work (SAT-13). The stages
// of the work are the groups of items in the questionnaires: a complaint belongs to the group that has the name of its
// step.
type StageReport struct {
	Stages []StageRow `json:"stages"`
}

// StageRow is one stage of the work, in the answers to one questionnaire from one source. A step of complaints that no
// questionnaire asks about has neither.
type StageRow struct {
	Stage         string `json:"stage"`
	Questionnaire string `json:"questionnaire,omitempty"`
	Source        string `json:"source,omitempty"`
	// Scores are the scores of all items of the stage, null without any.
	Scores *statistics.MeanFigure `json:"scores"`
	// Low is the share of low scores.
	Low *statistics.ShareFigure `json:"low"`
	// Complaints counts the complaints about the stage. It is the same in all rows of a stage.
	Complaints int64 `json:"complaints"`
}

// NewStageReport joins the scores of the view with the number of complaints by step, both of the same months and units.
// What the rows of the filter stand for does not matter.
func NewStageReport(view *CellView, filter SatisfactionFilter, complaints map[string]int64) *StageReport {
	filter.Group = GroupGroup
	s := newSatisfaction(view, &filter)
	report := &StageReport{Stages: []StageRow{}}
	asked := map[string]bool{}
	for _, k := range slices.SortedFunc(maps.Keys(s.tallies), tallyKey.compare) {
		t := s.tallies[k]
		scores, ok := t.scores(t.main)
		if !ok || t.main == questionnaire.Comment || t.main == questionnaire.Execution {
			continue
		}
		asked[k.value] = true
		report.Stages = append(report.Stages, StageRow{
			Stage: k.value, Questionnaire: k.questionnaire, Source: k.source, Scores: new(s.reporting.Mean(scores)),
			Low: new(s.reporting.Share(t.lowest())), Complaints: complaints[k.value],
		})
	}
	for _, step := range slices.Sorted(maps.Keys(complaints)) {
		if !asked[step] {
			report.Stages = append(report.Stages, StageRow{Stage: step, Complaints: complaints[step]})
		}
	}
	slices.SortStableFunc(report.Stages, func(a, b StageRow) int { return strings.Compare(a.Stage, b.Stage) })
	return report
}

// lowest returns the share of low scores of all items of the main measure.
func (t *tally) lowest() statistics.Share {
	var sum statistics.Share
	for id := range t.items {
		if item, known := t.definition.Item(id); known && item.Group().Measure == t.main {
			sum.Merge(t.low(item))
		}
	}
	return sum
}
