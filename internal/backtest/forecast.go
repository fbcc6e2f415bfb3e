package backtest

import (
	"errors"
	"fmt"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/evaluation"
)

// topDecile is the share of customers whose part of the later spend is reported.
const topDecile = 0.1

// forecasts compares forecasts of occasions and of amounts with what happened.
func forecasts(known []*customer, m *models, horizon int) ([]PurchaseReport, []SpendReport, error) {
	purchases, err := comparePurchases("naive_rate", known, func(c *customer) (float64, error) { return c.naive(horizon), nil })
	if err != nil {
		return nil, nil, err
	}
	spend, err := compareSpend("past_spend", known, func(c *customer) (float64, error) { return c.spent, nil })
	if err != nil {
		return nil, nil, err
	}
	allPurchases, allSpend := []PurchaseReport{purchases}, []SpendReport{spend}
	for _, p := range m.purchase {
		expected := func(c *customer) (float64, error) { return p.model.Expected(c.history, weeks(horizon)) }
		if purchases, err = comparePurchases(p.name, known, expected); err != nil {
			return nil, nil, err
		}
		allPurchases = append(allPurchases, purchases)
	}
	if len(m.purchase) == 0 {
		return allPurchases, allSpend, nil
	}
	of := m.purchase[0]
	for _, a := range m.amounts {
		worth := func(c *customer) (float64, error) { return c.worth(of.model, &a, horizon) }
		spend, err := compareSpend(of.name+"_x_"+a.name, known, worth)
		switch {
		case errors.Is(err, customerbase.ErrNoValue):
			// Amounts that spread too much have no mean, so there is no forecast for those of whom nothing is known.
			continue
		case err != nil:
			return nil, nil, err
		}
		allSpend = append(allSpend, spend)
	}
	return allPurchases, allSpend, nil
}

// naive goes on with the rate at which the customer came back so far.
func (c *customer) naive(horizon int) float64 {
	if c.history.Age == 0 {
		return 0
	}
	return float64(c.history.Repeats) / c.history.Age * weeks(horizon)
}

// worth is the expected number of occasions times the expected amount, which is the mean of all customers for those of
// whom the model of amounts sees nothing.
func (c *customer) worth(m customerbase.PurchaseModel, a *amountModel, horizon int) (float64, error) {
	occasions, err := m.Expected(c.history, weeks(horizon))
	if err != nil {
		return 0, err
	}
	seen, ok := a.sees(c)
	if !ok {
		seen = customerbase.Spend{}
	}
	amount, err := a.model.ExpectedSpend(seen.Repeats, seen.Mean)
	return occasions * amount, err
}

func comparePurchases(name string, known []*customer, expected func(c *customer) (float64, error)) (PurchaseReport, error) {
	all, err := pairs(known, expected, func(c *customer) float64 { return float64(c.later) })
	if err != nil {
		return PurchaseReport{}, fmt.Errorf("purchases by %s: %w", name, err)
	}
	accuracy, err := evaluation.Compare(all)
	return PurchaseReport{Name: name, Accuracy: accuracy}, err
}

func compareSpend(name string, known []*customer, expected func(c *customer) (float64, error)) (SpendReport, error) {
	all, err := pairs(known, expected, func(c *customer) float64 { return c.laterSpent })
	if err != nil {
		return SpendReport{}, fmt.Errorf("spend by %s: %w", name, err)
	}
	top, err := evaluation.Concentration(all, topDecile)
	return SpendReport{Name: name, Top: top}, err
}

func pairs(known []*customer, expected func(c *customer) (float64, error), actual func(c *customer) float64) ([]evaluation.Forecast, error) {
	all := make([]evaluation.Forecast, len(known))
	for i, c := range known {
		e, err := expected(c)
		if err != nil {
			return nil, fmt.Errorf("customer %s: %w", c.id, err)
		}
		all[i] = evaluation.Forecast{Expected: e, Actual: actual(c)}
	}
	return all, nil
}
