package backtest

import (
	"sort"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
)

// daysOfWeek is the unit of purchase models.
const daysOfWeek = 7

// customer is what is known of a buyer at the end of a day, the origin, and what came after.
type customer struct {
	id string
	// history counts weeks from the day of the first purchase to the origin.
	history customerbase.History
	// silent are the days since the last purchase, spent the amount of all purchases and again that of those after the
	// first day.
	silent       int
	spent, again float64
	// later are the occasions within the horizon, laterSpent their amount; lost says that there is none.
	later      int
	laterSpent float64
	lost       bool
}

// at splits the life at the end of a day. It is false for those who had not bought yet.
func (l *life) at(origin domain.Date, horizon int) (customer, bool) {
	n := sort.Search(len(l.occasions), func(i int) bool { return l.occasions[i].day > origin })
	if n == 0 {
		return customer{}, false
	}
	first, last := l.occasions[0].day, l.occasions[n-1].day
	c := customer{id: l.id, silent: int(origin - last)}
	c.history = customerbase.History{
		Repeats: n - 1, Last: float64(last-first) / daysOfWeek, Age: float64(origin-first) / daysOfWeek,
	}
	for i, o := range l.occasions {
		switch {
		case i < n:
			c.spent += o.amount
			if i > 0 {
				c.again += o.amount
			}
		case int(o.day-origin) <= horizon:
			c.later++
			c.laterSpent += o.amount
		}
	}
	c.lost = c.later == 0
	return c, true
}

// knownAt returns the buyers that are known at the end of a day, in the order of lives.
func knownAt(lives []*life, origin domain.Date, horizon int) []*customer {
	var known []*customer
	for _, l := range lives {
		if c, ok := l.at(origin, horizon); ok {
			known = append(known, &c)
		}
	}
	return known
}
