package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// RiskView is the churn risk of a customer with a relationship (CHN-07). Points are exact hundredths: the contributions sum to
// the score.
type RiskView struct {
	// Level is the level of the open warning, low without one. It can differ from that of the score, because a level is kept
	// while the score is only a little below it.
	Level domain.RiskLevel `json:"level"`
	// Score is between 0 and 100; null while the customer is lost or the relationship has ended.
	Score *float64 `json:"score"`
	// Source says what the score comes from: factors, or learned.
	Source domain.RiskSource `json:"source"`
	// Contributions are the parts of the score.
	Contributions []ContributionView `json:"contributions"`
	// Missing are the measures without an input for the customer.
	Missing []string `json:"missing"`
	// AfterPurchase is the score if the customer bought something now, null where Score is.
	AfterPurchase *float64 `json:"after_purchase"`
	// Next is the next change of the level that silence alone would bring, null without one.
	Next *LevelChange `json:"next"`
}

// ContributionView is one part of a score.
type ContributionView struct {
	// Factor is the name of the measure, signal or feature; Code its row in the requirements.
	Factor string  `json:"factor"`
	Code   string  `json:"code,omitempty"`
	Points float64 `json:"points"`
	// Without is the score without this part.
	Without float64 `json:"score_without"`
	// Formula says in words how the points follow from the inputs.
	Formula string  `json:"formula"`
	Inputs  []Input `json:"inputs"`
	// Evidence are the ids of the events behind it, the newest ones. An explanation has all of them.
	Evidence []string `json:"evidence"`
}

// LevelChange is a change of the level of risk.
type LevelChange struct {
	At    domain.Instant   `json:"at"`
	Level domain.RiskLevel `json:"level"`
	// Lost says that the customer is taken for lost then, for whom there is no warning.
	Lost bool `json:"lost"`
}

// RiskView returns the risk of a customer as time alone has made it by the given instant, nil for one without a
// relationship.
func (f *Fold) RiskView(c *Customer, at domain.Instant) *RiskView {
	if !c.related() {
		return nil
	}
	v := &RiskView{Level: c.Lifecycle.Risk, Source: domain.RiskFromFactors, Contributions: []ContributionView{}, Missing: []string{}}
	s := f.ScoreAt(c, at)
	if s == nil {
		return v
	}
	v.Score, v.Missing = new(s.Points.Float()), orEmpty(s.Missing)
	if _, learned := f.learned(c, at); learned {
		v.Source = domain.RiskFromModel
	}
	v.Contributions = s.views()
	v.AfterPurchase = new(f.scoreAfterPurchase(c, at).Float())
	v.Next = f.nextLevel(c, at)
	return v
}

func (s *Score) views() []ContributionView {
	sum := domain.Centipoints(0) // without the limit, which is another one when a part is left out
	for i := range s.Contributions {
		if s.Contributions[i].Factor != FactorLimit {
			sum += s.Contributions[i].Points
		}
	}
	views := make([]ContributionView, len(s.Contributions))
	for i := range s.Contributions {
		p := &s.Contributions[i]
		without := limited(sum - p.Points)
		if p.Factor == FactorLimit {
			without = s.Points
		}
		views[i] = ContributionView{
			Factor: p.Factor, Code: p.Code, Points: p.Points.Float(), Without: without.Float(), Formula: p.Formula,
			Inputs: orEmpty(p.Inputs), Evidence: orEmpty(p.Evidence),
		}
	}
	return views
}

// scoreAfterPurchase returns the score if the customer bought something at the given instant.
func (f *Fold) scoreAfterPurchase(c *Customer, at domain.Instant) domain.Centipoints {
	s := *c
	t := &s.Trade
	t.Purchases++
	t.LastPurchase, s.Lifecycle.silenceFrom = at, at
	if t.FirstPurchase == 0 {
		t.FirstPurchase = at
	}
	t.Days = slices.Clip(t.Days) // others may append to the room behind it meanwhile
	t.addDay(domain.DateOf(at, f.location))
	score, _ := f.score(&s, at)
	return score
}

// mostStepsAhead bounds the work of looking ahead.
const mostStepsAhead = 4096

// nextLevel returns the next change of the level that silence alone would bring after an instant, nil without one. It is for
// those who read: it is nil also for a customer on whom the fold panics, as At is.
func (f *Fold) nextLevel(c *Customer, at domain.Instant) (next *LevelChange) {
	if c.Parked {
		return nil
	}
	defer func() {
		if recover() != nil {
			next = nil
		}
	}()
	s := *c
	var out Effects
	for range mostStepsAhead {
		due, kind := s.nextTimer()
		if due == 0 || due > at+longestSilence {
			return nil
		}
		f.fire(&s, kind, due, &out)
		if s.Lifecycle.Risk != c.Lifecycle.Risk {
			return &LevelChange{At: due, Level: s.Lifecycle.Risk, Lost: s.lost()}
		}
	}
	return nil
}
