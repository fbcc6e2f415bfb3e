package fit

import (
	"context"
	"fmt"

	"github.com/rapport-crm/rapport/domain/learnedrisk"
)

// Recalibrate returns a learned model for another horizon, in days, or for customers of another time: the logarithm of its
// odds is stretched and shifted so that its chances meet the shares of the rows best (Platt 2000). All weights keep their proportions, so the
// ranking of customers stays the same. Rows are customers whose outcome within that horizon is known, or customers of today with
// the chance that a purchase model gives them, where the horizon is longer than what could be learned from.
//
// Standard errors of the result are 0: they would not tell of the first fit. The error wraps ErrTooFew if fewer than ten customers
// were lost or fewer than ten stayed, and ErrDiverged if the rows would turn the ranking around or tell everything.
func Recalibrate(ctx context.Context, m learnedrisk.Model, rows []RiskRow, horizon float64, window Window) (RiskFit, error) {
	f, err := recalibrate(ctx, m, rows, horizon, window)
	if err != nil {
		return RiskFit{}, fmt.Errorf("recalibrate %s: %w", learnedrisk.Name, err)
	}
	return f, nil
}

func recalibrate(ctx context.Context, m learnedrisk.Model, rows []RiskRow, horizon float64, window Window) (RiskFit, error) {
	d, err := newDesign(rows)
	if err != nil {
		return RiskFit{}, err
	}
	if rarer := d.rarer(); rarer < leastEvents {
		return RiskFit{}, fmt.Errorf("%v customers with the rarer outcome, %d are needed: %w", rarer, leastEvents, ErrTooFew)
	}
	scores := make([][]float64, len(d.rows))
	for i, row := range d.rows {
		z, err := m.LogOdds(d.values(row))
		if err != nil {
			return RiskFit{}, err
		}
		scores[i] = []float64{1, z}
	}
	found, err := regress(ctx, scores, d.targets(), 0)
	if err != nil {
		return RiskFit{}, err
	}
	shift, stretch := found.weights[0], found.weights[1]
	if !(stretch > 0) {
		return RiskFit{}, fmt.Errorf("log-odds stretched by %v: %w", stretch, ErrDiverged)
	}
	again := learnedrisk.Model{Horizon: significant(horizon, 9), Intercept: significant(shift+stretch*m.Intercept, 9)}
	for _, f := range m.Features {
		f.Weight, f.MissingWeight = significant(stretch*f.Weight, 9), significant(stretch*f.MissingWeight, 9)
		again.Features = append(again.Features, f)
	}
	if err := again.Validate(); err != nil {
		return RiskFit{}, err
	}
	return describeRisk(again, nil, d, found.evaluations, window)
}
