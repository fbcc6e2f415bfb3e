package fit

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// concave is a log-likelihood with a single peak at most, as regressions have.
type concave interface {
	// height returns the log-likelihood of weights, and minus infinity or NaN where there is none.
	height(weights []float64) float64
	// derivatives returns the gradient of the height, and the second derivatives with the sign turned.
	derivatives(weights []float64) (*mat.VecDense, *mat.SymDense, error)
}

// summit is the peak of a concave log-likelihood.
type summit struct {
	weights        []float64
	standardErrors []float64
	evaluations    int
}

const (
	// maxAscent bounds Newton's steps, and halvings the search along each. A likelihood with a peak takes about ten steps.
	maxAscent, halvings = 100, 40
	// arrived is the length of a step after which the peak is reached.
	arrived = 1e-10
	// rounding is the part of a height that may be lost in its last digits: near the peak steps gain less than that.
	rounding = 1e-11
)

// ascend climbs from weights of 0 by Newton's steps, halved where they overshoot. The error wraps ErrDiverged if there is no
// peak: weights cannot be told apart, or one of them would have to be infinite.
func ascend(ctx context.Context, problem concave, weights int) (summit, error) {
	s := summit{weights: make([]float64, weights)}
	height := problem.height(s.weights)
	for range maxAscent {
		if err := ctx.Err(); err != nil {
			return summit{}, err
		}
		gradient, information, err := problem.derivatives(s.weights)
		if err != nil {
			return summit{}, err
		}
		s.evaluations++
		var curve mat.Cholesky
		if !curve.Factorize(information) {
			return summit{}, fmt.Errorf("the weights cannot be told apart: %w", ErrDiverged)
		}
		var step mat.VecDense
		if err := curve.SolveVecTo(&step, gradient); err != nil {
			return summit{}, fmt.Errorf("newton step: %w: %w", err, ErrDiverged)
		}
		stride := mat.Norm(&step, 2)
		if math.IsNaN(stride) {
			break
		}
		if stride < arrived {
			return s, s.deviate(&curve)
		}
		var ok bool
		if height, ok = s.advance(problem, height, &step); !ok {
			break
		}
	}
	return summit{}, fmt.Errorf("the weights did not settle: %w", ErrDiverged)
}

// advance goes along a step, or along the largest half, quarter and so on of it that does not lead down. It reports false if
// all of them do.
func (s *summit) advance(problem concave, height float64, step *mat.VecDense) (float64, bool) {
	least := height - rounding*math.Abs(height)
	part := 1.0
	for range halvings {
		next := make([]float64, len(s.weights))
		for i, w := range s.weights {
			next[i] = w + part*step.AtVec(i)
		}
		s.evaluations++
		if reached := problem.height(next); reached >= least {
			s.weights = next
			return reached, true
		}
		part /= 2
	}
	return height, false
}

// deviate fills in the standard errors.
func (s *summit) deviate(curve *mat.Cholesky) error {
	var covariance mat.SymDense
	if err := curve.InverseTo(&covariance); err != nil {
		return fmt.Errorf("covariance: %w: %w", err, ErrDiverged)
	}
	for i := range s.weights {
		s.standardErrors = append(s.standardErrors, math.Sqrt(covariance.At(i, i)))
	}
	return nil
}
