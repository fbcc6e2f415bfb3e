package domain

import (
	"strconv"

	"github.com/rapport-crm/rapport/domain/questionnaire"
)

// ReadSurvey returns the valid answers of a survey, nil for a questionnaire that the policy does not have, and every rule
// of the policy's questionnaires that the survey breaks.
func (p *Policy) ReadSurvey(s *SurveyAnswered) (*questionnaire.Reading, []Problem) {
	definition, known := p.Questionnaires.Find(s.Questionnaire)
	if !known {
		return nil, []Problem{{Pointer: "/data/questionnaire", Rule: RuleOneOf, Message: "must be a questionnaire of the policy"}}
	}
	answers := make([]questionnaire.Answer, len(s.Answers))
	for i, a := range s.Answers {
		answers[i] = questionnaire.Answer(a)
	}
	reading, faults := definition.Read(answers)
	var problems []Problem
	for _, f := range faults {
		pointer := "/data/answers/" + strconv.Itoa(f.Answer)
		if f.Member != "" {
			pointer += "/" + f.Member
		}
		problems = append(problems, Problem{Pointer: pointer, Rule: f.Rule, Message: f.Message})
	}
	return reading, problems
}
