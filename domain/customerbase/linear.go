package customerbase

import (
	"fmt"
	"math"
	"slices"
)

// solve returns x with a x = b by elimination with row exchanges. It does not change its arguments. The error wraps
// ErrNoValue if the matrix is singular.
func solve(a [][]float64, b []float64) ([]float64, error) {
	n := len(b)
	rows := make([][]float64, n)
	for i, row := range a {
		rows[i] = append(slices.Clone(row), b[i])
	}
	for k := range n {
		pivot := k
		for i := k + 1; i < n; i++ {
			if math.Abs(rows[i][k]) > math.Abs(rows[pivot][k]) {
				pivot = i
			}
		}
		rows[k], rows[pivot] = rows[pivot], rows[k]
		if rows[k][k] == 0 {
			return nil, fmt.Errorf("solution of a singular system: %w", ErrNoValue)
		}
		for i := k + 1; i < n; i++ {
			share := rows[i][k] / rows[k][k]
			for j := k; j <= n; j++ {
				rows[i][j] -= float64(share * rows[k][j])
			}
		}
	}
	x := make([]float64, n)
	for k := n - 1; k >= 0; k-- {
		rest := rows[k][n]
		for j := k + 1; j < n; j++ {
			rest -= float64(rows[k][j] * x[j])
		}
		x[k] = rest / rows[k][k]
		if _, err := finite("solution of a system", x[k]); err != nil {
			return nil, err
		}
	}
	return x, nil
}
