package projections

import (
	"encoding/json"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/eventstore"
)

// effectMonths is the number of months before the opening of a sheet, and after its acceptance, whose scores are compared.
const effectMonths = 6

// RectificationReport shows the rectification sheets and whether they helped (SAT-18, SAT-19).
type RectificationReport struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	// Open counts the sheets that are to be done, also again after a rejection, Overdue those of them past their date,
	// Completed those that wait for an inspection, Accepted those that passed it.
	Open      int64 `json:"open"`
	Overdue   int64 `json:"overdue"`
	Completed int64 `json:"completed"`
	Accepted  int64 `json:"accepted"`
	// Passed is the share of inspections that were passed, InTime the share of the sheets done that were completed by the
	// date they were opened with. They are about the firm's work, so that few are shown too.
	Passed statistics.ShareFigure `json:"passed"`
	InTime statistics.ShareFigure `json:"in_time"`
	Sheets []RectificationRow     `json:"sheets"`
}

// RectificationRow is one sheet and its effect.
type RectificationRow struct {
	Case
	// Effect compares the scores of the item, one row for each source; empty before the sheet is accepted.
	Effect []RectificationEffect `json:"effect"`
}

// RectificationEffect compares the scores of the item of a sheet in the unit and below it: those of the months up to the
// one in which the sheet was opened, and those of the months after its acceptance, six at most each.
type RectificationEffect struct {
	Source string                `json:"source"`
	Before statistics.MeanFigure `json:"before"`
	After  statistics.MeanFigure `json:"after"`
	// Difference is After less Before, with Welch's t interval; null when one of them is suppressed or too small to tell.
	Difference *float64             `json:"difference"`
	Interval   *statistics.Interval `json:"interval"`
}

// RectificationCells returns the cells that a report on rectification sheets is computed from.
func RectificationCells() CellFilter { return CellFilter{Kinds: []CellKind{CellAnswer}, Whole: true} }

// NewRectificationReport computes the report from sheets, which are cases of that kind, and the answers of view.
func NewRectificationReport(sheets *CasePage, view *CellView) (*RectificationReport, error) {
	r := &RectificationReport{AsOf: sheets.AsOf, Positions: sheets.Positions, Sheets: []RectificationRow{}}
	var passed, inTime statistics.Share
	answers := answersByItem(view)
	for i := range sheets.Items {
		sheet := sheets.Items[i]
		var detail RectificationDetail
		if err := json.Unmarshal(sheet.Detail, &detail); err != nil {
			return nil, fmt.Errorf("read rectification sheet %q of %q: %w", sheet.ID, sheet.OrgUnit, err)
		}
		r.count(&sheet, &detail)
		passed.Whole += int64(detail.Rejections)
		row := RectificationRow{Case: sheet, Effect: []RectificationEffect{}}
		if detail.Status == RectificationAccepted {
			passed.Merge(statistics.Share{Part: 1, Whole: 1})
			row.Effect = effects(&CellView{Policy: view.Policy, Cells: answers[sheet.Topic]}, &sheet, &detail)
		}
		if detail.CompletedAt != 0 && detail.FirstDueAt != 0 {
			inTime.Whole++
			if detail.CompletedAt <= detail.FirstDueAt {
				inTime.Part++
			}
		}
		r.Sheets = append(r.Sheets, row)
	}
	all := statistics.Reporting{Level: view.Policy.Satisfaction.Confidence, Least: 1}
	r.Passed, r.InTime = all.Share(passed), all.Share(inTime)
	return r, nil
}

// answersByItem returns the cells of each item, so that no sheet goes over those of the others.
func answersByItem(view *CellView) map[string][]CellCount {
	items := make(map[string][]CellCount)
	for i := range view.Cells {
		if c := &view.Cells[i]; c.Kind == CellAnswer {
			items[c.Names[surveyNameItem]] = append(items[c.Names[surveyNameItem]], *c)
		}
	}
	return items
}

func (r *RectificationReport) count(sheet *Case, detail *RectificationDetail) {
	switch detail.Status {
	case RectificationAccepted:
		r.Accepted++
	case RectificationCompleted:
		r.Completed++
	default:
		r.Open++
		if sheet.StatusAt(r.AsOf) == CaseOverdue {
			r.Overdue++
		}
	}
}

// effects compares the scores of the item of an accepted sheet.
func effects(view *CellView, sheet *Case, detail *RectificationDetail) []RectificationEffect {
	month := func(at domain.Instant) domain.Month { return domain.DateOf(at, view.Policy.Location()).Month() }
	opened, accepted := month(sheet.Opened), month(detail.AcceptedAt)
	list := []RectificationEffect{}
	for _, source := range []domain.SurveySource{domain.SurveyInternal, domain.SurveyExternal} {
		filter := SatisfactionFilter{Questionnaire: detail.Questionnaire, Source: source, OrgUnit: sheet.OrgUnit, Item: sheet.Topic}
		filter.From, filter.To = opened-effectMonths+1, opened
		before, asked := scoresOf(view, &filter)
		filter.From, filter.To = accepted+1, accepted+effectMonths
		after, again := scoresOf(view, &filter)
		if !asked && !again {
			continue
		}
		list = append(list, effectOf(view.Policy, source, before, after))
	}
	return list
}

// scoresOf returns the scores of the item that the filter names, false when it was not asked. An item that several
// questionnaires have is that of the first of them.
func scoresOf(view *CellView, filter *SatisfactionFilter) (d statistics.Distribution, asked bool) {
	for _, definition := range view.Policy.Questionnaires.Definitions {
		item, known := definition.Item(filter.Item)
		if !known || filter.Questionnaire != "" && definition.Name != filter.Questionnaire {
			continue
		}
		var n CellCounts
		for i := range view.Cells {
			c := &view.Cells[i]
			of := c.Kind == CellAnswer && c.Names[surveyNameQuestionnaire] == definition.Name && c.Names[surveyNameItem] == filter.Item
			if of && filter.covers(c.Month) && filter.wants(&c.Cell) {
				n.add(&c.Counts)
			}
		}
		d, _ = distributionOf(item, &n)
		return d, d.Count() > 0
	}
	return statistics.Distribution{}, false
}

func effectOf(p *domain.Policy, source domain.SurveySource, before, after statistics.Distribution) RectificationEffect {
	reporting := reportingOf(p)
	x := RectificationEffect{Source: string(source), Before: reporting.Mean(before), After: reporting.Mean(after)}
	d, ok := statistics.Compare(before.Moments(), after.Moments())
	if !ok || x.Before.Suppressed || x.After.Suppressed {
		return x
	}
	x.Difference = &d.Estimate
	if i, ok := d.Interval(p.Satisfaction.Confidence); ok {
		x.Interval = &i
	}
	return x
}
