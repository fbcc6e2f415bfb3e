package projections

import "github.com/rapport-crm/rapport/domain"

// Score and ScoreWithin are score and scoreWithin, Derive is derive.
func (f *Fold) Score(c *Customer, at domain.Instant) (domain.Centipoints, bool) {
	return f.score(c, at)
}

func (f *Fold) ScoreWithin(c *Customer, from, to domain.Instant) (low, high domain.Centipoints) {
	return f.scoreWithin(c, from, to)
}
