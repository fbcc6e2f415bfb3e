package fit

import (
	"cmp"
	"context"
	"fmt"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// RiskRow is a number of customers with the same values of features at an origin, and what became of them.
type RiskRow struct {
	Values []learnedrisk.Value
	// Lost is the share of them who were lost within the horizon: 0 or 1 for a single customer. It may also be a chance from
	// another model.
	Lost float64
	// Customers is positive.
	Customers int
}

func (r RiskRow) validate() error {
	if !(r.Lost >= 0 && r.Lost <= 1) || r.Customers <= 0 {
		return fmt.Errorf("row of %d customers of whom %v were lost: %w", r.Customers, r.Lost, customerbase.ErrArgument)
	}
	return nil
}

// RiskOptions say how a model of loss is learned.
type RiskOptions struct {
	// Horizon is the time after the origin for which Lost holds, in days. It must be positive.
	Horizon float64
	// Penalty times half the square of a weight for one standard deviation is taken off the log-likelihood. It keeps weights
	// finite where a feature tells everything. Default: 1.
	Penalty float64
	// Window is noted in the result.
	Window Window
}

// RiskFit is a learned model of loss. The Parameters of its Result are those of the model; only the intercept and the
// weights have standard errors, from the curvature with the penalty.
type RiskFit struct {
	Result
	// Fitted is the model with the parameters of the result.
	Fitted learnedrisk.Model `json:"-"`
}

// leastEvents is how many customers with the rarer outcome there must be for each weight (Peduzzi and others 1996).
const leastEvents = 10

// Risk learns the weights of all features that occur in the rows, by logistic regression with a quadratic penalty. A feature
// that is known of all and the same for all is left out. The order of the rows does not matter. The error wraps ErrTooFew
// if there are fewer than ten customers with the rarer outcome for each weight, and customerbase.ErrArgument if a row is impossible
// or values are too large to reckon with.
func Risk(ctx context.Context, rows []RiskRow, o RiskOptions) (RiskFit, error) {
	o.Penalty = cmp.Or(o.Penalty, 1)
	f, err := learnRisk(ctx, rows, o)
	if err != nil {
		return RiskFit{}, fmt.Errorf("fit %s: %w", learnedrisk.Name, err)
	}
	return f, nil
}

func learnRisk(ctx context.Context, rows []RiskRow, o RiskOptions) (RiskFit, error) {
	if !(o.Penalty > 0) {
		return RiskFit{}, fmt.Errorf("penalty %v must be positive: %w", o.Penalty, customerbase.ErrArgument)
	}
	d, err := newDesign(rows)
	if err != nil {
		return RiskFit{}, err
	}
	columns, err := d.columns()
	if err != nil {
		return RiskFit{}, err
	}
	if rarer, need := d.rarer(), leastEvents*len(columns.names); rarer < float64(need) {
		return RiskFit{}, fmt.Errorf("%v customers with the rarer outcome, %d are needed for %d weights: %w", rarer, need, len(columns.names), ErrTooFew)
	}
	found, err := regress(ctx, columns.rows, d.targets(), o.Penalty)
	if err != nil {
		return RiskFit{}, err
	}
	m := columns.model(found.weights, significant(o.Horizon, 9))
	if err := m.Validate(); err != nil {
		return RiskFit{}, err
	}
	return describeRisk(m, columns.errors(found.standardErrors), d, found.evaluations, o.Window)
}

// describeRisk makes a result of a model and the standard errors of some of its parameters by name.
func describeRisk(m learnedrisk.Model, errors map[string]float64, d design, evaluations int, window Window) (RiskFit, error) {
	var height stablemath.Sum
	for _, row := range d.rows {
		z, err := m.LogOdds(d.values(row))
		if err != nil {
			return RiskFit{}, err
		}
		height.Add(float64(row.customers) * (row.lost*z - stablemath.LogAdd(0, z)))
	}
	r := Result{Model: m.Name(), LogLikelihood: decimals(height.Value()), Customers: d.customers(), Window: window, Evaluations: evaluations}
	for _, p := range m.Parameters() {
		r.Parameters = append(r.Parameters, Estimate{p.Name, p.Value, significant(errors[p.Name], 4)})
	}
	return RiskFit{Result: r, Fitted: m}, nil
}
