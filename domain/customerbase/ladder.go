package customerbase

import (
	"cmp"
	"slices"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Under Pareto/NBD every history of a sample needs the integral of powers from its last purchase to its age. Histories in
// days share their moments, so the integrals with the same number of repeats are sums of the same small pieces between
// neighbouring moments: a ladder, whose rungs are calculated once.

// rungs is how the integrals of all groups with the same number of repeats are found.
type rungs struct {
	// groups are their places in the sample, by age and then by last purchase, the latest first.
	groups []int
	// low and high are the first and the last of the moments between which they lie.
	low, high int
	// dense says that the ladder takes less work than an integral for each group. It does not if histories share few moments.
	dense bool
}

// Work of the parts of an integral, in evaluations of an exponential.
const (
	workOfIntegral = 40
	workOfRung     = 1 + len(nodes)
	stepsOfWork    = 8
)

// nodes are those of the Gauss-Legendre rule of four points on [0, 1] with their weights.
var nodes = [4]struct{ at, weight float64 }{
	{0.06943184420297371, 0.17392742256872693},
	{0.33000947820757187, 0.32607257743127307},
	{0.6699905217924281, 0.32607257743127307},
	{0.9305681557970262, 0.17392742256872693},
}

// For four points to give 13 digits, the integrand may fall by no more than rungDecay powers of e from one moment to the
// next, and alpha + t and beta + t, which are the distances to where it is infinite, may not grow by more than rungGrowth.
const rungDecay, rungGrowth = 0.3, 0.1

// ladders plans the integrals of the groups for each number of repeats. Groups must be in order.
func (s *Sample) ladders() []rungs {
	plans := make([]rungs, len(s.counts))
	for i, p := range s.places {
		plans[p.count].groups = append(plans[p.count].groups, i)
	}
	for n := range plans {
		plan := &plans[n]
		slices.SortFunc(plan.groups, func(a, b int) int {
			return cmp.Or(cmp.Compare(s.places[a].age, s.places[b].age), cmp.Compare(s.places[b].last, s.places[a].last))
		})
		plan.low = len(s.times)
		steps := 0
		for i, g := range plan.groups {
			p := s.places[g]
			plan.low, plan.high = min(plan.low, p.last), max(plan.high, p.age)
			if i+1 == len(plan.groups) || s.places[plan.groups[i+1]].age != p.age {
				steps += p.age - p.last
			}
		}
		plan.dense = workOfRung*(plan.high-plan.low)+steps/stepsOfWork < workOfIntegral*len(plan.groups)
	}
	return plans
}

// ladder holds what the rungs for all numbers of repeats share.
type ladder struct {
	sample *Sample
	// at holds log(alpha + t) and log(beta + t) for each moment, and inside how much more they are at the nodes after it.
	at     []parts
	inside [][len(nodes)]parts
}

func (m ParetoNBD) newLadder(s *Sample) ladder {
	l := ladder{sample: s, at: make([]parts, len(s.times))}
	for i, t := range s.times {
		l.at[i] = m.ofTime(t)
	}
	if !slices.ContainsFunc(s.plans, func(p rungs) bool { return p.dense }) {
		return l
	}
	l.inside = make([][len(nodes)]parts, len(s.times)-1)
	for i, t := range s.times[:len(l.inside)] {
		width := s.times[i+1] - t
		for j, n := range nodes {
			d := float64(width * n.at)
			l.inside[i][j] = parts{stablemath.Log1p(d / (m.Alpha + t)), stablemath.Log1p(d / (m.Beta + t))}
		}
	}
	return l
}

// logIntegrals returns the logarithm of the integral for each group of the sample.
func (m ParetoNBD) logIntegrals(l ladder) []float64 {
	logs := make([]float64, len(l.sample.groups))
	for n, plan := range l.sample.plans {
		w := powers{m.R + float64(l.sample.counts[n]), m.S + 1, m.Alpha, m.Beta}
		if plan.dense {
			l.climb(w, plan, logs)
			continue
		}
		for _, g := range plan.groups {
			p := l.sample.places[g]
			logs[g] = w.logIntegral(l.at[p.last], l.at[p.age])
		}
	}
	return logs
}

// climb finds the integrals of groups with the same number of repeats. The integral from a moment to an age, divided by the
// integrand at the moment, is the piece up to the next moment plus the integral from there times what is left of the integrand
// there. All of it is positive, and nothing leaves the range.
func (l ladder) climb(w powers, plan rungs, logs []float64) {
	pieces, left := make([]float64, plan.high), make([]float64, plan.high)
	for k := plan.low; k < plan.high; k++ {
		pieces[k], left[k] = l.rung(w, k)
	}
	age, moment, sum := -1, 0, 0.0
	for _, g := range plan.groups {
		p := l.sample.places[g]
		if p.age != age {
			age, moment, sum = p.age, p.age, 0
		}
		for moment > p.last {
			moment--
			sum = pieces[moment] + float64(left[moment]*sum)
		}
		logs[g] = stablemath.Log(sum) + w.log(l.at[p.last])
	}
}

// rung returns the integral from a moment to the next, divided by the integrand at the moment, and what is left of the
// integrand at the next.
func (l ladder) rung(w powers, k int) (piece, left float64) {
	fall := w.log(l.at[k]) - w.log(l.at[k+1])
	left = stablemath.Exp(-fall)
	growth := max(l.at[k+1][0]-l.at[k][0], l.at[k+1][1]-l.at[k][1])
	if !(fall <= rungDecay && growth <= rungGrowth) {
		return stablemath.Exp(w.logIntegral(l.at[k], l.at[k+1]) - w.log(l.at[k])), left
	}
	for j, n := range nodes {
		piece += float64(n.weight * stablemath.Exp(w.log(l.inside[k][j])))
	}
	return piece * (l.sample.times[k+1] - l.sample.times[k]), left
}

// log returns the logarithm of the integrand where the logarithms of alpha + u and beta + u are given.
func (w powers) log(at parts) float64 { return -float64(w.p*at[0]) - float64(w.q*at[1]) }
