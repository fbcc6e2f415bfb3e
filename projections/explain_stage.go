package projections

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain"
)

// StageExplanation is the stage of a customer, the rule and the events that brought it, and the numbers by which the rules go.
type StageExplanation struct {
	Stage    domain.Stage   `json:"stage"`
	Since    domain.Instant `json:"since"`
	Reason   Reason         `json:"reason"`
	Inferred bool           `json:"inferred"`
	WonBack  bool           `json:"won_back"`
	Override *Override      `json:"override"`
	// Evidence are the ids of the events behind the last move. Where silence made it, these are all purchases, which the usual
	// gap comes from.
	Evidence []string `json:"evidence"`
	// Inputs are the numbers as of now.
	Inputs []Input `json:"inputs"`
	// Conditions are what would bring another stage.
	Conditions []StageCondition `json:"conditions"`
	Moves      []Move           `json:"moves"`
	Outlook    []Move           `json:"outlook"`
}

// StageCondition is a condition under which a stage is entered.
type StageCondition struct {
	Stage domain.Stage `json:"stage"`
	// Rule says the condition in words with the numbers of the policy.
	Rule string `json:"rule"`
	// Due is when silence or tenure fulfils it, null while it needs events.
	Due domain.Instant `json:"due_at"`
}

func (f *Fold) explainStage(c *Customer, v *CustomerView, h *Chronicle) (*StageExplanation, [][]string) {
	l := &c.Lifecycle
	x := &StageExplanation{
		Stage: l.Stage, Since: l.Since, Reason: l.Reason, Inferred: l.Inferred, WonBack: l.WonBack, Override: l.Override,
		Evidence: h.ordered(l.Evidence), Inputs: f.stageInputs(c, v.AsOf), Conditions: f.stageConditions(c),
		Moves: v.Lifecycle.Moves, Outlook: v.Lifecycle.Outlook,
	}
	if l.Reason == ReasonSilence {
		x.Evidence = h.ordered(l.Evidence, h.of(purchaseType), c.heardBy(h))
	}
	named := [][]string{x.Evidence}
	for i := range x.Moves {
		named = append(named, x.Moves[i].Evidence)
	}
	return x, named
}

func (f *Fold) stageInputs(c *Customer, at domain.Instant) []Input {
	l := &c.Lifecycle
	inputs := []Input{}
	if c.Trade.Purchases > 0 {
		silence, gap := f.silenceOf(c, at)
		inputs = append(inputs, Input{Name: "silence", Value: silence, Unit: unitDays, Event: l.silenceBy, At: l.silenceFrom},
			Input{Name: "usual_gap", Value: gap, Unit: unitDays}, Input{Name: "purchases", Value: float64(c.Trade.Purchases)},
			Input{Name: "occasions", Value: float64(len(c.Trade.Days))})
	}
	if l.rule == domain.StageGrowth {
		inputs = append(inputs, Input{Name: "occasions_in_growth", Value: float64(c.occasionsInGrowth())},
			Input{Name: "renewals_in_growth", Value: float64(l.growth.renewals)},
			Input{Name: "tenure_in_growth", Value: days(at - l.growth.since), Unit: unitDays})
	}
	return append(inputs, Input{Name: "open_matters", Value: float64(len(c.Matters.Open))})
}

// stageConditions returns the conditions that can come true from where the customer is.
func (f *Fold) stageConditions(c *Customer) []StageCondition {
	l, p := &c.Lifecycle, &f.policy.Lifecycle
	list := []StageCondition{}
	add := func(stage domain.Stage, due domain.Instant, format string, args ...any) {
		list = append(list, StageCondition{Stage: stage, Rule: fmt.Sprintf(format, args...), Due: due})
	}
	decline, termination := f.silence(c)
	switch l.rule {
	case domain.StageNone, domain.StageProspect:
		add(domain.StageGrowth, 0, "a purchase, a contract or a subscription")
	case domain.StageGrowth:
		due, _ := f.maturity(c)
		add(domain.StageMaturity, due, "%d purchase occasions or %d renewals, %d days in growth, and no warning of level %s or above",
			p.MaturityOccasions, p.MaturityRenewals, p.MaturityTenureDays, p.MaturityBlockedBy)
	}
	if l.rule.Active() {
		add(domain.StageDecline, decline, "a silence of more than %g usual gaps, a loss, the end of the last subscription, or a warning of level %s",
			p.DeclineGaps, p.DeclineRisk)
	}
	if l.rule.Active() || l.rule == domain.StageDecline {
		add(domain.StageTermination, termination, "the end of the relationship, or a silence of %g usual gaps and at least %d days, once no matter is open",
			p.TerminationGaps, p.TerminationDays)
	}
	if l.rule == domain.StageDecline || l.rule == domain.StageTermination {
		add(domain.StageGrowth, 0, "a purchase, a contract, a subscription, a renewal or a return")
	}
	return list
}
