package customerbase

import "fmt"

// History is all that the purchase models need of a customer, counted from the first purchase, which starts the clock and
// is not a repeat purchase.
type History struct {
	// Repeats is the number of repeat purchases, x in the literature.
	Repeats int
	// Last is the time of the last repeat purchase, t_x in the literature; 0 without one.
	Last float64
	// Age is how long the customer was observed, T in the literature. The silence is Age - Last.
	Age float64
}

// Validate returns an error unless the history is possible: 0 <= Last <= Age, and Last is 0 exactly when there is no repeat.
func (h History) Validate() error {
	if err := notNegative("age", h.Age); err != nil {
		return err
	}
	switch {
	case h.Repeats < 0:
		return fmt.Errorf("%d repeat purchases: %w", h.Repeats, ErrArgument)
	case !(h.Last >= 0) || h.Last > h.Age:
		return fmt.Errorf("last purchase at %v of an age of %v: %w", h.Last, h.Age, ErrArgument)
	case (h.Repeats == 0) != (h.Last == 0):
		return fmt.Errorf("%d repeat purchases with the last at %v: %w", h.Repeats, h.Last, ErrArgument)
	}
	return nil
}

// HistoryOfDays returns the history of a customer who bought on the given days, in units of so many days (7 for weeks), as
// known at the end of the day until. Days are counted from any origin and in order; several purchases on a day count
// once, and days after until are left out. It reports false if none is left.
func HistoryOfDays(days []int, until int, unit float64) (History, bool) {
	repeats, last := -1, 0
	for _, day := range days {
		if day > until {
			break
		}
		if repeats < 0 || day != last {
			repeats++
		}
		last = day
	}
	if repeats < 0 {
		return History{}, false
	}
	first := days[0]
	return History{Repeats: repeats, Last: float64(last-first) / unit, Age: float64(until-first) / unit}, true
}
