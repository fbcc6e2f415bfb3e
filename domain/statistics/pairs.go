package statistics

import (
	"fmt"
	"math"
	"math/big"
)

// Pairs counts the answers of customers who answered two items, by both scores. The zero value is empty, over the zero
// scales.
type Pairs struct {
	x, y   Scale
	counts [MaxPoints][MaxPoints]int64
}

// NewPairs returns an empty table over the scales of two items.
func NewPairs(x, y Scale) Pairs { return Pairs{x: x, y: y} }

// Add counts n customers with two scores; a negative n takes them back. The error is ErrScale, and nothing is counted,
// when one of the scores is not on its scale.
func (p *Pairs) Add(x, y int, n int64) error {
	if !p.x.Contains(x) || !p.y.Contains(y) {
		return fmt.Errorf("pair outside %d to %d and %d to %d: %w", p.x.low, p.x.high, p.y.low, p.y.high, ErrScale)
	}
	p.counts[x-p.x.low][y-p.y.low] += n
	return nil
}

// Merge adds the counts of another table. The error is ErrScale, and nothing changes, when the scales differ.
func (p *Pairs) Merge(o Pairs) error { return p.combine(o, 1) }

// Sub takes the counts of another table away: it undoes Merge. The error is ErrScale, and nothing changes, when the
// scales differ.
func (p *Pairs) Sub(o Pairs) error { return p.combine(o, -1) }

func (p *Pairs) combine(o Pairs, sign int64) error {
	if p.x != o.x || p.y != o.y {
		return fmt.Errorf("pairs over different scales: %w", ErrScale)
	}
	for i := range o.counts {
		for j, n := range o.counts[i] {
			p.counts[i][j] += sign * n
		}
	}
	return nil
}

// Spearman returns the rank correlation of the two scores with mean ranks for equal scores, between −1 and 1. It is
// false when one of the items has no two different scores.
func (p Pairs) Spearman() (float64, bool) {
	var x, y [MaxPoints]int64
	for i := range p.counts {
		for j, n := range p.counts[i] {
			if n < 0 {
				return 0, false
			}
			x[i] += n
			y[j] += n
		}
	}
	xs, ys := centredRanks(x), centredRanks(y)
	xy, xx, yy := new(big.Int), squares(x, xs), squares(y, ys)
	if xx.Sign() == 0 || yy.Sign() == 0 {
		return 0, false
	}
	for i := range p.counts {
		for j, n := range p.counts[i] {
			xy.Add(xy, product(n, xs[i], ys[j]))
		}
	}
	square := quotient(new(big.Int).Mul(xy, xy), xx.Mul(xx, yy))
	return math.Copysign(math.Sqrt(square), float64(xy.Sign())), true
}

// centredRanks returns twice the distance of the mean rank of each score from the mean of all ranks.
func centredRanks(counts [MaxPoints]int64) (ranks [MaxPoints]int64) {
	var n, below int64
	for _, c := range counts {
		n += c
	}
	for i, c := range counts {
		ranks[i] = 2*below + c - n
		below += c
	}
	return ranks
}

// squares returns the sum of the squared ranks.
func squares(counts, ranks [MaxPoints]int64) *big.Int {
	sum := new(big.Int)
	for i, n := range counts {
		sum.Add(sum, product(n, ranks[i], ranks[i]))
	}
	return sum
}

func product(a, b, c int64) *big.Int {
	p := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	return p.Mul(p, big.NewInt(c))
}
