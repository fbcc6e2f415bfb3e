package projections

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Score is the churn risk of a customer at an instant (CHN-07).
type Score struct {
	// At is the instant.
	At domain.Instant
	// Points are the score, between 0 and 100 points: the sum of the contributions.
	Points domain.Centipoints
	// Contributions are its parts: the measures in their order, the signals in the order of their names, and the limit when there
	// is one. A learned score has the base first and then the features in the order of their names.
	Contributions []Contribution
	// Missing are the names of the measures without an input.
	Missing []string
}

// Contribution is one part of a score.
type Contribution struct {
	// Factor is the name of the measure or signal, or FactorLimit; Code its row in the requirements.
	Factor string
	Code   string
	Points domain.Centipoints
	// Formula says in words how the points follow from the inputs.
	Formula string
	Inputs  []Input
	// Evidence are ids of events behind it, the newest ones.
	Evidence []string
}

// Input is one number that a contribution was computed from.
type Input struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	// Event is the id of the event that the number comes from, and At its time, where it comes from one alone.
	Event string         `json:"event,omitempty"`
	At    domain.Instant `json:"at,omitzero"`
}

// Units of inputs.
const (
	unitDays   = "days"
	unitPoints = "points"
	unitGaps   = "usual gaps"
	unitWeeks  = "weeks"
)

// ScoreAt returns the score with its contributions at an instant not before the customer's time, if nothing happens until
// then. It is nil for a customer without a relationship that can be lost.
func (f *Fold) ScoreAt(c *Customer, at domain.Instant) *Score {
	if !c.atRisk() {
		return nil
	}
	x := Score{At: at}
	if f.learns() {
		if parts := f.learnedParts(c, at); parts != nil {
			f.addLearned(c, &x, parts)
			return &x
		}
	}
	s := f.measure(c, at)
	for m := range measureCount {
		if !s.known.has(m) {
			x.Missing = append(x.Missing, measureNames[m])
		}
		if s.known.has(m) || f.points(&s, m) != 0 {
			x.add(f.measured(c, m, at, &s))
		}
	}
	for i, n := 0, c.Risk.signalCount(); i < n; {
		points, next := f.signalAt(c.Risk, i, at)
		if rule, known := f.policy.Risk.Signals[c.Risk.signals[i].signal]; known && !rule.Off {
			x.add(signalled(c.Risk.signals[i:next], points, at, &rule))
		}
		i = next
	}
	x.limit()
	return &x
}

func (x *Score) add(c Contribution) {
	x.Contributions = append(x.Contributions, c)
	x.Points += c.Points
}

// limit adds the contribution that keeps the score between 0 and 100, when one is needed.
func (x *Score) limit() {
	if over := limited(x.Points) - x.Points; over != 0 {
		x.add(Contribution{Factor: FactorLimit, Points: over, Formula: "what the sum of the others is below 0 or above 100"})
	}
}

func (x *Contribution) input(name string, value float64, unit string) {
	x.Inputs = append(x.Inputs, Input{Name: name, Value: value, Unit: unit})
}

// prove adds the id of an event behind the contribution, unless it is there.
func (x *Contribution) prove(event string) {
	if event != "" && !slices.Contains(x.Evidence, event) {
		x.Evidence = append(x.Evidence, event)
	}
}

// signalled returns the contribution of the points of a signal.
func signalled(all []signalPoints, points domain.Centipoints, at domain.Instant, rule *domain.SignalRule) Contribution {
	x := Contribution{
		Factor: all[0].signal, Code: rule.Code, Points: points,
		Formula: fmt.Sprintf("Σ points × 2^(-days / %g) since each was counted or settled, between -%g and %g; points whose matter is not settled do not fade",
			rule.HalfLife.Hours()/24, rule.Most, rule.Most),
	}
	for i := range all {
		p := &all[i]
		name := "points"
		if p.waits() {
			name = "held_points"
		}
		x.Inputs = append(x.Inputs, Input{Name: name, Value: p.points.Float(), Unit: unitPoints, Event: p.event, At: p.fadesFrom()},
			Input{Name: "now", Value: p.at(at, domain.Instant(rule.HalfLife.Microseconds())), Unit: unitPoints, Event: p.event, At: at})
		x.proveSignal(p)
	}
	return x
}

// proveSignal adds the ids of the events behind the points of a signal.
func (x *Contribution) proveSignal(p *signalPoints) {
	x.prove(p.also)
	x.prove(p.event)
	x.prove(p.settledBy)
}

// addLearned adds the contributions of a learned score.
func (f *Fold) addLearned(c *Customer, x *Score, parts *learnedParts) {
	x.add(Contribution{
		Factor: FactorBase, Code: CodeLearned, Points: parts.base, Formula: "100 × the probability for the mean customer of the training",
		Inputs: []Input{{Name: "horizon", Value: f.models.risk.Horizon, Unit: unitDays}},
	})
	for _, part := range parts.features {
		y := Contribution{
			Factor: part.Feature, Code: CodeLearned, Points: part.points, Evidence: f.featureEvidence(c, part.Feature),
			Formula: "the part of the distance to the mean customer that the feature has in the logarithm of the odds",
		}
		if part.Value != nil {
			y.input("value", *part.Value, "")
		}
		y.input("mean", part.Mean, "")
		y.input("log_odds", part.LogOdds, "")
		x.add(y)
	}
}

// featureEvidence returns ids of events behind a feature, the newest ones.
func (f *Fold) featureEvidence(c *Customer, feature string) []string {
	var x Contribution
	switch feature {
	case FeatureRepeats, FeatureSilence, FeatureSpend, FeatureAge:
		x.prove(c.Trade.LastPurchaseID)
	case FeatureSatisfaction:
		if c.Satisfaction != nil {
			for i := range c.Satisfaction.Latest {
				x.prove(c.Satisfaction.Latest[i].Event)
			}
		}
	case FeatureContacts, FeatureContactDays:
		if c.Contacts != nil {
			x.prove(c.Contacts.Last.Event)
		}
	case FeatureOpen:
		for i := range c.Matters.Open {
			if m := &c.Matters.Open[i]; m.Kind == MatterComplaint {
				x.prove(m.Event)
			}
		}
	default:
		signal, ok := strings.CutPrefix(feature, FeatureSignal)
		for i := range c.Risk.signalCount() {
			if p := &c.Risk.signals[i]; ok && p.signal == signal {
				x.proveSignal(p)
			}
		}
	}
	return x.Evidence
}
