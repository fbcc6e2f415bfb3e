package backtest

import (
	"context"
	"errors"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/internal/fit"
)

// purchaseModels are the models that are fitted at each origin. The first is the one whose chances are lent to others.
func purchaseModels() []string {
	return []string{customerbase.NameMBGNBD, customerbase.NameBGNBD, customerbase.NameParetoNBD, customerbase.NameNBD}
}

// models are what was fitted to what was known at an origin.
type models struct {
	purchase []namedModel
	amounts  []amountModel
	// learned is nil without one.
	learned *learnedrisk.Model
	reports []ModelReport
}

// amountModel is a fitted model of amounts, with what it sees of a customer.
type amountModel struct {
	name  string
	sees  func(c *customer) (customerbase.Spend, bool)
	model customerbase.GammaGamma
}

// namedModel is a fitted model under the name of the wanted one: after a fallback they are not the same.
type namedModel struct {
	name  string
	model customerbase.PurchaseModel
}

// leaves reports whether customers leave for good under the model at all.
func (m *namedModel) leaves() bool { return m.model.Name() != customerbase.NameNBD }

// note reports what came of a fit. A fit that the data do not carry is a result too; other errors are returned.
func (m *models) note(name string, result *fit.Result, fallback fit.Reason, err error) error {
	report := ModelReport{Name: name, Fit: result, Fallback: fallback}
	switch {
	case errors.Is(err, fit.ErrTooFew):
		report.Fit, report.Failure = nil, "too_few"
	case errors.Is(err, fit.ErrDiverged):
		report.Fit, report.Failure = nil, string(fit.ReasonDiverged)
	case err != nil:
		return err
	}
	m.reports = append(m.reports, report)
	return nil
}

// fitted fits models to customers who are known at an origin.
func fitted(ctx context.Context, known []*customer, window fit.Window) (*models, error) {
	m := new(models)
	if err := m.fitPurchases(ctx, known, window); err != nil {
		return nil, err
	}
	return m, m.fitAmounts(ctx, known, window)
}

func (m *models) fitPurchases(ctx context.Context, known []*customer, window fit.Window) error {
	groups := make([]customerbase.Group, len(known))
	for i, c := range known {
		groups[i] = customerbase.Group{History: c.history, Customers: 1}
	}
	sample, err := customerbase.NewSample(groups)
	if err != nil {
		return err
	}
	for _, name := range purchaseModels() {
		f, err := fit.Purchases(ctx, sample, fit.PurchaseOptions{Model: name, Window: window})
		if err == nil {
			m.purchase = append(m.purchase, namedModel{name, f.Fitted})
		}
		if err := m.note(name, &f.Result, f.Fallback, err); err != nil {
			return err
		}
	}
	return nil
}

// fitAmounts fits the model of amounts twice: to the occasions after the first, as its literature does, and to all of them,
// which tells more of those who came back once or twice but puts the first occasion in twice, with another mean.
func (m *models) fitAmounts(ctx context.Context, known []*customer, window fit.Window) error {
	for _, a := range []amountModel{
		{name: customerbase.NameGammaGamma, sees: (*customer).repeatSpend},
		{name: customerbase.NameGammaGamma + "_all", sees: (*customer).wholeSpend},
	} {
		var spends []customerbase.Spend
		for _, c := range known {
			if s, ok := a.sees(c); ok {
				spends = append(spends, s)
			}
		}
		f, err := fit.Spends(ctx, spends, window)
		if err == nil {
			a.model = f.Fitted
			m.amounts = append(m.amounts, a)
		}
		if err := m.note(a.name, &f.Result, "", err); err != nil {
			return err
		}
	}
	return nil
}

// repeatSpend is the mean over the occasions after the first. It is false without one, and when nothing was paid.
func (c *customer) repeatSpend() (customerbase.Spend, bool) {
	repeats := c.history.Repeats
	return customerbase.Spend{Repeats: repeats, Mean: c.again / float64(max(repeats, 1)), Customers: 1}, repeats > 0 && c.again > 0
}

// wholeSpend is the mean over all occasions, of those who came back. It is false when nothing was paid.
func (c *customer) wholeSpend() (customerbase.Spend, bool) {
	repeats := c.history.Repeats
	return customerbase.Spend{Repeats: repeats, Mean: c.spent / float64(repeats+1), Customers: 1}, repeats > 0 && c.spent > 0
}

// lesson is what a learned model is learned from, and what it is for.
type lesson struct {
	// before are the customers at the earlier origin, with what the fold saw of them then; their outcomes lie before the
	// origin of the back-test.
	before   []*customer
	features map[string][]learnedrisk.Value
	horizon  int
	window   fit.Window
	// now are the customers at the origin of the back-test and wanted its horizon.
	now         []*customer
	nowFeatures map[string][]learnedrisk.Value
	wanted      int
}

// learn learns the risk of a loss. When the horizon of the lesson is not the wanted one, it is brought to that by the
// chances of the first purchase model, which knows the customers of the origin but not their outcomes either.
func (m *models) learn(ctx context.Context, l lesson) (calibratedWith string, err error) {
	rows := make([]fit.RiskRow, len(l.before))
	for i, c := range l.before {
		rows[i] = fit.RiskRow{Values: l.features[c.id], Lost: share(c.lost), Customers: 1}
	}
	f, err := fit.Risk(ctx, rows, fit.RiskOptions{Horizon: float64(l.horizon), Window: l.window})
	if err == nil && l.horizon != l.wanted && len(m.purchase) > 0 {
		calibratedWith = m.purchase[0].model.Name()
		f, err = m.bring(ctx, f.Fitted, l)
	}
	if err == nil {
		m.learned = &f.Fitted
	}
	return calibratedWith, m.note(learnedrisk.Name, &f.Result, "", err)
}

// bring brings a learned model to the wanted horizon.
func (m *models) bring(ctx context.Context, learned learnedrisk.Model, l lesson) (fit.RiskFit, error) {
	rows := make([]fit.RiskRow, len(l.now))
	for i, c := range l.now {
		chance, err := m.purchase[0].model.NoPurchase(c.history, weeks(l.wanted))
		if err != nil {
			return fit.RiskFit{}, err
		}
		rows[i] = fit.RiskRow{Values: l.nowFeatures[c.id], Lost: chance, Customers: 1}
	}
	return fit.Recalibrate(ctx, learned, rows, float64(l.wanted), l.window)
}

// under returns the policy with the models in force.
func (m *models) under(p *domain.Policy) (*domain.Policy, error) {
	put := func(role domain.ModelRole, name string, parameters []customerbase.Parameter) error {
		next, err := p.With(role, domain.FittedModel{Name: name, Parameters: customerbase.Named(parameters)})
		if err != nil {
			return fmt.Errorf("policy %s with model %s: %w", p.Version, name, err)
		}
		p = next
		return nil
	}
	if len(m.purchase) > 0 {
		of := m.purchase[0].model
		if err := put(domain.RolePurchase, of.Name(), of.Parameters()); err != nil {
			return nil, err
		}
	}
	if m.learned != nil {
		if err := put(domain.RoleRisk, m.learned.Name(), m.learned.Parameters()); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// weeks returns a number of days in the unit of purchase models.
func weeks(days int) float64 { return float64(days) / daysOfWeek }

func share(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
