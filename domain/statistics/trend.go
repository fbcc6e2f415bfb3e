package statistics

import (
	"math"
	"math/big"
)

// Period is what was answered in one period of a series.
type Period struct {
	// Number counts the periods, for example months; numbers may be left out.
	Number int64
	Moments
}

// Trend is the straight line through the answers of several periods.
type Trend struct {
	// Slope is the change of the mean from one period to the next.
	Slope float64
	// StandardError is that of the slope.
	StandardError float64
	// Degrees are the degrees of freedom: the number of answers minus two.
	Degrees float64
}

// TrendOf fits a straight line to all answers of the periods by least squares, so that a period counts by its answers. The
// order of the periods does not matter, nor how the answers of one period are split. It is false unless there are
// at least three answers and two periods with answers.
func TrendOf(periods []Period) (Trend, bool) {
	s := newSums()
	for _, p := range periods {
		s.add(p)
	}
	n := s.n.Int64()
	// With centred sums X = n·Σk² − (Σk)² and so on, slope = C/X and the squared residuals are (Y − C²/X)/n.
	x := s.centred(s.kk, s.k, s.k)
	if n < 3 || x.Sign() <= 0 {
		return Trend{}, false
	}
	c, y := s.centred(s.ky, s.k, s.y), s.centred(s.yy, s.y, s.y)
	residual := new(big.Int).Sub(new(big.Int).Mul(x, y), new(big.Int).Mul(c, c))
	if residual.Sign() < 0 {
		return Trend{}, false
	}
	// The variance of the slope is residuals/(n − 2) over X/n, which is (X·Y − C²)/((n − 2)·X²).
	scale := new(big.Int).Mul(x, x)
	variance := quotient(residual, scale.Mul(scale, big.NewInt(n-2)))
	return Trend{Slope: quotient(c, x), StandardError: math.Sqrt(variance), Degrees: float64(n - 2)}, true
}

// Interval returns the t interval of the slope at a confidence level between 0 and 1. It is false for another level.
func (t Trend) Interval(level float64) (Interval, bool) {
	return studentInterval(t.Slope, t.StandardError, t.Degrees, level)
}

// sums are the sums behind a straight line: of answers n, of the period numbers k, of the scores y and their products.
type sums struct {
	n, k, kk, y, yy, ky *big.Int
}

func newSums() sums {
	return sums{n: new(big.Int), k: new(big.Int), kk: new(big.Int), y: new(big.Int), yy: new(big.Int), ky: new(big.Int)}
}

func (s sums) add(p Period) {
	k, n, y := big.NewInt(p.Number), big.NewInt(p.Count), big.NewInt(p.Sum)
	nk := new(big.Int).Mul(n, k)
	s.n.Add(s.n, n)
	s.k.Add(s.k, nk)
	s.kk.Add(s.kk, new(big.Int).Mul(nk, k))
	s.y.Add(s.y, y)
	s.yy.Add(s.yy, big.NewInt(p.Squares))
	s.ky.Add(s.ky, new(big.Int).Mul(k, y))
}

// centred returns n·Σab − Σa·Σb.
func (s sums) centred(ab, a, b *big.Int) *big.Int {
	whole := new(big.Int).Mul(s.n, ab)
	return whole.Sub(whole, new(big.Int).Mul(a, b))
}
