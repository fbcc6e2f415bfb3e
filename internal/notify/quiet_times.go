package notify

import (
	"slices"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// quietTimes says of every instant whether it lies in quiet hours. It depends on nothing else than what it is made of. The
// zero value has no quiet hours.
//
// Quiet hours begin at the first instant at which the local clock has reached their beginning, and end at the first at
// which it has reached their end, which is not quiet any more. So an hour that the clocks repeat within them is quiet both
// times, and what the clocks skip is not there.
type quietTimes struct {
	hours *QuietHours
	zone  *time.Location
	// dayOff reports whether nobody works on a date.
	dayOff func(domain.Date) bool
	// from and to are the times of hours, to being more than a day when it is that of the next day. Both are zero without
	// such hours.
	from, to domain.Instant
}

// quietTimesOf returns the times of quiet hours that break no rule.
func quietTimesOf(q *QuietHours, zone *time.Location, dayOff func(domain.Date) bool) quietTimes {
	t := quietTimes{hours: q, zone: zone, dayOff: dayOff}
	if q.From != "" {
		t.from, _ = domain.ClockTime(q.From)
		t.to, _ = domain.ClockTime(q.To)
		if t.to <= t.from {
			t.to += domain.Day
		}
	}
	return t
}

// searchDays is how far ahead is looked for an end or a beginning of quiet hours.
const searchDays = 400

// quietSpan is one length of quiet hours without its last instant. One that the clocks skip is empty.
type quietSpan struct{ from, to domain.Instant }

// on returns what is quiet because of a date: the whole of a day off, and the hours that begin on it.
func (t *quietTimes) on(d domain.Date) (spans [2]quietSpan) {
	if t.hours.NonWorking && t.dayOff(d) {
		spans[0] = quietSpan{d.Reached(t.zone, 0), d.Reached(t.zone, domain.Day)}
	}
	if t.to > 0 && (len(t.hours.Days) == 0 || slices.Contains(t.hours.Days, d.Weekday())) {
		spans[1] = quietSpan{d.Reached(t.zone, t.from), d.Reached(t.zone, t.to)}
	}
	return spans
}

// until returns whether an instant is quiet, and the first instant from it on that is not. Where that is more than 400
// days away it is some instant after these.
func (t *quietTimes) until(at domain.Instant) (end domain.Instant, quiet bool) {
	if t.hours == nil {
		return at, false
	}
	end = at
	for limit := at + searchDays*domain.Day; end < limit; {
		next := t.spanEnd(end)
		if next == end {
			break
		}
		end = next
	}
	return end, end > at
}

// spanEnd returns the latest end of the spans that an instant lies in, or the instant when there are none.
func (t *quietTimes) spanEnd(at domain.Instant) domain.Instant {
	end, today := at, domain.DateOf(at, t.zone)
	// Hours that began the day before may go on, or two days before where the clocks skip a day. Where they are set back
	// over midnight, the next day has begun before this one is over.
	for d := today - 2; d <= today+1; d++ {
		for _, s := range t.on(d) {
			if s.from <= at && at < s.to {
				end = max(end, s.to)
			}
		}
	}
	return end
}

// next returns the first beginning of a span after an instant, or false when there is none within 400 days.
func (t *quietTimes) next(at domain.Instant) (domain.Instant, bool) {
	today := domain.DateOf(at, t.zone)
	for d := today - 1; d <= today+searchDays; d++ {
		for _, s := range t.on(d) { // in the order of their beginnings, which is that of what the clocks show
			if s.from > at && s.from < s.to {
				return s.from, true
			}
		}
	}
	return 0, false
}

// after returns the first instant at which the given time has passed since start outside of quiet hours.
func (t *quietTimes) after(start, open domain.Instant) domain.Instant {
	if t.hours == nil {
		return start + open
	}
	at, _ := t.until(start)
	for {
		begins, found := t.next(at)
		if !found || begins-at >= open {
			return at + open
		}
		open -= begins - at
		at, _ = t.until(begins)
	}
}
