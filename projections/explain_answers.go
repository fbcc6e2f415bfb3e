package projections

// SatisfactionExplanation is the latest answers of a customer with all answers that came before them.
type SatisfactionExplanation struct {
	Answers []AnswerExplanation `json:"answers"`
}

// AnswerExplanation is the latest answer to a questionnaire from one source.
type AnswerExplanation struct {
	SurveyView
	// BeforeEvent is the id of the event that brought the answer with which the index is compared, empty without one.
	BeforeEvent string `json:"before_event,omitempty"`
	// Evidence are the ids of all events that answer the questionnaire from the source.
	Evidence []string `json:"evidence"`
}

func explainSatisfaction(c *Customer, h *Chronicle) (*SatisfactionExplanation, [][]string) {
	x, named := &SatisfactionExplanation{Answers: []AnswerExplanation{}}, [][]string{}
	if c.Satisfaction == nil {
		return x, named
	}
	for i := range c.Satisfaction.Latest {
		s := &c.Satisfaction.Latest[i]
		a := AnswerExplanation{SurveyView: s.view(), BeforeEvent: s.BeforeEvent, Evidence: h.ids(func(e *Happened) bool {
			return e.asked == s.Questionnaire && e.source == s.Source
		})}
		x.Answers, named = append(x.Answers, a), append(named, a.Evidence)
	}
	return x, named
}
