package domain

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// WorkingTime is the section calendar of a policy: when people work.
type WorkingTime struct {
	// Days are the weekdays that work, mon to sun.
	Days []string `yaml:"days"`
	// DayHours are the hours of every day that has none of its own.
	DayHours `yaml:",inline"`
	// Hours are the hours of weekdays (mon to sun) and of dates (2026-12-24) that have their own, when they work at all.
	// Those of a date go before those of its weekday.
	Hours map[string]DayHours `yaml:"hours"`
	// Holidays are the dates that do not work.
	Holidays []Date `yaml:"holidays"`
	// Workdays are the dates that work although their weekday does not.
	Workdays []Date `yaml:"workdays"`
}

// DayHours is the working time of a day as times of the local clock, 00:00 to 24:00.
type DayHours struct {
	// From and To are when the day begins and ends.
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// LunchFrom and LunchTo are the break between, or both empty.
	LunchFrom string `yaml:"lunch_from"`
	LunchTo   string `yaml:"lunch_to"`
}

// weekdays are the names of the days in the order of a working week.
var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// weekdayIndex returns the place of a weekday in weekdays, or a negative number.
func weekdayIndex(name string) int { return slices.Index(weekdays, name) }

// weekdayName returns the name that the policy has for a day of the week.
func weekdayName(d time.Weekday) string { return weekdays[(int(d)+6)%7] }

// arrange brings the lists into their one canonical order.
func (w *WorkingTime) arrange() {
	w.Days = arranged(w.Days, func(a, b string) int {
		return cmp.Or(cmp.Compare(weekdayIndex(a), weekdayIndex(b)), cmp.Compare(a, b))
	})
	w.Holidays = arranged(w.Holidays, cmp.Compare[Date])
	w.Workdays = arranged(w.Workdays, cmp.Compare[Date])
}

// arranged returns a list in order, each item once; a list without items is not nil.
func arranged[T comparable](list []T, order func(a, b T) int) []T {
	list = append([]T{}, list...)
	slices.SortFunc(list, order)
	return slices.Compact(list)
}

// has reports whether an arranged list has a date.
func has(list []Date, d Date) bool {
	_, found := slices.BinarySearch(list, d)
	return found
}

// calendar returns the calendar of the section, and reports what is wrong with the section.
func (w *WorkingTime) calendar(zone *time.Location, fault func(ok bool, field, rule string)) *Calendar {
	for _, name := range w.Days {
		fault(weekdayIndex(name) >= 0, "calendar.days", "must be a list of mon, tue, wed, thu, fri, sat, sun")
	}
	c := &Calendar{zone: zone}
	usual := w.DayHours.check("calendar", fault)
	own := make(map[string]dayHours, len(w.Hours))
	dates := slices.Concat(w.Holidays, w.Workdays)
	for _, name := range slices.Sorted(maps.Keys(w.Hours)) {
		hours := w.Hours[name]
		own[name] = hours.check("calendar.hours."+name, fault)
		if weekdayIndex(name) >= 0 {
			continue
		}
		date, err := ParseDate(name)
		fault(err == nil && inPolicyTime(date), "calendar.hours."+name, "must be under a weekday such as sat or a date such as 2026-12-24")
		dates = append(dates, date)
	}
	for i := range c.week {
		name := weekdayName(time.Weekday(i))
		if slices.Contains(w.Days, name) {
			c.week[i] = w.of(name, own, usual)
		}
		c.weekTime += c.week[i].time()
	}
	fault(c.weekTime > 0, "calendar", "must have working time in a week without holidays")
	for _, date := range arranged(dates, cmp.Compare[Date]) {
		c.except = append(c.except, exception{date, w.onDate(date, own, usual)})
	}
	for _, date := range slices.Concat(w.Holidays, w.Workdays) {
		fault(inPolicyTime(date), "calendar", "must have dates of the years 1900 to 2199")
	}
	for _, date := range w.Workdays {
		fault(!has(w.Holidays, date), "calendar.workdays", "must have no date that is a holiday too")
	}
	return c
}

// inPolicyTime reports whether a date lies in the years that events may speak of.
func inPolicyTime(d Date) bool { return d.utc() >= minTime && d.utc() < maxTime }

// of returns the hours under a name, or the usual ones.
func (w *WorkingTime) of(name string, own map[string]dayHours, usual dayHours) dayHours {
	if hours, ok := own[name]; ok {
		return hours
	}
	return usual
}

// onDate returns the hours of a date: none when it does not work, otherwise its own, those of its weekday, or the usual
// ones.
func (w *WorkingTime) onDate(d Date, own map[string]dayHours, usual dayHours) dayHours {
	day := weekdayName(d.weekday())
	if has(w.Holidays, d) || !slices.Contains(w.Days, day) && !has(w.Workdays, d) {
		return nil
	}
	return w.of(d.String(), own, w.of(day, own, usual))
}

// check returns the spans of a day, and reports what is wrong with its hours under the given path.
func (h DayHours) check(path string, fault func(ok bool, field, rule string)) dayHours {
	read := func(text, name string) Instant {
		at, ok := ClockTime(text)
		fault(ok, path+"."+name, "must be a time of day such as \"09:00\"")
		return at
	}
	from, to := read(h.From, "from"), read(h.To, "to")
	fault(from < to, path+".to", "must be after from")
	if h.LunchFrom == "" && h.LunchTo == "" {
		return dayHours{{from, to}}
	}
	lunchFrom, lunchTo := read(h.LunchFrom, "lunch_from"), read(h.LunchTo, "lunch_to")
	fault(from <= lunchFrom && lunchTo <= to, path+".lunch_from", "must be between from and to, as must lunch_to")
	fault(lunchFrom < lunchTo, path+".lunch_to", "must be after lunch_from")
	return dayHours{{from, lunchFrom}, {lunchTo, to}}
}

// ClockTime reads a time of day, hh:mm from 00:00 to 24:00, as the length of time since midnight by the clock. It is false
// for any other text.
func ClockTime(text string) (Instant, bool) {
	if text == "24:00" {
		return Day, true
	}
	t, err := time.Parse("15:04", text)
	// The parser also takes hours of one digit, which are not the canonical form.
	return Instant(t.Hour())*Hour + Instant(t.Minute())*Minute, err == nil && len(text) == len("15:04")
}
