package projections

import "github.com/rapport-crm/rapport/domain"

// Turn is how a customer stands after an event, or after a change of the stage or the level of risk that time brought. Its
// JSON form is part of the public contract.
type Turn struct {
	At domain.Instant `json:"at"`
	// Event is the event, null where time or a policy made the change.
	Event *Happened    `json:"event"`
	Stage domain.Stage `json:"stage"`
	// FromStage and FromLevel are how the customer stood before, where that changed.
	FromStage *domain.Stage     `json:"from_stage,omitempty"`
	Level     domain.RiskLevel  `json:"level"`
	FromLevel *domain.RiskLevel `json:"from_level,omitempty"`
	// Score is the churn risk, null without a relationship that can be lost.
	Score *float64 `json:"score"`
	// Lost says that the customer is lost.
	Lost bool `json:"lost"`
	// PolicyVersion names the policy in force.
	PolicyVersion string `json:"policy_version"`
}

// TurnTo returns how the customer stands at an instant, having been as before says. It reports whether the stage or the level
// changed.
func (f *Fold) TurnTo(before, c *Customer, at domain.Instant) (Turn, bool) {
	t := Turn{At: at, Stage: c.Lifecycle.Stage, Level: c.Lifecycle.Risk, Lost: c.lost(), PolicyVersion: f.policy.Version}
	if score, exists := f.score(c, max(at, c.Now)); exists {
		t.Score = new(score.Float())
	}
	if from := before.Lifecycle.Stage; from != t.Stage && before.Events > 0 {
		t.FromStage = &from
	}
	if from := before.Lifecycle.Risk; from != t.Level {
		t.FromLevel = &from
	}
	return t, t.FromStage != nil || t.FromLevel != nil
}

// Turns returns the changes of stage and level that time alone brings the customer by the given instant, in order. The
// customer stays as it is.
func (f *Fold) Turns(c *Customer, until domain.Instant) []Turn {
	var turns []Turn
	var out Effects
	s := *c
	for !s.Parked {
		due, kind := s.nextTimer()
		if due == 0 || due > until {
			break
		}
		before := s
		f.fire(&s, kind, due, &out)
		if t, changed := f.TurnTo(&before, &s, due); changed {
			turns = append(turns, t)
		}
	}
	return turns
}
