package customerbase

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Group is a number of customers with the same history.
type Group struct {
	History
	Customers int
}

// Sample is a set of customers with equal histories counted together, which is how a likelihood is evaluated: a customer
// base has far fewer histories than customers, and fewer moments than histories. A Sample does not change.
type Sample struct {
	groups []Group
	places []places
	counts []int
	times  []float64
	plans  []rungs
}

// places says where the parts of a group's history are among the distinct counts and times.
type places struct{ count, last, age int }

// NewSample adds up groups. The order of its arguments does not matter. It returns an error for a group that is no
// history or has no customers, and for no groups at all.
func NewSample(groups []Group) (*Sample, error) {
	if len(groups) == 0 {
		return nil, fmt.Errorf("a sample of no customers: %w", ErrArgument)
	}
	sorted := slices.Clone(groups)
	slices.SortFunc(sorted, func(a, b Group) int { return compareHistories(a.History, b.History) })
	s := &Sample{}
	for _, g := range sorted {
		if err := g.Validate(); err != nil {
			return nil, err
		}
		if g.Customers <= 0 {
			return nil, fmt.Errorf("a group of %d customers: %w", g.Customers, ErrArgument)
		}
		if n := len(s.groups); n > 0 && s.groups[n-1].History == g.History {
			s.groups[n-1].Customers += g.Customers
			continue
		}
		s.groups = append(s.groups, g)
		s.counts = append(s.counts, g.Repeats)
		s.times = append(s.times, g.Last, g.Age)
	}
	s.index()
	return s, nil
}

func compareHistories(a, b History) int {
	return cmp.Or(cmp.Compare(a.Repeats, b.Repeats), cmp.Compare(a.Last, b.Last), cmp.Compare(a.Age, b.Age))
}

// index finds the distinct counts and times and the place of each group among them, and plans integrals over them.
func (s *Sample) index() {
	slices.Sort(s.counts)
	s.counts = slices.Compact(s.counts)
	slices.Sort(s.times)
	s.times = slices.Compact(s.times)
	for _, g := range s.groups {
		count, _ := slices.BinarySearch(s.counts, g.Repeats)
		last, _ := slices.BinarySearch(s.times, g.Last)
		age, _ := slices.BinarySearch(s.times, g.Age)
		s.places = append(s.places, places{count, last, age})
	}
	s.plans = s.ladders()
}

// Groups yields the distinct histories in order: by repeats, then last, then age.
func (s *Sample) Groups() iter.Seq[Group] { return slices.Values(s.groups) }

// Customers returns the number of customers.
func (s *Sample) Customers() int { return s.count(func(Group) bool { return true }) }

// RepeatBuyers returns the number of customers with at least one repeat purchase.
func (s *Sample) RepeatBuyers() int { return s.count(func(g Group) bool { return g.Repeats > 0 }) }

func (s *Sample) count(keep func(Group) bool) int {
	n := 0
	for _, g := range s.groups {
		if keep(g) {
			n += g.Customers
		}
	}
	return n
}

// MaxAge returns the longest time for which a customer was observed.
func (s *Sample) MaxAge() float64 { return s.times[len(s.times)-1] }

// MeanRate returns the repeat purchases of all customers for each unit of time observed; 0 if none was observed at all.
func (s *Sample) MeanRate() float64 {
	var repeats, time stablemath.Sum
	for _, g := range s.groups {
		repeats.Add(float64(g.Customers * g.Repeats))
		time.Add(float64(g.Customers) * g.Age)
	}
	if time.Value() == 0 {
		return 0
	}
	return repeats.Value() / time.Value()
}

// parts hold what a likelihood needs of one count or one moment, calculated once for all histories that share it.
type parts [3]float64

// total adds the log-likelihood of every customer, where join makes that of a history out of the parts of its repeats, of
// its last purchase and of its age.
func (s *Sample) total(ofCount func(x float64) parts, ofTime func(t float64) parts, join func(count, last, age parts) float64) float64 {
	counts := make([]parts, len(s.counts))
	for i, x := range s.counts {
		counts[i] = ofCount(float64(x))
	}
	times := make([]parts, len(s.times))
	for i, t := range s.times {
		times[i] = ofTime(t)
	}
	var sum stablemath.Sum
	for i, p := range s.places {
		sum.Add(float64(s.groups[i].Customers) * join(counts[p.count], times[p.last], times[p.age]))
	}
	return sum.Value()
}
