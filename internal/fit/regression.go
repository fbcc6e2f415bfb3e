package fit

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// target is what a regression is to meet for a row: the share of so many customers.
type target struct{ share, customers float64 }

// logistic is the likelihood of a logistic regression less the penalty times half of the squares of all weights but the first,
// which is the intercept.
type logistic struct {
	rows    [][]float64
	targets []target
	penalty float64
}

// regress finds the weights of the columns of rows. The error wraps ErrDiverged if there are no best ones, which needs a penalty of 0.
func regress(ctx context.Context, rows [][]float64, targets []target, penalty float64) (summit, error) {
	if len(rows) == 0 {
		return summit{}, fmt.Errorf("regression over no customers: %w", ErrTooFew)
	}
	return ascend(ctx, logistic{rows, targets, penalty}, len(rows[0]))
}

// odds returns the logarithm of the odds of a row.
func odds(row, weights []float64) float64 {
	z := 0.0
	for i, x := range row {
		z += x * weights[i]
	}
	return z
}

func (l logistic) height(weights []float64) float64 {
	var sum stablemath.Sum
	for i, row := range l.rows {
		z, t := odds(row, weights), l.targets[i]
		sum.Add(t.customers * (t.share*z - stablemath.LogAdd(0, z)))
	}
	for _, w := range weights[1:] {
		sum.Add(-l.penalty * w * w / 2)
	}
	return sum.Value()
}

func (l logistic) derivatives(weights []float64) (*mat.VecDense, *mat.SymDense, error) {
	n := len(weights)
	gradient, information := mat.NewVecDense(n, nil), mat.NewSymDense(n, nil)
	for k, row := range l.rows {
		p, t := 1/(1+stablemath.Exp(-odds(row, weights))), l.targets[k]
		for i := range n {
			gradient.SetVec(i, gradient.AtVec(i)+t.customers*(t.share-p)*row[i])
			for j := i; j < n; j++ {
				information.SetSym(i, j, information.At(i, j)+t.customers*p*(1-p)*row[i]*row[j])
			}
		}
	}
	for i := 1; i < n; i++ {
		gradient.SetVec(i, gradient.AtVec(i)-l.penalty*weights[i])
		information.SetSym(i, i, information.At(i, i)+l.penalty)
	}
	return gradient, information, nil
}
