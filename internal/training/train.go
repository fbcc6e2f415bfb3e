package training

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/fit"
	"github.com/rapport-crm/rapport/projections"
)

// NameKaplanMeier is the name under which a survival curve is asked for. It has no parameters.
const NameKaplanMeier = "kaplan_meier"

// NameRisk is the name under which the learned model of churn risk is asked for.
const NameRisk = "risk"

// Names are the names of what can be fitted.
var Names = []string{
	customerbase.NameMBGNBD, customerbase.NameBGNBD, customerbase.NameParetoNBD, customerbase.NameNBD, customerbase.NameGammaGamma,
	domain.NameABC, NameRisk, customerbase.NameMigration, customerbase.NameSBG, NameKaplanMeier,
}

// ErrUnknown says that there is no model of a name.
var ErrUnknown = errors.New("unknown model")

// Log is what is read of the event log.
type Log interface {
	projections.Log
	Ends(ctx context.Context) (eventstore.Positions, error)
}

// Options say what to fit.
type Options struct {
	// Model is one of Names. Default: customerbase.NameMBGNBD.
	Model string
	// At is the instant up to which the log is read. Default: the newest instant in the log.
	At domain.Instant
	// Horizon is the time for which a model of risk is learned. Default: that of the policy in force.
	Horizon time.Duration
	// Currency selects the customers of whom the amounts are taken, by their main currency. Default: that of most customers. It
	// does not matter for classes, which are found in every currency.
	Currency string
	// Progress is told how far the log was read. Default: nobody is told.
	Progress *projections.Progress
	// Logger gets what the replay says. Default: none.
	Logger *slog.Logger
}

// Outcome is what was fitted. The log-likelihood of a model of risk is that of what became of the customers, also when its
// chances were brought to another horizon afterwards.
type Outcome struct {
	fit.Result
	// Wanted is the model that was asked for, Role the role of the one that was fitted, empty for those that are not recorded.
	Wanted string           `json:"wanted"`
	Role   domain.ModelRole `json:"role,omitempty"`
	// At is the instant up to which the log was read.
	At domain.Instant `json:"at"`
	// RepeatBuyers is how many customers of a purchase model came back, Gain the gain in log-likelihood over NBD, and
	// Fallback is why the result is NBD instead of the wanted model.
	RepeatBuyers int        `json:"repeat_buyers,omitempty"`
	Gain         float64    `json:"gain,omitempty"`
	Fallback     fit.Reason `json:"fallback,omitempty"`
	// Currency is that of the amounts of a model of spend.
	Currency string `json:"currency,omitempty"`
	// Measure is what the customers were ranked by, for the classes of value.
	Measure domain.ValueMeasure `json:"measure,omitempty"`
	// Learning says from what a model of risk was learned.
	Learning *Learning `json:"learning,omitempty"`
	// Curves are those of the subscriptions, all of them first and then by product.
	Curves []Curve `json:"curves,omitempty"`
	// Difference is the log-rank test of whether the products differ.
	Difference *Difference `json:"difference,omitempty"`
}

// Train fits a model to the log. Errors of the fit wrap fit.ErrTooFew and fit.ErrDiverged; ErrUnknown is wrapped for a name
// that is none of Names.
func Train(ctx context.Context, log Log, policy *domain.Policy, o Options) (*Outcome, error) {
	o.Model = cmp.Or(o.Model, customerbase.NameMBGNBD)
	if !slices.Contains(Names, o.Model) {
		return nil, fmt.Errorf("train %q: %w", o.Model, ErrUnknown)
	}
	m, err := read(ctx, log, policy, o, o.At)
	if err != nil {
		return nil, fmt.Errorf("train %s: %w", o.Model, err)
	}
	x := trainer{log: log, policy: policy, options: o, moment: m}
	out, err := x.train(ctx)
	if err != nil {
		return nil, fmt.Errorf("train %s: %w", o.Model, err)
	}
	out.Wanted, out.At, out.Role = o.Model, m.at, domain.RoleOf(out.Model)
	return out, nil
}

// trainer fits one model.
type trainer struct {
	log     Log
	policy  *domain.Policy
	options Options
	moment  *moment
}

func (x *trainer) train(ctx context.Context) (*Outcome, error) {
	switch x.options.Model {
	case customerbase.NameGammaGamma:
		return x.spend(ctx)
	case domain.NameABC:
		return x.classes()
	case customerbase.NameMigration:
		return x.migration()
	case NameRisk:
		return x.risk(ctx)
	case customerbase.NameSBG:
		return x.contracts(ctx)
	case NameKaplanMeier:
		return x.survival()
	}
	return x.purchases(ctx)
}

// Event returns the event that records the model.
func (o *Outcome) Event() (*domain.ModelFitted, error) {
	values := make(map[string]float64, len(o.Parameters))
	for _, p := range o.Parameters {
		values[p.Name] = p.Value
	}
	parameters, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", o.Model, err)
	}
	return &domain.ModelFitted{
		Model: o.Model, Parameters: parameters, Currency: o.Currency, Measure: string(o.Measure), N: int64(o.Customers), LogLikelihood: o.LogLikelihood,
		WindowFrom: domain.InstantOf(o.Window.From), WindowTo: domain.InstantOf(o.Window.To),
	}, nil
}
