package projections

import (
	"maps"
	"math/big"
	"slices"

	"github.com/rapport-crm/rapport/domain/questionnaire"
	"github.com/rapport-crm/rapport/domain/statistics"
)

// SatisfactionRow is what was answered to one questionnaire and source, of one value of what rows stand for. A member is
// null where the questionnaire does not ask for it.
type SatisfactionRow struct {
	Questionnaire string `json:"questionnaire"`
	Source        string `json:"source"`
	// Value is the item, group, unit, employee, month or mode that the row stands for, Role the role of the employee.
	Value string `json:"value,omitempty"`
	Role  string `json:"role,omitempty"`
	// Surveys counts the questionnaires that were answered; it is zero where rows stand for items or groups.
	Surveys int64 `json:"surveys"`
	// Index is the weighted index, of items that belong to it only; null where rows stand for items.
	Index *IndexFigure `json:"index"`
	// Scores are the scores of all items of the index together. Those of one customer are not independent, so that the
	// interval is too narrow where a row has several items; that of Index.Surveys is not.
	Scores *statistics.MeanFigure `json:"scores"`
	// NPS, CSAT and CES are of the items that ask for them and of no others.
	NPS  *PromoterFigure `json:"nps"`
	CSAT *TopFigure      `json:"csat"`
	CES  *TopFigure      `json:"ces"`
	// Execution is the share of standards that were kept (SAT-17).
	Execution *statistics.ShareFigure `json:"execution"`
	// Refused and NotApplicable count the items that were not answered.
	Refused       int64 `json:"refused"`
	NotApplicable int64 `json:"not_applicable"`
	// Trend is the change from month to month.
	Trend *TrendFigure `json:"trend"`
	// Modes are how the questions were asked, and Mixed says that the row mixes several, which can differ (SAT-09).
	Modes []ModeFigure `json:"modes"`
	Mixed bool         `json:"mixed_modes"`
}

// IndexFigure is a weighted index in points. What is absent is null.
type IndexFigure struct {
	// Weights names the weights: those in force at the end of the months covered.
	Weights string `json:"weights_version"`
	// Suppressed says that there are answers, but too few to show more than their number.
	Suppressed bool `json:"suppressed"`
	// Value is the weighted mean of the means of the items.
	Value *float64 `json:"value"`
	// Groups are the means of the groups.
	Groups []GroupFigure `json:"groups"`
	// Surveys is the mean of the indices of the surveys, each under the weights of its own time.
	Surveys *MomentsFigure `json:"surveys"`
	// Change is what changed against as many months before, null without a beginning and an end.
	Change *IndexChange `json:"change"`
}

// GroupFigure is the mean of a group of items.
type GroupFigure struct {
	Group string   `json:"group"`
	Value *float64 `json:"value"`
}

// IndexChange splits the change of an index into what the scores and what the weights did (SAT-05).
type IndexChange struct {
	Before  *float64 `json:"before"`
	Scores  *float64 `json:"scores"`
	Weights *float64 `json:"weights"`
}

// MomentsFigure is a mean of indices or scores in points, as it is shown.
type MomentsFigure struct {
	Count      int64                `json:"n"`
	Suppressed bool                 `json:"suppressed"`
	Mean       *float64             `json:"mean"`
	Interval   *statistics.Interval `json:"interval"`
}

// PromoterFigure is a net promoter score and the scores behind it.
type PromoterFigure struct {
	statistics.PromotionFigure
	Scores statistics.MeanFigure `json:"scores"`
}

// TopFigure is the share of the top scores, two for CSAT and three for CES, and the scores behind it.
type TopFigure struct {
	statistics.ShareFigure
	Scores statistics.MeanFigure `json:"scores"`
}

// ModeFigure is what was answered in one mode.
type ModeFigure struct {
	Mode    string `json:"mode"`
	Surveys int64  `json:"surveys"`
	MomentsFigure
}

// TrendFigure is the straight line through the months, in points from one month to the next.
type TrendFigure struct {
	Months     int                  `json:"months"`
	Suppressed bool                 `json:"suppressed"`
	Slope      *float64             `json:"slope"`
	Interval   *statistics.Interval `json:"interval"`
}

