package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// changeLosses replaces the steps by what change makes of them, and brings the counts and the cases along.
func (c *Customer) changeLosses(now domain.Instant, out *Effects, change func([]lossStep) []lossStep) {
	var before Losses
	if x := c.losses(); x != nil {
		before = *x
	}
	after := Losses{steps: change(before.steps), settled: max(before.settled, now)}
	was, is := walkLosses(before.steps, before.settled), walkLosses(after.steps, after.settled)
	for _, l := range was {
		l.count(-1, out)
		out.touch(c, CaseLoss, l.id)
	}
	for _, l := range is {
		l.count(1, out)
		out.touch(c, CaseLoss, l.id)
	}
	after.steps = forgetLosses(after.steps, is)
	after.settle()
	c.risk().Losses = &after
}

// settle brings what follows from the steps along.
func (x *Losses) settle() {
	x.lost, x.timer, x.quiet, x.since = false, 0, 0, 0
	for _, l := range walkLosses(x.steps, x.settled) {
		x.lost, x.since, x.quiet = l.ended == 0, l.at, max(x.quiet, l.ended+l.opening.window)
		if due := l.windowEnd(); l.outcome() == WinBackRunning && (x.timer == 0 || due < x.timer) {
			x.timer = due
		}
	}
}

// insertLossStep returns the steps with one more in its place. Steps of one instant are in the order of kind and event, so
// that the order of recording does not show.
func insertLossStep(steps []lossStep, s lossStep) []lossStep {
	i, _ := slices.BinarySearchFunc(steps, s, func(a, b lossStep) int { return a.compare(&b) })
	return slices.Insert(slices.Clone(steps), i, s)
}

// disproved returns the steps without the inferred losses before which the customer was heard of after all, at the given
// instant.
func disproved(steps []lossStep, heard domain.Instant) []lossStep {
	return slices.DeleteFunc(slices.Clone(steps), func(s lossStep) bool {
		return s.kind == stepInferred && s.opening.silentSince < heard && heard < s.at
	})
}

// countBefore returns the steps with a purchase or a return of goods added to what the customer was worth at the losses
// after it.
func countBefore(steps []lossStep, s *lossStep) []lossStep {
	if s.currency == "" {
		return steps
	}
	steps = slices.Clone(steps)
	for i := range steps {
		if o := steps[i].opening; o != nil && s.at < steps[i].at {
			worth := *o
			worth.worth = addAmount(slices.Clone(o.worth), s.currency, s.signed())
			steps[i].opening = &worth
		}
	}
	return steps
}

// withoutLateTrade returns the steps with no more than mostLossPurchases signs of life and returns of goods of each loss: the
// earliest, of which the first ends the loss.
func withoutLateTrade(steps []lossStep) []lossStep {
	gone := make(map[int]bool)
	for _, l := range walkLosses(steps, 0) {
		n := 0
		for _, i := range l.steps {
			if k := steps[i].kind; k.signOfLife() || k == stepGaveBack {
				if n++; n > mostLossPurchases {
					gone[i] = true
				}
			}
		}
	}
	return leaveOut(steps, gone)
}

// leaveOut returns the steps but those at the given places.
func leaveOut(steps []lossStep, gone map[int]bool) []lossStep {
	if len(gone) == 0 {
		return steps
	}
	kept := make([]lossStep, 0, len(steps)-len(gone))
	for i := range steps {
		if !gone[i] {
			kept = append(kept, steps[i])
		}
	}
	return kept
}

// forgetLosses returns the steps without those of the earliest losses beyond mostLosses, and without the earliest of too
// many that wait for a first one.
func forgetLosses(steps []lossStep, losses []*loss) []lossStep {
	if len(losses) == 0 {
		return slices.Clone(steps[max(0, len(steps)-mostEarlySteps):])
	}
	if len(losses) <= mostLosses {
		return steps
	}
	gone := make(map[int]bool)
	for _, l := range losses[:len(losses)-mostLosses] {
		for _, i := range l.steps {
			gone[i] = true
		}
	}
	return leaveOut(steps, gone)
}
