package customerbase

import (
	"math"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// powers is the integrand (alpha + u)^-p (beta + u)^-q of Pareto/NBD.
type powers struct{ p, q, alpha, beta float64 }

// gauss are the nodes and weights of the Gauss-Legendre rule of eight points on [-1, 1], for the positive nodes.
var gauss = [4]struct{ node, weight float64 }{
	{0.1834346424956498, 0.362683783378362},
	{0.525532409916329, 0.31370664587788727},
	{0.7966664774136267, 0.22238103445337448},
	{0.9602898564975363, 0.10122853629037626},
}

// gaussPiece returns the integral of a function between two points by this rule.
func gaussPiece(value func(float64) float64, from, to float64) float64 {
	half, sum := float64((to-from)/2), 0.0
	for _, g := range gauss {
		d := float64(half * g.node)
		sum += float64(g.weight * (value(from+half-d) + value(from+half+d)))
	}
	return float64(half * sum)
}

const (
	// pieceDecay and pieceWidth bound a piece of the integral: by how many powers of e the integrand may change, and how
	// wide it may be, for eight points to give 13 digits.
	pieceDecay = 4
	pieceWidth = 1.5
	// maxPieces bounds the pieces. A hundred are enough unless the exponents are so large that their rounding is all one sees.
	maxPieces = 10_000
)

// logIntegral returns the logarithm of the integral of the integrand between two times, of which log(alpha + t) and
// log(beta + t) are given. Over u = log of the smaller of alpha + t and beta + t, less its start, the integrand is smooth
// however small alpha or beta is, and its logarithm is concave, so the sum may end once its pieces fall and no longer
// count. The result is NaN if the exponents are so large that nothing is left of the integrand but rounding.
func (w powers) logIntegral(from, to parts) float64 {
	near, far, low := w.p, w.q, 0
	if w.beta < w.alpha {
		near, far, low = w.q, w.p, 1
	}
	end := to[low] - from[low]
	if !(end > 0) {
		return math.Inf(-1)
	}
	// share is the smaller of alpha + t and beta + t, over the larger one, at the start.
	share := stablemath.Exp(from[low] - from[1-low])
	value := func(u float64) float64 {
		return stablemath.Exp(float64((1-near)*u) - float64(far*stablemath.Log1p(share*stablemath.Expm1(u))))
	}
	sum, before := 0.0, 0.0
	for u, n := 0.0, 0; u < end; n++ {
		if n == maxPieces {
			return math.NaN()
		}
		// The end is reached by assignment: a sum could round to just below it for ever.
		next := end
		if width := pieceAt(near, far, share, u); width < end-u {
			next = u + width
		}
		piece := gaussPiece(value, u, next)
		sum += piece
		if piece < before && piece < negligible*sum {
			break
		}
		before, u = piece, next
	}
	return float64((1-near)*from[low]) - float64(far*from[1-low]) + stablemath.Log(sum)
}

// pieceAt returns the width of the piece that begins at u: the slope of the logarithm there is 1 - near - far now, where
// now is the share at u, which grows by no more than a factor e for each unit of u, and to no more than 1.
func pieceAt(near, far, share, u float64) float64 {
	now := share * (stablemath.Exp(u) / (1 + float64(share*stablemath.Expm1(u))))
	steep := math.Abs(1 - near)
	width := min(pieceWidth, pieceDecay/(steep+float64(far*now)))
	return min(width, pieceDecay/(steep+float64(far*min(1, now*stablemath.Exp(width)))))
}
