package domain

import (
	"math"
	"time"
)

// greatestShift is more than the clocks of any zone have ever been off UTC, or been changed at once: a day at most.
const greatestShift = 26 * Hour

// zonePeriod is a time during which the clocks of a zone are not changed.
type zonePeriod struct {
	start, end Instant
	offset     Instant // what the clocks show is UTC plus offset
}

// periodAt returns the period of a zone that the given instant lies in.
func periodAt(zone *time.Location, at Instant) zonePeriod {
	t := time.UnixMicro(at.UnixMicro()).In(zone)
	_, seconds := t.Zone()
	p := zonePeriod{start: math.MinInt64, end: math.MaxInt64, offset: Instant(seconds) * Second}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		p.start = InstantOf(start)
	}
	if !end.IsZero() {
		p.end = InstantOf(end)
	}
	return p
}

// reached returns the first instant at which the clocks of a zone show the given time of the given date, or a later
// one. The order of the instants is that of what the clocks show, also where the clocks are changed.
func reached(zone *time.Location, d Date, clock Instant) Instant {
	shown := d.utc() + clock
	at := shown - greatestShift
	for {
		p := periodAt(zone, at)
		// What the period begins with may already be later than what is looked for.
		if first := max(at, shown-p.offset); first < p.end {
			return first
		}
		at = p.end
	}
}

// steadyUntil returns a date that is not before d, such that the clocks of a zone show every time of every date from d
// up to it, itself excluded, once and without a gap.
func steadyUntil(zone *time.Location, d Date) Date {
	p := periodAt(zone, d.utc())
	if p.start != math.MinInt64 && d.utc()-p.offset < p.start+greatestShift {
		return d
	}
	if p.end == math.MaxInt64 {
		return math.MaxInt32
	}
	return max(d, Date(floorDiv(int64(p.end+p.offset-unixEpoch)-1, int64(Day))))
}

// utc returns midnight of d in UTC.
func (d Date) utc() Instant { return unixEpoch + Instant(d)*Day }

// weekday returns the day of the week of d; 1970-01-01 was a Thursday.
func (d Date) weekday() time.Weekday {
	return time.Weekday((int64(d)%7 + 7 + int64(time.Thursday)) % 7)
}
