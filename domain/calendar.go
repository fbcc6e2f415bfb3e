package domain

import (
	"slices"
	"time"
)

// Calendar is the working time of a firm: which spans of which days count. It is made by ParsePolicy from the section
// calendar of a policy and the policy's time zone, is never changed, and may be shared.
//
// A span is written in local time and counts by the time that really passes: it begins at the first instant at which
// the local clock has reached its start, and ends at the first instant at which the clock has reached its end. So an
// hour that the clocks skip is no working time, and an hour that they repeat counts twice when a span covers it.
type Calendar struct {
	zone     *time.Location
	week     [7]dayHours // by time.Weekday
	weekTime Instant     // the working time of a week without exceptions, more than zero
	except   []exception // in the order of their dates
}

// dayHours are the spans of a day, in order and apart from each other. A day without spans is free.
type dayHours []span

// span is a length of local time, from and to counted from midnight by the clock.
type span struct{ from, to Instant }

// exception is a date with other hours than its weekday.
type exception struct {
	date  Date
	hours dayHours
}

// time returns the working time of a day on which the clocks are not changed.
func (h dayHours) time() Instant {
	var sum Instant
	for _, s := range h {
		sum += s.to - s.from
	}
	return sum
}

// hours returns the spans of a date.
func (c *Calendar) hours(d Date) dayHours {
	if i, found := c.search(d); found {
		return c.except[i].hours
	}
	return c.week[d.weekday()]
}

// search returns the index of the first exception on d or later, and whether it is on d.
func (c *Calendar) search(d Date) (int, bool) {
	return slices.BinarySearchFunc(c.except, d, func(e exception, d Date) int { return int(e.date) - int(d) })
}

// place returns a span of date d as instants. They are equal when the clocks skip the whole span.
func (c *Calendar) place(d Date, s span) (from, to Instant) {
	return reached(c.zone, d, s.from), reached(c.zone, d, s.to)
}

// Working reports whether at is working time. A span includes its first instant and excludes its last.
func (c *Calendar) Working(at Instant) bool {
	first := DateOf(at, c.zone)
	// Where the clocks are set back over midnight, the next day has begun before the old one is over.
	for d := first; d <= first+1; d++ {
		for _, s := range c.hours(d) {
			if from, to := c.place(d, s); from <= at && at < to {
				return true
			}
		}
	}
	return false
}

// DayOff reports whether a date has no working time by what the calendar says of it.
func (c *Calendar) DayOff(d Date) bool { return len(c.hours(d)) == 0 }

// Between returns the working time from a to b. It is negative when b is before a.
func (c *Calendar) Between(a, b Instant) Instant {
	if b < a {
		return -c.Between(b, a)
	}
	var sum Instant
	first, last := DateOf(a, c.zone), DateOf(b, c.zone)
	for d := first; d <= last+1; d++ {
		if d > first+1 && d+7 <= last {
			weeks := min(c.quietWeeks(d), int64(last-d)/7)
			sum += Instant(weeks) * c.weekTime
			d += Date(7 * weeks)
		}
		for _, s := range c.hours(d) {
			from, to := c.place(d, s)
			sum += max(0, min(to, b)-max(from, a))
		}
	}
	return sum
}

// Add returns the first instant at which the given working time has passed since start, so that Between(start, Add(start,
// work)) is work. Work that ends with a span ends at the end of that span, not at the start of the next. Work that is
// not positive gives start. The result is never after the start of the year 2200, where the times of events end, unless
// start is.
func (c *Calendar) Add(start, work Instant) Instant {
	if work <= 0 {
		return start
	}
	first, end := DateOf(start, c.zone), DateOf(maxTime, c.zone)
	for d := first; d <= end; d++ {
		if d > first+1 && work > c.weekTime {
			weeks := min(c.quietWeeks(d), int64(end-d)/7, int64((work-1)/c.weekTime))
			work -= Instant(weeks) * c.weekTime
			d += Date(7 * weeks)
		}
		for _, s := range c.hours(d) {
			from, to := c.place(d, s)
			from = max(from, start)
			if to-from >= work {
				return max(start, min(from+work, maxTime))
			}
			work -= max(0, to-from)
		}
	}
	return max(start, maxTime)
}

// quietWeeks returns how many whole weeks from d on have neither exceptions nor changes of the clocks.
func (c *Calendar) quietWeeks(d Date) int64 {
	end := steadyUntil(c.zone, d)
	if i, _ := c.search(d); i < len(c.except) {
		end = min(end, c.except[i].date)
	}
	return max(0, int64(end)-int64(d)) / 7
}
