package evaluation

import (
	"cmp"
	"slices"
)

// rank counts the customers with the same score.
type rank struct{ lost, stayed int64 }

// order holds the customers by score, the highest first.
type order []rank

// newOrder sorts a copy of the outcomes.
func newOrder(outcomes []Outcome) order {
	sorted := slices.Clone(outcomes)
	slices.SortFunc(sorted, func(a, b Outcome) int { return cmp.Compare(b.Score, a.Score) })
	var o order
	for i, c := range sorted {
		if i == 0 || c.Score != sorted[i-1].Score {
			o = append(o, rank{})
		}
		last := &o[len(o)-1]
		if c.Lost {
			last.lost++
		} else {
			last.stayed++
		}
	}
	return o
}

// total returns the sums over all ranks.
func (o order) total() rank {
	var sum rank
	for _, r := range o {
		sum.lost += r.lost
		sum.stayed += r.stayed
	}
	return sum
}

// ranking measures the order, without intervals.
func (o order) ranking(shares []float64) Ranking {
	all := o.total()
	n := all.lost + all.stayed
	r := Ranking{Customers: int(n), Lost: int(all.lost), BaseRate: ratio(float64(all.lost), float64(n)), Top: []Top{}}
	if area, ok := o.area(all); ok {
		r.AUC = &Figure{Value: area}
	}
	for _, share := range shares {
		r.Top = append(r.Top, o.top(all, share))
	}
	return r
}

// area returns the share of pairs of a lost customer and one who stayed in which the lost one is ahead. It counts in whole
// half pairs, so the sum is exact. It reports false without a pair.
func (o order) area(all rank) (float64, bool) {
	var halves, ahead int64
	for _, r := range o {
		halves += r.stayed * (2*ahead + r.lost)
		ahead += r.lost
	}
	pairs := all.lost * all.stayed
	if pairs == 0 {
		return 0, false
	}
	return float64(halves) / (2 * float64(pairs)), true
}

// top describes the first customers, with the last score that fits in part.
func (o order) top(all rank, share float64) Top {
	n := float64(all.lost + all.stayed)
	t := Top{Share: share, Customers: float64(share * n)}
	rest := t.Customers
	for _, r := range o {
		size := float64(r.lost + r.stayed)
		if size >= rest {
			if size > 0 {
				t.Lost += float64(float64(r.lost) * (rest / size))
			}
			break
		}
		t.Lost += float64(r.lost)
		rest -= size
	}
	t.Precision = ratio(t.Lost, t.Customers)
	t.Recall = ratio(t.Lost, float64(all.lost))
	if all.lost > 0 {
		t.Lift = &Figure{Value: *t.Precision / (float64(all.lost) / n)}
	}
	return t
}
