package demo

import (
	"math/bits"
	"math/rand/v2"

	"github.com/rapport-crm/rapport/domain"
)

// dice draws the chances of one customer or dealer. Every draw is a whole number computed from 64 random bits by a
// multiplication, which is the same on every machine.
type dice struct{ pcg rand.PCG }

// newDice returns the dice of the n-th holder of the given kind.
func newDice(seed uint64, kind, n uint64) dice {
	var d dice
	// The odd constant spreads neighbouring numbers over all bits of the seed.
	d.pcg.Seed(seed, (n<<8|kind)*0x9e3779b97f4a7c15)
	return d
}

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int {
	high, _ := bits.Mul64(d.pcg.Uint64(), uint64(n))
	return int(high)
}

// of returns a number from low to high, both included.
func (d *dice) of(low, high int) int { return low + d.below(high-low+1) }

// chance reports true in the given number of cases of a thousand.
func (d *dice) chance(permille int) bool { return d.below(1000) < permille }

// between returns a length of time from low to high in whole seconds.
func (d *dice) between(low, high domain.Instant) domain.Instant {
	return low + domain.Instant(d.below(int((high-low)/domain.Second)+1))*domain.Second
}

// about returns a length of time around a number of days: the mean of two draws from 70 % to 130 % of it.
func (d *dice) about(days int) domain.Instant {
	mean := domain.Instant(days) * domain.Day
	return (d.between(mean*7/10, mean*13/10) + d.between(mean*7/10, mean*13/10)) / 2 / domain.Second * domain.Second
}

// pick returns one of the given values.
func pick[T any](d *dice, values ...T) T { return values[d.below(len(values))] }
