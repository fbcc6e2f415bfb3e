package projections

import (
	"encoding/json"

	"github.com/rapport-crm/rapport/domain"
)

// WarningDetail is the detail of the case of a warning.
type WarningDetail struct {
	Level   domain.RiskLevel `json:"level"`
	Highest domain.RiskLevel `json:"highest_level"`
	// Score is the score with which the level came about, and Contributions are what it was made of; of a warning that ended the
	// score at the end, without contributions.
	Score         float64          `json:"score"`
	Contributions []WarningPart    `json:"contributions"`
	Acknowledged  *WarningDecision `json:"acknowledged,omitempty"`
	// Assigned is whom it was assigned to, and by whom; without an employee it was taken from the one before.
	Assigned  *WarningDecision `json:"assigned,omitempty"`
	Snoozed   *WarningDecision `json:"snoozed,omitempty"`
	Dismissed *WarningDecision `json:"dismissed,omitempty"`
	// Escalation is how far it was escalated because nobody answered; left out when no step was told and none is due.
	Escalation *WarningEscalation `json:"escalation,omitempty"`
	// Reason is why it ended.
	Reason string `json:"reason,omitempty"`
	// Start is the id of the event with which the episode began, Number the number of the warning in the life of the customer.
	Start  string `json:"start"`
	Number int32  `json:"number"`
}

// WarningPart is one contribution to the score of a warning.
type WarningPart struct {
	Factor string  `json:"factor"`
	Points float64 `json:"points"`
}

// WarningDecision is what somebody decided about a warning.
type WarningDecision struct {
	At domain.Instant `json:"at"`
	// By is the actor who decided it, as far as it is known.
	By string `json:"by,omitempty"`
	// Employee is to whom it was assigned, Until is when it is shown again.
	Employee string         `json:"employee,omitempty"`
	Until    domain.Instant `json:"until,omitzero"`
	// Reason is what the person gave as reason, or as note.
	Reason string `json:"reason,omitempty"`
}

// WarningEscalation is how far a warning was escalated.
type WarningEscalation struct {
	// Step is the step told last, from 1 by the policy in force then, For the organisation unit that it was for, At when it was due; they are left out
	// when none was told.
	Step int            `json:"step,omitzero"`
	For  string         `json:"for,omitempty"`
	At   domain.Instant `json:"at,omitzero"`
	// Next is when the next step is due; left out when somebody has answered, the warning has ended or no step is left.
	Next domain.Instant `json:"next,omitzero"`
}

// warnings returns the latest warning as a case. It is due when the time for an answer is over.
func (c *Customer) warnings() []Case {
	w := c.lastWarning()
	if w == nil {
		return nil
	}
	detail, err := json.Marshal(w.detail())
	if err != nil {
		return nil // texts and numbers always marshal
	}
	return []Case{{
		ID: w.ID, Holder: c.warningHolder(w), Topic: w.Level.String(), Opened: w.Raised, Ended: w.Ended, Due: w.answerDue(), Waits: w.waits(),
		Detail: detail,
	}}
}

func (w *Warning) detail() *WarningDetail {
	d := &WarningDetail{
		Level: w.Level, Highest: w.Highest, Score: w.Score.Float(), Contributions: []WarningPart{}, Reason: w.End.String(),
		Start: w.Start, Number: w.Number,
	}
	for _, p := range w.parts {
		d.Contributions = append(d.Contributions, WarningPart{p.factor, p.points.Float()})
	}
	if h := w.handling; h != nil {
		d.Acknowledged, d.Dismissed = h.acknowledged.shown(), h.dismissed.shown()
		if d.Assigned = h.assigned.shown(); d.Assigned != nil {
			d.Assigned.Employee = h.employee
		}
		if d.Snoozed = h.snoozed.shown(); d.Snoozed != nil {
			d.Snoozed.Until = h.until
		}
	}
	if e := w.escalation; e != nil && (e.step != 0 || e.next != 0) {
		d.Escalation = &WarningEscalation{Step: int(e.step), For: e.unit, At: e.at, Next: e.next}
	}
	return d
}

// shown returns the decision as people see it, nil when nobody made it.
func (d *decision) shown() *WarningDecision {
	if d.at == 0 {
		return nil
	}
	return &WarningDecision{At: d.at, By: d.by, Reason: d.note}
}
