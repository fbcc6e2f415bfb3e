package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"
)

const (
	// edge bounds the logarithm of a parameter in a search.
	edge = 18
	// outside is the logarithm of a parameter from which on a peak is no peak: the search ran towards the edge.
	outside = 14
	// coarse is the gain in log-likelihood that ends a search when it was not reached for some iterations.
	coarse, patience = 1e-3, 15
	// scouting is how many evaluations each start gets, and maxSearch bounds those of the search from the best place.
	scouting, maxSearch = 100, 4000
)

// likelihood is the log-likelihood of a sample as a function of the parameters of a model.
type likelihood func(parameters []float64) (float64, error)

// peak is a maximum of a likelihood.
type peak struct {
	parameters     []float64
	standardErrors []float64
	logLikelihood  float64
	evaluations    int
}

// climber looks for the maximum of a likelihood over the logarithms of the parameters.
type climber struct {
	ctx         context.Context
	of          likelihood
	evaluations int
}

// depth is the likelihood turned upside down, for a minimiser. It is infinite where there is no likelihood.
func (c *climber) depth(logs []float64) float64 {
	parameters := make([]float64, len(logs))
	for i, l := range logs {
		if !(math.Abs(l) <= edge) {
			return math.Inf(1)
		}
		parameters[i] = math.Exp(l)
	}
	c.evaluations++
	height, err := c.of(parameters)
	if err != nil {
		return math.Inf(1)
	}
	return -height
}

// search returns the best point that the simplex method finds, still as logarithms: it scouts from every start and goes on
// from the best place. The simplex ends early: the last digits are the business of polish.
func (c *climber) search(starts ...[]float64) ([]float64, error) {
	var best optimize.Location
	best.F = math.Inf(1)
	for _, start := range starts {
		logs := make([]float64, len(start))
		for i, p := range start {
			logs[i] = min(max(math.Log(p), -outside), outside)
		}
		found, err := c.simplex(logs, scouting)
		if err != nil {
			return nil, err
		}
		if found.F < best.F {
			best = found
		}
	}
	if math.IsInf(best.F, 1) {
		return nil, fmt.Errorf("search without a start inside the range: %w", ErrDiverged)
	}
	found, err := c.simplex(best.X, maxSearch)
	return found.X, err
}

// simplex runs the method of Nelder and Mead from a point for a number of evaluations, or until it gains nothing more.
func (c *climber) simplex(from []float64, evaluations int) (optimize.Location, error) {
	problem := optimize.Problem{Func: c.depth, Status: func() (optimize.Status, error) {
		if err := c.ctx.Err(); err != nil {
			return optimize.Failure, err
		}
		return optimize.NotTerminated, nil
	}}
	settings := &optimize.Settings{
		Converger:       &optimize.FunctionConverge{Absolute: coarse, Iterations: patience},
		FuncEvaluations: evaluations,
	}
	found, err := optimize.Minimize(problem, from, settings, &optimize.NelderMead{SimplexSize: 0.4})
	if cause := c.ctx.Err(); cause != nil {
		return optimize.Location{}, cause
	}
	if err != nil {
		return optimize.Location{}, fmt.Errorf("search: %w", err)
	}
	return found.Location, nil
}

// climb searches from all starts and polishes the best point. The error wraps ErrDiverged if the best point is no peak; then
// the result is that point, without standard errors.
func climb(ctx context.Context, of likelihood, starts ...[]float64) (peak, error) {
	c := &climber{ctx: ctx, of: of}
	logs, err := c.search(starts...)
	if err != nil {
		return peak{}, err
	}
	best := slices.Clone(logs)
	p, err := c.polish(logs)
	if errors.Is(err, ErrDiverged) {
		p = c.point(best)
	}
	return p, err
}

// point describes a point without its surroundings.
func (c *climber) point(logs []float64) peak {
	p := peak{logLikelihood: -c.depth(logs)}
	for _, l := range logs {
		p.parameters = append(p.parameters, significant(math.Exp(l), 9))
	}
	p.evaluations = c.evaluations
	return p
}

// inside returns an error if a parameter is near the edge of the range.
func inside(logs []float64) error {
	if slices.ContainsFunc(logs, func(l float64) bool { return !(math.Abs(l) < outside) }) {
		return fmt.Errorf("a parameter left the range: %w", ErrDiverged)
	}
	return nil
}
