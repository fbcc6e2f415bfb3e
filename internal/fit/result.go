package fit

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

var (
	// ErrTooFew is wrapped when a sample has too few customers for a fit.
	ErrTooFew = errors.New("too few customers")
	// ErrDiverged is wrapped when the likelihood has no peak within the range of the search, so the parameters mean nothing.
	ErrDiverged = errors.New("the fit diverged")
)

// Window is the time from which the histories of a sample come: from the first instant up to, not including, the last.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Estimate is an estimated parameter with its standard error, which comes from the curvature of the likelihood.
type Estimate struct {
	Name          string  `json:"name"`
	Value         float64 `json:"value"`
	StandardError float64 `json:"standard_error"`
}

// Result is what a fit found and what it was found from.
type Result struct {
	// Model is the name of the model.
	Model string `json:"model"`
	// Parameters are rounded to nine significant digits, standard errors to four.
	Parameters []Estimate `json:"parameters"`
	// LogLikelihood is that of the rounded parameters, rounded to six decimals.
	LogLikelihood float64 `json:"log_likelihood"`
	// Customers is the number of customers whose histories were used.
	Customers int `json:"customers"`
	// Window is the window of the options.
	Window Window `json:"window"`
	// Evaluations is how often the likelihood was evaluated.
	Evaluations int `json:"evaluations"`
}

// significant rounds to a number of significant digits.
func significant(x float64, digits int) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', digits-1, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}

// decimals rounds to six decimals.
func decimals(x float64) float64 { return math.Round(x*1e6) / 1e6 }

// described is implemented by every model.
type described interface {
	Name() string
	Parameters() []customerbase.Parameter
}

// newResult describes a fitted model, whose parameters are those of the peak.
func newResult(m described, p peak, logLikelihood float64, customers int, window Window) Result {
	r := Result{
		Model: m.Name(), LogLikelihood: decimals(logLikelihood), Customers: customers, Window: window, Evaluations: p.evaluations,
	}
	for i, parameter := range m.Parameters() {
		r.Parameters = append(r.Parameters, Estimate{parameter.Name, parameter.Value, significant(p.standardErrors[i], 4)})
	}
	return r
}
