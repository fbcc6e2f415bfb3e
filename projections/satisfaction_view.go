package projections

import "github.com/rapport-crm/rapport/domain"

// SurveyView is the latest answer of a customer to a questionnaire from one source. Indices are in points of the scale
// of the questionnaire; they are null where no item of the index was scored.
type SurveyView struct {
	Questionnaire string         `json:"questionnaire"`
	Source        string         `json:"source"`
	Mode          string         `json:"mode,omitempty"`
	At            domain.Instant `json:"at"`
	Event         string         `json:"event"`
	Of            string         `json:"of,omitempty"`
	OrgUnit       string         `json:"org_unit,omitempty"`
	Employees     []Assigned     `json:"employees"`
	// WeightsVersion names the weights under which Index was computed.
	WeightsVersion string   `json:"weights_version,omitempty"`
	Index          *float64 `json:"index"`
	// Before is the index of the answer before, and Change what Index is more than that.
	Before *float64 `json:"before"`
	Change *float64 `json:"change"`
	// Low are the items with a score that calls for a recovery.
	Low     []string     `json:"low"`
	Answers []ItemAnswer `json:"answers"`
}

// ItemAnswer is the answer to one item; exactly one member besides the item is present. What was said in words stays in
// the event.
type ItemAnswer struct {
	Item          string `json:"item"`
	Score         *int   `json:"score,omitempty"`
	Yes           *bool  `json:"yes,omitempty"`
	Text          bool   `json:"text,omitempty"`
	Refused       bool   `json:"refused,omitempty"`
	NotApplicable bool   `json:"not_applicable,omitempty"`
}

// view returns the latest answers.
func (x *Satisfaction) view() []SurveyView {
	views := []SurveyView{}
	if x == nil {
		return views
	}
	for i := range x.Latest {
		views = append(views, x.Latest[i].view())
	}
	return views
}

func (s *Survey) view() SurveyView {
	v := SurveyView{
		Questionnaire: s.Questionnaire, Source: s.Source, Mode: s.Mode, At: s.At, Event: s.Event, Of: s.Of, OrgUnit: s.unit,
		Employees: orEmpty(s.staff), WeightsVersion: s.Weights, Index: points(s.Index), Before: points(s.Before),
		Low: orEmpty(s.items.low()), Answers: []ItemAnswer{},
	}
	if s.Index != noIndex && s.Before != noIndex {
		v.Change = new(float64(s.Index-s.Before) / 1000)
	}
	for item, a := range s.items.each() {
		v.Answers = append(v.Answers, a.view(item))
	}
	return v
}

// points returns an index in points, nil without one.
func points(index int32) *float64 {
	if index == noIndex {
		return nil
	}
	return new(float64(index) / 1000)
}

func (a itemAnswer) view(item string) ItemAnswer {
	v := ItemAnswer{Item: item}
	switch a.slot() {
	case AnswerRefused:
		v.Refused = true
	case AnswerNotApplicable:
		v.NotApplicable = true
	case AnswerText:
		v.Text = true
	default:
		if a.execution() {
			v.Yes = new(a.slot() == AnswerYes)
		} else {
			v.Score = new(a.slot())
		}
	}
	return v
}

func codeSatisfaction(k *coder, x *Satisfaction) { list(k, &x.Latest, codeSurvey) }

func codeSurvey(k *coder, s *Survey) {
	k.string(&s.Questionnaire)
	k.string(&s.Source)
	k.string(&s.Mode)
	k.instant(&s.At)
	k.string(&s.Event)
	k.string(&s.Of)
	k.string(&s.Weights)
	number(k, &s.Index)
	number(k, &s.Before)
	k.string(&s.BeforeEvent)
	number(k, &s.month)
	k.string(&s.unit)
	list(k, &s.staff, func(k *coder, a *Assigned) {
		k.string(&a.Role)
		k.string(&a.Employee)
	})
	k.bool(&s.invited)
	k.string((*string)(&s.items))
}
