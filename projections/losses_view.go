package projections

import "github.com/rapport-crm/rapport/domain"

// LossView is a loss in the view of its customer.
type LossView struct {
	ID string `json:"id"`
	// LostAt is when the customer was lost, ReturnedAt when the customer came back, null before that.
	LostAt     domain.Instant `json:"lost_at"`
	ReturnedAt domain.Instant `json:"returned_at"`
	// Since is what the customer has paid since the latest loss, less what was given back, in any currency.
	Since []CurrencyAmount `json:"paid_since"`
	LossDetail
}

// lossViews returns the losses in the order of time.
func (c *Customer) lossViews() []LossView {
	views := []LossView{}
	x := c.losses()
	if x == nil {
		return views
	}
	for _, l := range walkLosses(x.steps, x.settled) {
		views = append(views, LossView{
			ID: l.id, LostAt: l.at, ReturnedAt: l.ended, Since: l.paidSince(&c.Trade), LossDetail: *l.detail(),
		})
	}
	return views
}

// paidSince returns what the customer paid since the loss.
func (l *loss) paidSince(t *Trade) []CurrencyAmount {
	sums := []CurrencyAmount{}
	for _, s := range append([]CurrencySum{t.Main}, t.Other()...) {
		minor := s.Purchased - s.Returned
		for _, w := range l.opening.worth {
			if w.Currency == s.Currency {
				minor = domain.AddMinor(minor, -w.Minor)
			}
		}
		if minor != 0 {
			sums = addAmount(sums, s.Currency, minor)
		}
	}
	return sums
}
