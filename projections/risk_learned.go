package projections

import (
	"math"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// FactorBase is the name of the contribution that is the score of the mean customer under a learned model.
const FactorBase = "base"

// CodeLearned stands in the place of the row in the requirements for contributions of a learned model.
const CodeLearned = "learned"

// learnedTerm is a feature of a learned model with what it adds to the logarithm of the odds.
type learnedTerm struct {
	feature
	// slope is what a step of the value by 1 adds, from the mean on; absent is what a missing value adds, and present what one that
	// is not missing adds whatever it is.
	slope, mean, absent, present float64
}

// learnedTerms returns the terms of a model. A feature that customers do not have under the policy is missing for all.
func learnedTerms(m *learnedrisk.Model, features []feature) (terms []learnedTerm, constant float64) {
	constant = m.Intercept
	for _, x := range m.Features {
		term := learnedTerm{
			slope: x.Weight / x.Scale, mean: x.Mean,
			absent: float64(x.MissingWeight * (1 - x.MissingShare)), present: -float64(x.MissingWeight * x.MissingShare),
		}
		i := slices.IndexFunc(features, func(f feature) bool { return f.name == x.Name })
		if i < 0 {
			constant += term.absent
			continue
		}
		term.feature = features[i]
		terms = append(terms, term)
	}
	return terms, constant
}

// learns reports whether scores come from a learned model: the policy says so, and there is one in force.
func (f *Fold) learns() bool {
	return f.policy.Risk.Source == domain.RiskFromModel && f.models.risk != nil
}

// learnedPart returns what a term adds to the logarithm of the odds of a customer at an instant.
func (f *Fold) learnedPart(c *Customer, x *learnedTerm, at domain.Instant) float64 {
	value, known := f.feature(c, x.kind, x.signal, at)
	if !known {
		return x.absent
	}
	return x.present + float64(x.slope*(value-x.mean))
}

// learnedScore returns the probability in per cent that the customer buys nothing within the horizon of the learned model.
// It is false for a customer who has never bought, whom such a model does not know.
func (f *Fold) learnedScore(c *Customer, at domain.Instant) (domain.Centipoints, bool) {
	if len(c.Trade.Days) == 0 {
		return 0, false
	}
	odds := f.models.constant
	for i := range f.models.terms {
		odds += f.learnedPart(c, &f.models.terms[i], at)
	}
	return pointsOfOdds(odds), true
}

// pointsOfOdds returns the score of a logarithm of odds: 100 times the probability.
func pointsOfOdds(odds float64) domain.Centipoints {
	if odds < 0 {
		e := stablemath.Exp(odds)
		return domain.PointsOf(100 * (e / (1 + e)))
	}
	return domain.PointsOf(100 / (1 + stablemath.Exp(-odds)))
}

// learnedWithin returns bounds of learnedScore between two instants. The logarithm of the odds is a sum of a part for each
// feature, and in silence each feature moves in one direction only; so each part lies between its values at the two
// instants. Bounds are wider by the hundredth of a point that rounding can change.
func (f *Fold) learnedWithin(c *Customer, from, to domain.Instant) (low, high domain.Centipoints) {
	lowest, highest := f.models.constant, f.models.constant
	for i := range f.models.terms {
		x := &f.models.terms[i]
		part := f.learnedPart(c, x, from)
		lowest, highest = lowest+part, highest+part
		if !x.moves() {
			continue
		}
		if change := f.learnedPart(c, x, to) - part; change < 0 {
			lowest += change
		} else {
			highest += change
		}
	}
	return limited(pointsOfOdds(lowest) - 1), limited(pointsOfOdds(highest) + 1)
}

// moves reports whether the feature changes in silence.
func (x *feature) moves() bool {
	switch x.kind {
	case featureSilence, featureAge, featureContactDays, featureSignal:
		return true
	}
	return false
}

// learnedParts are a learned score taken apart: what the mean customer has, and what each feature adds to it.
type learnedParts struct {
	base     domain.Centipoints
	features []learnedFeature
}

// learnedFeature is what one feature adds to a score.
type learnedFeature struct {
	learnedrisk.Contribution
	points domain.Centipoints
}

// learnedParts takes the score apart. The parts add up to learnedScore exactly: what rounding to hundredths leaves over
// goes to the parts that lost most by it, the first of equals. It returns nil when there is no score.
func (f *Fold) learnedParts(c *Customer, at domain.Instant) *learnedParts {
	score, ok := f.learnedScore(c, at)
	if !ok {
		return nil
	}
	e, err := f.models.risk.Explain(f.Features(c, at, nil))
	if err != nil {
		return nil
	}
	exact := make([]float64, 1+len(e.Contributions))
	exact[0] = e.Base
	for i := range e.Contributions {
		exact[i+1] = e.Contributions[i].Points
	}
	points := apportion(exact, score)
	p := &learnedParts{base: points[0], features: make([]learnedFeature, len(e.Contributions))}
	for i := range e.Contributions {
		p.features[i] = learnedFeature{e.Contributions[i], points[i+1]}
	}
	return p
}

// apportion rounds parts to hundredths of a point so that they add up to the whole, which their sum is close to: each is cut
// off, and the hundredths that are left go to the largest remainders.
func apportion(exact []float64, whole domain.Centipoints) []domain.Centipoints {
	points := make([]domain.Centipoints, len(exact))
	rest := make([]float64, len(exact))
	left := whole
	for i, x := range exact {
		floor := math.Floor(float64(x * 100))
		points[i], rest[i] = domain.Centipoints(floor), float64(x*100)-floor
		left -= points[i]
	}
	for ; left > 0; left-- {
		largest := 0
		for i := range rest {
			if rest[i] > rest[largest] {
				largest = i
			}
		}
		points[largest]++
		rest[largest]--
	}
	for ; left < 0; left++ {
		smallest := 0
		for i := range rest {
			if rest[i] < rest[smallest] {
				smallest = i
			}
		}
		points[smallest]--
		rest[smallest]++
	}
	return points
}
