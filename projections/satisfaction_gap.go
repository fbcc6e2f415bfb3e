package projections

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
)

// SatisfactionGap compares what the firm and what a third party were told: the mean indices of surveys, or mean scores
// where rows stand for items or groups or the questionnaire has no index. A wide gap says that the firm's own figures
// flatter it (SAT-06).
type SatisfactionGap struct {
	Questionnaire string `json:"questionnaire"`
	Value         string `json:"value,omitempty"`
	Role          string `json:"role,omitempty"`
	// Internal and External are the two means in points.
	Internal MomentsFigure `json:"internal"`
	External MomentsFigure `json:"external"`
	// Difference is External less Internal, null when one of them is suppressed or too small to tell.
	Difference *float64 `json:"difference"`
	// Interval is Welch's t interval of the difference, PValue the probability of one as large if there were none.
	Interval *statistics.Interval `json:"interval"`
	PValue   *float64             `json:"p_value"`
}

// addGaps compares the rows that differ in nothing but the source.
func (s *satisfaction) addGaps(keys []tallyKey) {
	for _, k := range keys {
		if k.source != string(domain.SurveyInternal) {
			continue
		}
		other := k
		other.source = string(domain.SurveyExternal)
		if external := s.tallies[other]; external != nil {
			s.Gaps = append(s.Gaps, s.gap(k, s.tallies[k].moments(), external.moments()))
		}
	}
}

func (s *satisfaction) gap(k tallyKey, internal, external statistics.Moments) SatisfactionGap {
	g := SatisfactionGap{
		Questionnaire: k.questionnaire, Value: k.value, Role: k.role, Internal: s.moments(internal), External: s.moments(external),
	}
	d, ok := statistics.Compare(internal, external)
	if !ok || g.Internal.Suppressed || g.External.Suppressed {
		return g
	}
	g.Difference, g.PValue = new(d.Estimate/1000), new(d.PValue())
	if i, ok := d.Interval(s.policy.Satisfaction.Confidence); ok {
		g.Interval = inPoints(i)
	}
	return g
}

// SurveyResponse says how many of those who were asked answered.
type SurveyResponse struct {
	Questionnaire string `json:"questionnaire"`
	Source        string `json:"source"`
	Invited       int64  `json:"invited"`
	Answered      int64  `json:"answered"`
	Refused       int64  `json:"refused"`
	// Rate is the share of the invitations that were answered. It is null when there were more answers to invitations than
	// invitations, as of those of earlier months.
	Rate statistics.ShareFigure `json:"rate"`
}

// addResponses counts invitations and answers, which are in the month of their own event.
func (s *satisfaction) addResponses(view *CellView) {
	if s.filter.personal() || s.filter.Mode != "" {
		return
	}
	sums := map[tallyKey]CellCounts{}
	for i := range view.Cells {
		c := &view.Cells[i]
		if c.Kind == CellSurvey && s.filter.covers(c.Month) && s.filter.wants(&c.Cell) {
			k := tallyKey{questionnaire: c.Names[surveyNameQuestionnaire], source: c.Names[surveyNameSource]}
			sum := sums[k]
			sum.add(&c.Counts)
			sums[k] = sum
		}
	}
	keys := slices.SortedFunc(maps.Keys(sums), func(a, b tallyKey) int {
		return cmp.Or(strings.Compare(a.questionnaire, b.questionnaire), strings.Compare(a.source, b.source))
	})
	for _, k := range keys {
		n := sums[k]
		s.Responses = append(s.Responses, SurveyResponse{
			Questionnaire: k.questionnaire, Source: k.source, Invited: n[SurveyInvited], Answered: n[SurveyCount],
			Refused: n[SurveyRefused], Rate: s.reporting.Share(statistics.Share{Part: n[SurveyReplies], Whole: n[SurveyInvited]}),
		})
	}
}
