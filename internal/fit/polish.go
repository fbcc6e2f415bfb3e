package fit

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// slope is the central difference of fourth order. Its error is near the fourth power of the step, which leaves eleven
// digits; a smaller step would lose more of them to the rounding of a likelihood that is a sum over all customers.
var slope = fd.Formula{
	Stencil: []fd.Point{{Loc: -2, Coeff: 1.0 / 12}, {Loc: -1, Coeff: -2.0 / 3}, {Loc: 1, Coeff: 2.0 / 3}, {Loc: 2, Coeff: -1.0 / 12}},

	Derivative: 1, Step: 2e-3,
}

const (
	// curveStep is the step for second derivatives, which need fewer digits and take them from smaller differences.
	curveStep = 2e-3
	// settled is the length of a Newton step, in logarithms of parameters, after which the peak is reached.
	settled = 1e-9
	// maxPolish bounds the Newton steps, and maxStride their length.
	maxPolish, maxStride = 30, 0.5
)

// polish walks from a point near a peak to the peak by Newton's method. The error wraps ErrDiverged if the likelihood does
// not curve down in all directions, or the steps do not settle, or lead out of the range.
func (c *climber) polish(logs []float64) (peak, error) {
	for range maxPolish {
		if err := c.ctx.Err(); err != nil {
			return peak{}, err
		}
		if err := inside(logs); err != nil {
			return peak{}, err
		}
		gradient := fd.Gradient(nil, c.depth, logs, &fd.Settings{Formula: slope})
		curve, err := c.curvature(logs)
		if err != nil {
			return peak{}, err
		}
		var step mat.VecDense
		if err := curve.SolveVecTo(&step, mat.NewVecDense(len(logs), gradient)); err != nil {
			return peak{}, fmt.Errorf("newton step: %w: %w", err, ErrDiverged)
		}
		stride := mat.Norm(&step, 2)
		if math.IsNaN(stride) {
			return peak{}, fmt.Errorf("newton step from outside the range: %w", ErrDiverged)
		}
		floats.AddScaled(logs, -min(1, maxStride/stride), step.RawVector().Data)
		if stride < settled {
			return c.peak(logs, curve)
		}
	}
	return peak{}, fmt.Errorf("newton steps did not settle: %w", ErrDiverged)
}

// curvature returns the second derivatives of the depth in a form that solves systems.
func (c *climber) curvature(logs []float64) (*mat.Cholesky, error) {
	var second mat.SymDense
	fd.Hessian(&second, c.depth, logs, &fd.Settings{Formula: fd.Central, Step: curveStep})
	var curve mat.Cholesky
	if !curve.Factorize(&second) {
		return nil, fmt.Errorf("the likelihood does not curve down everywhere: %w", ErrDiverged)
	}
	return &curve, nil
}

// peak describes the peak. The standard error of a parameter is that of its logarithm times the parameter.
func (c *climber) peak(logs []float64, curve *mat.Cholesky) (peak, error) {
	var covariance mat.SymDense
	if err := curve.InverseTo(&covariance); err != nil {
		return peak{}, fmt.Errorf("covariance: %w: %w", err, ErrDiverged)
	}
	p := c.point(logs)
	for i, value := range p.parameters {
		p.standardErrors = append(p.standardErrors, value*math.Sqrt(covariance.At(i, i)))
	}
	return p, nil
}
