package backtest

import (
	"cmp"
	"slices"

	"github.com/rapport-crm/rapport/domain/evaluation"
)

// curvePoints is the most points of a curve besides its beginning.
const curvePoints = 100

// curve follows the customers from the highest score to the lowest. Customers with one score come together, so that between
// two points the line is straight: no order among equals is made up. It is empty unless some were lost and some stayed.
func curve(outcomes []evaluation.Outcome) []CurvePoint {
	sorted := slices.Clone(outcomes)
	slices.SortFunc(sorted, func(a, b evaluation.Outcome) int { return cmp.Compare(b.Score, a.Score) })
	all, lost := len(sorted), 0
	for _, o := range sorted {
		if o.Lost {
			lost++
		}
	}
	if lost == 0 || lost == all {
		return []CurvePoint{}
	}
	points := []CurvePoint{{}}
	caught, next := 0, 1
	for i, o := range sorted {
		if o.Lost {
			caught++
		}
		n := i + 1
		if n < all && (sorted[n].Score == o.Score || n*curvePoints < next*all) {
			continue
		}
		next = n*curvePoints/all + 1
		points = append(points, CurvePoint{
			Customers: float64(n) / float64(all), Lost: float64(caught) / float64(lost), Stayed: float64(n-caught) / float64(all-lost),
		})
	}
	return points
}
