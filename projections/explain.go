package projections

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Question says what an explanation is about.
type Question string

// The questions that can be asked.
const (
	WhyRisk         Question = "risk"
	WhyStage        Question = "stage"
	WhySatisfaction Question = "satisfaction"
	WhyValue        Question = "value"
)

// Explanation says how something that is shown of a customer came about, with the ids of all events behind it. Its JSON form
// is part of the public contract.
type Explanation struct {
	Customer      string               `json:"customer"`
	What          Question             `json:"what"`
	AsOf          domain.Instant       `json:"as_of"`
	PolicyVersion string               `json:"policy_version"`
	Position      eventstore.Position  `json:"position"`
	Positions     eventstore.Positions `json:"positions"`

	// What was asked for is given, the others are left out. Risk is left out too for a customer without a relationship.
	Risk         *RiskExplanation         `json:"risk,omitempty"`
	Stage        *StageExplanation        `json:"stage,omitempty"`
	Satisfaction *SatisfactionExplanation `json:"satisfaction,omitempty"`
	Value        *ValueExplanation        `json:"value,omitempty"`
	// Events are the events that are named, each once, in the order in which they were recorded.
	Events []Happened `json:"events"`
}

// Explain says how something that the view shows of the customer came about. h has all events of the customer. It returns
// an error matching ErrFilter for a question that cannot be asked.
func (f *Fold) Explain(c *Customer, v *CustomerView, h *Chronicle, what Question) (*Explanation, error) {
	s, _ := f.At(c, v.AsOf)
	x := &Explanation{
		Customer: v.ID, What: what, AsOf: v.AsOf, PolicyVersion: v.PolicyVersion, Position: v.Position, Positions: v.Positions,
		Events: []Happened{},
	}
	var named [][]string
	switch what {
	case WhyRisk:
		if v.Risk != nil {
			x.Risk, named = f.explainRisk(&s, v, h)
		}
	case WhyStage:
		x.Stage, named = f.explainStage(&s, v, h)
	case WhySatisfaction:
		x.Satisfaction, named = explainSatisfaction(&s, h)
	case WhyValue:
		x.Value, named = explainValue(v, h)
	default:
		return nil, fmt.Errorf("explain customer: %w: what must be one of risk, stage, satisfaction, value", ErrFilter)
	}
	if named != nil {
		x.Events = h.named(named...)
	}
	return x, nil
}
