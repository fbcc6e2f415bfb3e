package customerbase

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Concordance returns how often the one of two customers whose relationship ended first had the higher risk, where equal risks
// count half (Harrell and others 1982). Pairs count if it is known who ended first: one ended, and the other was still
// there then. The risks are those of the lifetimes in order. The error wraps ErrNoValue without such a pair.
func Concordance(lifetimes []Lifetime, risks []float64) (float64, error) {
	if len(lifetimes) != len(risks) {
		return 0, fmt.Errorf("concordance of %d lifetimes with %d risks: %w", len(lifetimes), len(risks), ErrArgument)
	}
	order := make([]int, len(lifetimes))
	for i, l := range lifetimes {
		if err := l.validate(); err != nil {
			return 0, err
		}
		if math.IsNaN(risks[i]) {
			return 0, fmt.Errorf("concordance with a risk of NaN: %w", ErrArgument)
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(lifetimes[b].Duration, lifetimes[a].Duration) })
	longer := newTally(risks)
	var halves, pairs int64
	for len(order) > 0 {
		same := 1
		for same < len(order) && lifetimes[order[same]].Duration == lifetimes[order[0]].Duration {
			same++
		}
		// Who was only observed until now was still there when the others ended.
		longer.addAll(order[:same], lifetimes, risks, false)
		for _, i := range order[:same] {
			if lifetimes[i].Ended {
				n := int64(lifetimes[i].Customers)
				below, equal := longer.count(risks[i])
				halves += n * (2*below + equal)
				pairs += n * longer.customers
			}
		}
		longer.addAll(order[:same], lifetimes, risks, true)
		order = order[same:]
	}
	if pairs == 0 {
		return 0, fmt.Errorf("concordance without a pair that can be compared: %w", ErrNoValue)
	}
	return float64(halves) / (2 * float64(pairs)), nil
}

// tally counts customers by risk in a Fenwick tree over the distinct risks.
type tally struct {
	risks     []float64
	tree      []int64
	customers int64
}

func newTally(risks []float64) *tally {
	distinct := slices.Compact(slices.Sorted(slices.Values(risks)))
	return &tally{risks: distinct, tree: make([]int64, len(distinct)+1)}
}

// addAll adds those of some customers who ended, or those who did not.
func (t *tally) addAll(of []int, lifetimes []Lifetime, risks []float64, ended bool) {
	for _, i := range of {
		if lifetimes[i].Ended != ended {
			continue
		}
		n := int64(lifetimes[i].Customers)
		t.customers += n
		at, _ := slices.BinarySearch(t.risks, risks[i])
		for k := at + 1; k < len(t.tree); k += k & -k {
			t.tree[k] += n
		}
	}
}

// count returns how many customers have a lower risk and how many the same.
func (t *tally) count(risk float64) (below, equal int64) {
	at, _ := slices.BinarySearch(t.risks, risk)
	below = t.upTo(at)
	return below, t.upTo(at+1) - below
}

// upTo returns the number of customers with one of the first n risks.
func (t *tally) upTo(n int) int64 {
	var sum int64
	for ; n > 0; n -= n & -n {
		sum += t.tree[n]
	}
	return sum
}
