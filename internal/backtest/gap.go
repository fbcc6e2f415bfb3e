package backtest

import (
	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
)

// gap is a time without a purchase after a day with one.
type gap struct {
	// repeats is the number of repeat occasions before it, and last the days from the first to the last of them.
	repeats int
	last    float64
	// length is in days: to the next occasion, or to the end of the log.
	length float64
	// from is the instant of the last purchase before it, to that of the next one or the end of the log.
	life     *life
	from, to domain.Instant
	// weight is the share of one false alarm in the number for each customer and year.
	weight float64
}

// gapTable holds the gaps that count.
type gapTable struct {
	survived, lapsed []gap
}

// newGapTable finds the gaps up to the end of the log.
func newGapTable(lives []*life, end domain.Date, now domain.Instant, lapse int) gapTable {
	var t gapTable
	observed := 0
	for _, l := range lives {
		n := len(l.occasions)
		if n <= leastRepeats {
			continue
		}
		weight := 0.0
		if days := int(end - l.occasions[leastRepeats].day); days >= lapse {
			weight = 365.25 / float64(days)
			observed++
		}
		for i := leastRepeats; i < n; i++ {
			o := l.occasions[i]
			g := gap{repeats: i, last: float64(o.day - l.occasions[0].day), life: l, from: o.at, to: now, weight: weight}
			if i+1 < n {
				g.length, g.to = float64(l.occasions[i+1].day-o.day), l.occasions[i+1].at
				t.survived = append(t.survived, g)
			} else if g.length = float64(end - o.day); g.length >= float64(lapse) {
				t.lapsed = append(t.lapsed, g)
			}
		}
	}
	for i := range t.survived {
		t.survived[i].weight /= float64(max(observed, 1))
	}
	return t
}

// after returns the history of the customer after so many days of the gap.
func (g *gap) after(silence float64) customerbase.History {
	return customerbase.History{Repeats: g.repeats, Last: g.last / daysOfWeek, Age: (g.last + silence) / daysOfWeek}
}

// alarmed returns the days of the gap after which a warning was open, never if none was.
func (g *gap) alarmed(open []episode) float64 {
	for _, e := range open {
		if e.from < g.to && (e.to == 0 || e.to > g.from) {
			return float64(max(e.from-g.from, 0)) / float64(domain.Day)
		}
	}
	return never
}
