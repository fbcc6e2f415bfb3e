package projections

import (
	"math"

	"github.com/rapport-crm/rapport/domain"
)

// window is a range of scores within which the warning stays as it is: from low on and below high.
type window struct{ low, high domain.Centipoints }

func (w window) holds(score domain.Centipoints) bool { return score >= w.low && score < w.high }

const (
	lowestScore  = domain.Centipoints(math.MinInt64)
	highestScore = domain.Centipoints(math.MaxInt64)
)

// window returns the scores around the given one within which the warning of the customer stays as it is, apart from the
// end of a dwell time.
func (f *Fold) window(c *Customer, score domain.Centipoints) window {
	w := c.lastWarning()
	switch {
	case w != nil && w.Ended == 0:
		return f.edges.around(score, w.Level)
	case w != nil && w.quiet:
		return window{f.edges.floor[domain.RiskWatch], f.edges.above(w.Level)}
	default:
		return window{lowestScore, f.edges.edge[domain.RiskWatch]}
	}
}

// around returns the scores around the given one between two floors of levels up to the given one, or up to the edge of the
// level above.
func (r *riskEdges) around(score domain.Centipoints, level domain.RiskLevel) window {
	w := window{lowestScore, r.above(level)}
	for l := domain.RiskWatch; l <= level; l++ {
		if score >= r.floor[l] {
			w.low = r.floor[l]
		} else {
			w.high = min(w.high, r.floor[l])
		}
	}
	return w
}

// above returns the edge of the next level.
func (r *riskEdges) above(level domain.RiskLevel) domain.Centipoints {
	if level == domain.RiskCritical {
		return highestScore
	}
	return r.edge[level+1]
}

// nextLook returns when the risk has to be looked at again if nothing happens: at the end of a dwell time, when a step
// is due because nobody answers, when silence shows a loss, or when the score leaves its window, which may be said too early. Zero means never.
// silent says that nothing happened at the instant.
func (f *Fold) nextLook(c *Customer, score domain.Centipoints, at, lossDue domain.Instant, silent bool) domain.Instant {
	due := lossDue
	if w := c.openWarning(); w != nil {
		if next := w.nextStep(); next != 0 && (due == 0 || next < due) {
			due = next
		}
		for _, below := range w.below {
			if end := below + f.edges.dwell; below != 0 && (due == 0 || end < due) {
				due = end
			}
		}
	}
	end := due
	if end == 0 {
		end = at + longestSilence
	}
	if leaves := f.leaves(c, f.window(c, score), at, end, silent); leaves != 0 {
		return leaves
	}
	return due
}

const (
	// longestSilence is how far ahead it is looked for a change: a customer of whom nothing is heard for that long stays as
	// the customer is.
	longestSilence = 36525 * domain.Day
	// mostProbes bounds the work of one look. What it did not find is left to the next one.
	mostProbes = 96
)

// leaves returns the first whole minute after from, and before end, at which the score of the customer is outside the
// window if nothing happens, or an earlier minute up to which it is not. It is zero when there is none.
//
// Mostly something happens before: when the score stays in the window for one and a half usual gaps, what happened leaves the
// rest to a later look. When it may not, it is content with a shorter time. Silence asks for the minute at once, in spans that
// grow.
func (f *Fold) leaves(c *Customer, w window, from, end domain.Instant, silent bool) domain.Instant {
	gap := f.usualGap(c)
	until := func(from, span domain.Instant) domain.Instant {
		return min(max(wholeMinute(from+span), nextMinute(from)), end)
	}
	to := until(from, gap+gap/2)
	stays := f.staysWithin(c, w, from, to)
	if !stays && !silent {
		to = until(from, gap/4)
		stays = f.staysWithin(c, w, from, to)
	}
	for stays && silent && to < end {
		from, to = to, until(to, 2*(to-from))
		stays = f.staysWithin(c, w, from, to)
	}
	if !stays {
		return f.leavesBy(c, w, from, to, end)
	}
	if next := nextMinute(to); next < end {
		return next
	}
	return 0
}

// leavesBy is leaves for a span in which the window may be left. The span is halved down to a minute.
func (f *Fold) leavesBy(c *Customer, w window, safe, to, end domain.Instant) domain.Instant {
	suspect, width := true, domain.Minute
	for range mostProbes {
		first := nextMinute(safe)
		switch {
		case first >= end:
			return 0
		case to <= first:
			if score, _ := f.score(c, first); !w.holds(score) {
				return first
			}
			// The bounds were too wide. What follows is tried in spans that grow.
			safe, suspect, width = first, false, 2*width
			to = min(safe+width, end)
		case !suspect && !f.staysWithin(c, w, safe, to):
			suspect = true
		case !suspect:
			safe, width = to, 2*width
			to = min(safe+width, end)
		default:
			middle := max(wholeMinute(safe+(to-safe)/2), first)
			if f.staysWithin(c, w, safe, middle) {
				safe = middle
			} else {
				to = middle
			}
		}
	}
	return nextMinute(safe)
}

// staysWithin reports whether the score, which is in the window at the first of two instants, surely stays in it until the
// second.
func (f *Fold) staysWithin(c *Customer, w window, from, to domain.Instant) bool {
	if f.onlyRises(c) {
		score, _ := f.score(c, to)
		return w.holds(score)
	}
	low, high := f.scoreWithin(c, from, to)
	return w.holds(low) && w.holds(high)
}

// onlyRises reports whether nothing fades in the score of the customer: what is measured by the time that passes rises, so that
// the end of a span tells of all of it.
func (f *Fold) onlyRises(c *Customer) bool {
	return c.Satisfaction == nil && c.Risk.signalCount() == 0 && !f.learns()
}

// usualGap returns the usual gap of the customer, at least a minute.
func (f *Fold) usualGap(c *Customer) domain.Instant {
	gap := f.policy.Lifecycle.UsualGap(c.Trade.gaps())
	return max(domain.Instant(gap.Days)*domain.Day/domain.Instant(gap.Over), domain.Minute)
}

// wholeMinute returns the whole minute at or before the instant, nextMinute the first one after it.
func wholeMinute(at domain.Instant) domain.Instant { return at - at%domain.Minute }
func nextMinute(at domain.Instant) domain.Instant  { return wholeMinute(at) + domain.Minute }
