package projections

import (
	"cmp"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
)

// models are the fitted models of a policy, ready for use. They are never changed.
type models struct {
	// purchase says when customers buy again, in weeks; nil without one.
	purchase customerbase.PurchaseModel
	// spend says how much they spend on an occasion, in hundreds of minor units of spendCurrency; nil without one. An empty
	// currency stands for all.
	spend         *customerbase.GammaGamma
	spendCurrency string
	// risk is the learned model of churn risk; nil without one.
	risk *learnedrisk.Model
	// classes are, by currency, the least values of the classes of the policy but the last, in minor units. A class that the
	// model does not know has that of the class before it, and so nobody; without the first class there are none. There are
	// none either when the model was fitted by another measure than that of the policy.
	classes map[string][]int64
	// features are what a learned model may see of customers, terms and constant what the one in force makes of them.
	features []feature
	terms    []learnedTerm
	constant float64
}

// minorOfSpend is how many minor units make the unit of models of spend.
const minorOfSpend = 100

// modelsOf returns the models of the policy, whose parameters the policy has checked.
func modelsOf(p *domain.Policy) models {
	m := models{features: featuresOf(p)}
	if purchase, ok := p.Models[string(domain.RolePurchase)]; ok {
		m.purchase, _ = customerbase.NewPurchaseModel(purchase.Name, purchase.Parameters)
	}
	if spend, ok := p.Models[string(domain.RoleSpend)]; ok {
		if model, err := customerbase.NewGammaGamma(spend.Parameters); err == nil {
			m.spend, m.spendCurrency = &model, spend.Currency
		}
	}
	if risk, ok := p.Models[string(domain.RoleRisk)]; ok {
		if model, err := learnedrisk.New(risk.Parameters); err == nil {
			m.risk = &model
			m.terms, m.constant = learnedTerms(&model, m.features)
		}
	}
	if classes, ok := p.Models[string(domain.RoleClasses)]; ok && cmp.Or(classes.Measure, p.Value.Measure) == p.Value.Measure {
		m.classes = classesOf(classes, p.Value.Classes)
	}
	return m
}

// classesOf returns the least values of the classes but the last, by currency.
func classesOf(m domain.FittedModel, classes []domain.ValueClass) map[string][]int64 {
	least, err := domain.LeastValues(m.Parameters)
	if err != nil {
		return nil
	}
	edges := make(map[string][]int64)
	for currency, of := range least {
		edge, ok := of[classes[0].Name]
		for _, c := range classes[:len(classes)-1] {
			if known, there := of[c.Name]; there {
				edge = min(edge, known)
			}
			if ok {
				edges[currency] = append(edges[currency], edge)
			}
		}
	}
	return edges
}

// daysOfWeek is the unit of purchase models.
const daysOfWeek = 7

// History returns the purchases of the customer as purchase models see them at an instant, in weeks: the occasions are calendar
// days, the age ends at the instant. It is false before the first purchase.
func (c *Customer) History(at domain.Instant) (customerbase.History, bool) {
	n := len(c.Trade.Days)
	if n == 0 || at < c.Trade.FirstPurchase {
		return customerbase.History{}, false
	}
	last := float64(c.Trade.Days[n-1]-c.Trade.Days[0]) / daysOfWeek
	age := float64(at-c.Trade.FirstPurchase) / float64(daysOfWeek*domain.Day)
	return customerbase.History{Repeats: n - 1, Last: last, Age: max(last, age)}, true
}

// Spend returns what models of spend see of the customer: the number of repeat occasions and the mean of what they
// brought, in hundreds of minor units of the main currency. It is false without a repeat occasion, and when they brought nothing.
// Returns are not taken off, because it is not known which purchase they belong to.
func (c *Customer) Spend() (customerbase.Spend, bool) {
	t := &c.Trade
	repeats := len(t.Days) - 1
	brought := t.Main.Purchased - t.FirstSpend
	if repeats < 1 || brought <= 0 {
		return customerbase.Spend{}, false
	}
	return customerbase.Spend{Repeats: repeats, Mean: float64(brought) / (minorOfSpend * float64(repeats)), Customers: 1}, true
}

// Value returns what the customer is ranked by, in minor units of the main currency, and that currency.
func (c *Customer) Value(measure domain.ValueMeasure) (minor int64, currency string) {
	return c.Trade.value(measure), c.Trade.Main.Currency
}
