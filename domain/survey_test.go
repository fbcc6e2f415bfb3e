package domain_test

import (
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain"
)

func TestASurveyMustFitTheQuestionnaireOfThePolicy(t *testing.T) {
	t.Parallel()
	policy := domain.DefaultPolicy()
	nine, eleven, yes := int64(9), int64(11), true
	for name, v := range map[string]struct {
		survey domain.SurveyAnswered
		want   []domain.Problem
		valid  int
	}{
		"all in order": {domain.SurveyAnswered{Questionnaire: "nps", Answers: []domain.Answer{{Item: "NPS", Score: &nine}}}, nil, 1},
		"no answers":   {domain.SurveyAnswered{Questionnaire: "csat"}, nil, 0},
		"unknown questionnaire": {
			domain.SurveyAnswered{Questionnaire: "guess", Answers: []domain.Answer{{Item: "NPS", Score: &nine}}},
			[]domain.Problem{{Pointer: "/data/questionnaire", Rule: domain.RuleOneOf, Message: "must be a questionnaire of the policy"}}, 0,
		},
		"every kind of fault": {
			domain.SurveyAnswered{Questionnaire: "sales", Answers: []domain.Answer{
				{Item: "S01", Score: &nine}, {Item: "S01", Refused: true}, {Item: "V01", Score: &nine}, {Item: "S02", Yes: &yes},
				{Item: "S17", Score: &nine}, {Item: "S03", Score: &eleven}, {Item: "S04", Score: new(int64(0))}, {Item: "S05"},
			}},
			[]domain.Problem{
				{Pointer: "/data/answers/1/item", Rule: domain.RuleUnique, Message: "must not be answered twice"},
				{Pointer: "/data/answers/2/item", Rule: domain.RuleOneOf, Message: "must be an item of the questionnaire"},
				{Pointer: "/data/answers/3/score", Rule: domain.RuleRequired, Message: "must be given, as the item asks for a score"},
				{Pointer: "/data/answers/4/yes", Rule: domain.RuleRequired, Message: "must be given, as the item asks for yes or no"},
				{Pointer: "/data/answers/5/score", Rule: domain.RuleMax, Message: "must be between 1 and 10"},
				{Pointer: "/data/answers/6/score", Rule: domain.RuleMin, Message: "must be between 1 and 10"},
				{Pointer: "/data/answers/7", Rule: domain.RuleExactlyOne, Message: "must have exactly one of score, yes, text, refused and not_applicable"},
			}, 1,
		},
	} {
		reading, problems := policy.ReadSurvey(&v.survey)
		if !slices.Equal(problems, v.want) {
			t.Errorf("%s: problems %v, want %v", name, problems, v.want)
		}
		if reading != nil && len(reading.Results) != v.valid {
			t.Errorf("%s: %d valid answers, want %d", name, len(reading.Results), v.valid)
		}
		if unknown := v.survey.Questionnaire == "guess"; unknown != (reading == nil) {
			t.Errorf("%s: reading %v", name, reading)
		}
	}
}
