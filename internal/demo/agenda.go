package demo

import (
	"container/heap"

	"github.com/rapport-crm/rapport/domain"
)

// agenda is what is going to happen, by time. Steps of one instant are taken in the order in which they were put on.
type agenda struct {
	now   domain.Instant
	steps steps
	count uint64
}

// step is one entry of the agenda.
type step struct {
	at    domain.Instant
	order uint64
	do    func()
}

// at puts a step on the agenda; one that lies in the past happens now.
func (a *agenda) at(at domain.Instant, do func()) {
	a.count++
	heap.Push(&a.steps, step{at: max(at, a.now), order: a.count, do: do})
}

// next takes the earliest step and does it. It reports whether there was one.
func (a *agenda) next() bool {
	if len(a.steps) == 0 {
		return false
	}
	s := heap.Pop(&a.steps).(step)
	a.now = s.at
	s.do()
	return true
}

// steps is a heap.Interface.
type steps []step

func (s steps) Len() int { return len(s) }

func (s steps) Less(i, j int) bool {
	if s[i].at != s[j].at {
		return s[i].at < s[j].at
	}
	return s[i].order < s[j].order
}

func (s steps) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

func (s *steps) Push(x any) { *s = append(*s, x.(step)) }

func (s *steps) Pop() any {
	old := *s
	last := old[len(old)-1]
	old[len(old)-1] = step{}
	*s = old[:len(old)-1]
	return last
}

// The dealers are open every day from nine to six in their zone, which has no summer time.
const (
	zoneOffset = 8 * domain.Hour
	opens      = 9 * domain.Hour
	closes     = 18 * domain.Hour
)

// opening returns at, or for an instant at which the dealers are closed one within the first two hours of the next
// time they are open.
func opening(at domain.Instant, d *dice) domain.Instant {
	clock := (at + zoneOffset) % domain.Day
	switch {
	case clock < opens:
		return at - clock + opens + d.between(0, 2*domain.Hour)
	case clock >= closes:
		return at - clock + domain.Day + opens + d.between(0, 2*domain.Hour)
	}
	return at
}
