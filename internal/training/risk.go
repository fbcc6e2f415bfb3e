package training

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/internal/fit"
)

// Learning says from what a model of risk was learned.
type Learning struct {
	// Origin is the instant at which the customers were looked at; HorizonDays is the time after it in which those who bought
	// nothing count as lost. Lost is their number.
	Origin      domain.Instant `json:"origin"`
	HorizonDays float64        `json:"horizon_days"`
	Lost        int            `json:"lost"`
	// Recalibrated says that the chances were brought from there to the horizon of the policy by a purchase model.
	Recalibrated bool `json:"recalibrated"`
}

// risk learns a model of churn risk. The customers are looked at one horizon before the moment, as the log up to then has
// them; those who bought nothing from then up to the moment are the lost ones. Customers who were taken for lost at the
// origin are among them: whether they come back is what is to be learned.
//
// With a horizon of its own the model is brought to that of the policy by the chances that a purchase model, fitted to the
// moment, gives the customers. When none can be fitted the chances stay those of the shorter horizon.
func (x *trainer) risk(ctx context.Context) (*Outcome, error) {
	policy := x.moment.policy()
	horizon := cmp.Or(x.options.Horizon, policy.Risk.Horizon)
	origin := x.moment.at - domain.Instant(horizon.Microseconds())
	if horizon <= 0 || origin <= 0 {
		return nil, fmt.Errorf("a horizon of %s before %s: %w", horizon, x.moment.at, customerbase.ErrArgument)
	}
	bought := x.moment.boughtAfter(origin)
	before, err := read(ctx, x.log, x.policy, x.options, origin)
	if err != nil {
		return nil, fmt.Errorf("read the log up to %s: %w", origin, err)
	}
	rows, first := before.rows(func(id string, _ customerbase.History) float64 {
		if bought[id] {
			return 0
		}
		return 1
	})
	if len(rows) == 0 {
		return nil, fmt.Errorf("by %s %w", origin, errNobody)
	}
	days := horizonDays(horizon)
	window := x.moment.window(first)
	found, err := fit.Risk(ctx, rows, fit.RiskOptions{Horizon: days, Window: window})
	if err != nil {
		return nil, err
	}
	out := &Outcome{Result: found.Result, Learning: &Learning{Origin: origin, HorizonDays: days, Lost: lost(rows)}}
	if horizon == policy.Risk.Horizon {
		return out, nil
	}
	again, err := x.recalibrate(ctx, &found, horizonDays(policy.Risk.Horizon))
	switch {
	case errors.Is(err, fit.ErrTooFew) || errors.Is(err, fit.ErrDiverged):
		return out, nil
	case err != nil:
		return nil, err
	}
	again.Customers, again.LogLikelihood = found.Customers, found.LogLikelihood
	out.Result, out.Learning.Recalibrated = again.Result, true
	return out, nil
}

func horizonDays(horizon time.Duration) float64 { return horizon.Hours() / 24 }

// recalibrate brings the chances of a model to another horizon, in days, by those of a purchase model.
func (x *trainer) recalibrate(ctx context.Context, found *fit.RiskFit, days float64) (fit.RiskFit, error) {
	sample, from, err := x.moment.sample()
	if err != nil {
		return fit.RiskFit{}, err
	}
	purchase, err := fit.Purchases(ctx, sample, fit.PurchaseOptions{Window: x.moment.window(from)})
	if err != nil {
		return fit.RiskFit{}, err
	}
	var impossible error
	rows, _ := x.moment.rows(func(_ string, h customerbase.History) float64 {
		chance, err := purchase.Fitted.NoPurchase(h, days/week)
		impossible = errors.Join(impossible, err)
		return chance
	})
	if impossible != nil {
		return fit.RiskFit{}, impossible
	}
	return fit.Recalibrate(ctx, found.Fitted, rows, days, found.Window)
}

// boughtAfter returns the customers who bought after an instant.
func (m *moment) boughtAfter(origin domain.Instant) map[string]bool {
	bought := make(map[string]bool)
	for _, c := range m.buyers() {
		if c.Trade.LastPurchase > origin {
			bought[c.ID] = true
		}
	}
	return bought
}

// rows returns what a learned model sees of the customers at the moment, with the chance of a loss that chance gives, and
// when the first of them bought. The customers are as silence has made them by then.
func (m *moment) rows(chance func(id string, h customerbase.History) float64) (rows []fit.RiskRow, first domain.Instant) {
	for fold, c := range m.buyers() {
		now, _ := fold.At(c, m.at)
		h, ok := now.History(m.at)
		if !ok {
			continue
		}
		rows = append(rows, fit.RiskRow{Values: fold.Features(&now, m.at, nil), Lost: chance(c.ID, h), Customers: 1})
		if at := now.Trade.FirstPurchase; first == 0 || at < first {
			first = at
		}
	}
	return rows, first
}

// lost returns how many customers of the rows were lost.
func lost(rows []fit.RiskRow) int {
	n := 0
	for i := range rows {
		if rows[i].Lost == 1 {
			n++
		}
	}
	return n
}
