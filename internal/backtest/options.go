package backtest

import (
	"errors"
	"log/slog"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// Policy is a policy in question.
type Policy struct {
	// Name is how it is called in the report. Policies have names of their own.
	Name string
	// Policy holds from the beginning of the log on, whatever was published. Nil stands for the policies and models as they
	// came into force in the log, over the default policy.
	Policy *domain.Policy
}

// Options say what a back-test is about. The zero value of each field is a documented default.
type Options struct {
	// Policies are compared with one another. Default: what the log itself has in force.
	Policies []Policy
	// Origins are the last days of which everything is known, in the zone of the first policy. Default: the latest day for which
	// the outcome is known.
	Origins []domain.Date
	// Horizon is how long after an origin a customer has to buy so as not to count as lost, in whole days. Default: the
	// horizon of the first policy.
	Horizon time.Duration
	// Training is how long before the origin the learned model is learned, in whole days, which is also its horizon. Default:
	// Horizon if the log begins two horizons before the origin; otherwise 13 weeks, or half of the time if that is less.
	Training time.Duration
	// Lapse is how long a silence at the end of the log lasts at least to count as a lapse, in whole days, when alerts are compared
	// by how soon they come. Default: Horizon.
	Lapse time.Duration
	// Resamples is how many samples intervals are bootstrapped from. Default: no intervals.
	Resamples int
	// Logger gets a line for each step. Default: none.
	Logger *slog.Logger
}

// ErrOptions is wrapped by errors about options that do not fit the log.
var ErrOptions = errors.New("the back-test cannot be done")
