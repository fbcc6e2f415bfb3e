package valuation

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Ranking is customers in the order of their values. Only positive values are ranked: who brought nothing, or took back more
// than they paid, has no share of the whole. A Ranking does not change.
type Ranking struct {
	// values are those of the customers, the highest first.
	values []int64
	total  int64
}

// NewRanking ranks the values, in any order. It keeps the slice and sorts it.
func NewRanking(values []int64) *Ranking {
	values = slices.DeleteFunc(values, func(v int64) bool { return v <= 0 })
	slices.SortFunc(values, func(a, b int64) int { return cmp.Compare(b, a) })
	r := &Ranking{values: values}
	for _, v := range values {
		r.total = domain.AddMinor(r.total, v)
	}
	return r
}

// Customers returns how many customers are ranked.
func (r *Ranking) Customers() int { return len(r.values) }

// Total returns the sum of their values.
func (r *Ranking) Total() int64 { return r.total }

// Class is the customers of one class of the ABC analysis.
type Class struct {
	Customers int64
	// Value is the sum of their values, Least the lowest of them; zero for no customers.
	Value int64
	Least int64
}

// Classes returns the classes with the given ascending shares, the last of which is 1: a customer is in the first class whose
// share of the whole the customers of higher value do not reach. The customer with whom a share is crossed is in the
// higher class, and customers of the same value are in the same one.
func (r *Ranking) Classes(shares []float64) []Class {
	classes := make([]Class, len(shares))
	var before, sum, same int64
	class := 0
	for _, v := range r.values {
		if v != same {
			before, same = sum, v
		}
		for class < len(shares)-1 && float64(before) >= shares[class]*float64(r.total) {
			class++
		}
		k := &classes[class]
		k.Customers, k.Value, k.Least = k.Customers+1, domain.AddMinor(k.Value, v), v
		sum = domain.AddMinor(sum, v)
	}
	return classes
}

// Least returns the least values of all classes but the last, for use as thresholds: an empty class has that of the class
// before it, so that nobody reaches it. It is nil when nobody is ranked.
func (r *Ranking) Least(shares []float64) []int64 {
	if len(r.values) == 0 {
		return nil
	}
	least := make([]int64, len(shares)-1)
	classes := r.Classes(shares)
	for i := range least {
		least[i] = classes[i].Least
		if classes[i].Customers == 0 && i > 0 {
			least[i] = least[i-1]
		}
	}
	return least
}

// ClassOf returns the place of the class of a value among those with the given least values: the first that it reaches, or
// the one after them.
func ClassOf(value int64, least []int64) int {
	for i, l := range least {
		if value >= l {
			return i
		}
	}
	return len(least)
}

// Top returns the share of the whole that a share of the customers holds: as many whole customers as fit into it, those with
// the highest values, and at least one. It is false when nobody is ranked.
func (r *Ranking) Top(share float64) (float64, bool) {
	if len(r.values) == 0 {
		return 0, false
	}
	n := min(max(int(math.Floor(share*float64(len(r.values)))), 1), len(r.values))
	var sum int64
	for _, v := range r.values[:n] {
		sum += v
	}
	return float64(sum) / float64(r.total), true
}

// Gini returns Gini's coefficient of the values: 0 when all are equal, near 1 when one customer holds nearly all. With the
// values ascending it is 2 Σ i·v / (n Σ v) - (n+1)/n. It is false when nobody is ranked.
func (r *Ranking) Gini() (float64, bool) {
	n := float64(len(r.values))
	if n == 0 {
		return 0, false
	}
	var sum stablemath.Sum
	for i, v := range r.values {
		sum.Add(float64((n - float64(i)) * float64(v)))
	}
	return 2*sum.Value()/(n*float64(r.total)) - (n+1)/n, true
}

// Herfindahl returns the sum of the squared shares of all customers, the usual measure of how much depends on few: 1 when it
// is one customer, 1/n when n are equal. It is false when nobody is ranked.
func (r *Ranking) Herfindahl() (float64, bool) {
	if len(r.values) == 0 {
		return 0, false
	}
	var sum stablemath.Sum
	for _, v := range r.values {
		share := float64(v) / float64(r.total)
		sum.Add(float64(share * share))
	}
	return sum.Value(), true
}

// From returns the sum of the values that are at least the given one.
func (r *Ranking) From(value int64) int64 {
	n := sort.Search(len(r.values), func(i int) bool { return r.values[i] < value })
	var sum int64
	for _, v := range r.values[:n] {
		sum += v
	}
	return sum
}