func (s *satisfaction) row(k tallyKey, t *tally) SatisfactionRow {
	row := SatisfactionRow{
		Questionnaire: k.questionnaire, Source: k.source, Value: k.value, Role: k.role, Surveys: t.surveys[SurveyCount],
		Trend: s.trend(t), Modes: s.modes(t),
	}
	row.Mixed = len(row.Modes) > 1
	if d, asked := t.scores(questionnaire.Index); asked {
		row.Scores = new(s.reporting.Mean(d))
		if s.filter.Group != GroupItem {
			row.Index = s.index(t, d)
		}
	}
	if d, asked := t.scores(questionnaire.NPS); asked {
		p, _ := d.Promotion()
		row.NPS = &PromoterFigure{s.reporting.Promotion(p), s.reporting.Mean(d)}
	}
	row.CSAT, row.CES = s.top(t, questionnaire.CSAT, 2), s.top(t, questionnaire.CES, 3)
	var executed statistics.Share
	for id, n := range t.items {
		row.Refused += n[AnswerRefused]
		row.NotApplicable += n[AnswerNotApplicable]
		if item, known := t.definition.Item(id); known && item.Group().Measure == questionnaire.Execution {
			executed.Merge(statistics.Share{Part: n[AnswerYes], Whole: n[AnswerYes] + n[AnswerNo]})
			row.Execution = new(s.reporting.Share(executed))
		}
	}
	return row
}

// top returns the share of the given number of top scores, nil when the measure was not asked.
func (s *satisfaction) top(t *tally, measure questionnaire.Measure, points int) *TopFigure {
	d, asked := t.scores(measure)
	if !asked {
		return nil
	}
	return &TopFigure{s.reporting.Share(d.Top(points)), s.reporting.Mean(d)}
}

// index returns the index of a row with the given scores of its items.
func (s *satisfaction) index(t *tally, scores statistics.Distribution) *IndexFigure {
	weights := t.definition.WeightsAt(s.end.Time())
	f := &IndexFigure{Weights: weights.Version, Groups: []GroupFigure{}}
	n := scores.Count()
	if t.bySurvey {
		n = t.surveys[SurveyCount]
		f.Surveys = new(s.moments(t.moments()))
	}
	if f.Suppressed = n > 0 && n < s.policy.Satisfaction.Least; f.Suppressed {
		return f
	}
	now := t.distributions(t.items)
	x := t.definition.IndexOf(now, weights)
	f.Value = float(x.Value)
	for _, g := range x.Groups {
		if g.Value != nil {
			f.Groups = append(f.Groups, GroupFigure{g.Name, float(g.Value)})
		}
	}
	if _, _, compared := s.filter.earlier(); compared {
		f.Change = new(s.change(t, now, weights))
	}
	return f
}

// change compares the index of a row with that of the months before.
func (s *satisfaction) change(t *tally, now map[string]statistics.Distribution, weights *questionnaire.Weights) IndexChange {
	earlier, before := t.distributions(t.earlier), t.definition.WeightsAt(s.before.Time())
	var most int64
	for _, d := range earlier {
		most = max(most, d.Count())
	}
	c, ok := t.definition.ChangeOf(earlier, before, now, weights)
	if !ok || most < s.policy.Satisfaction.Least {
		return IndexChange{}
	}
	return IndexChange{
		Before: float(t.definition.IndexOf(earlier, before).Value), Scores: float(c.Scores), Weights: float(c.Weights),
	}
}

// float returns a fraction as it is shown, nil for nil.
func float(r *big.Rat) *float64 {
	if r == nil {
		return nil
	}
	f, _ := r.Float64()
	return &f
}

// moments returns the mean of thousandths as it is shown.
func (s *satisfaction) moments(m statistics.Moments) MomentsFigure {
	f := MomentsFigure{Count: m.Count, Suppressed: m.Count > 0 && m.Count < s.policy.Satisfaction.Least}
	if f.Suppressed {
		return f
	}
	if mean, ok := m.Mean(); ok {
		f.Mean = new(mean / 1000)
	}
	if i, ok := m.MeanInterval(s.policy.Satisfaction.Confidence); ok {
		f.Interval = inPoints(i)
	}
	return f
}

func inPoints(i statistics.Interval) *statistics.Interval {
	return &statistics.Interval{Low: i.Low / 1000, High: i.High / 1000}
}

func (s *satisfaction) modes(t *tally) []ModeFigure {
	figures := []ModeFigure{}
	for _, mode := range slices.Sorted(maps.Keys(t.modes)) {
		m := t.modes[mode]
		figures = append(figures, ModeFigure{Mode: mode, Surveys: m.surveys, MomentsFigure: s.moments(m.moments)})
	}
	return figures
}

// trend returns the trend of a row, nil when nothing was scored.
func (s *satisfaction) trend(t *tally) *TrendFigure {
	var periods []statistics.Period
	var n int64
	for month, m := range t.months {
		if m.Count > 0 {
			periods = append(periods, statistics.Period{Number: int64(month), Moments: m})
			n += m.Count
		}
	}
	if n == 0 {
		return nil
	}
	f := &TrendFigure{Months: len(periods), Suppressed: n < s.policy.Satisfaction.Least}
	if f.Suppressed {
		return f
	}
	if line, ok := statistics.TrendOf(periods); ok {
		f.Slope = new(line.Slope / 1000)
		if i, ok := line.Interval(s.policy.Satisfaction.Confidence); ok {
			f.Interval = inPoints(i)
		}
	}
	return f
}
