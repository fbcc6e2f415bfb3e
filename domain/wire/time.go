package wire

import "github.com/rapport-crm/rapport/domain"

// parseTime reads an RFC 3339 time with capital T and Z and without leap seconds, as time.Parse does; parts
// below a microsecond are cut off. It returns false also for the time that the zero Instant stands for. Unlike
// time.Parse it does not allocate when the offset is not zero.
func parseTime(s string) (domain.Instant, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	century, ok0 := two(s, 0)
	year, ok1 := two(s, 2)
	month, ok2 := two(s, 5)
	day, ok3 := two(s, 8)
	hour, ok4 := two(s, 11)
	minute, ok5 := two(s, 14)
	second, ok6 := two(s, 17)
	year += 100 * century
	if !ok0 || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || month < 1 || month > 12 ||
		day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	micros, rest, ok := fraction(s[19:])
	if !ok {
		return 0, false
	}
	offset, ok := zone(rest)
	if !ok {
		return 0, false
	}
	at := domain.Instant(days(year, month, day))*domain.Day + domain.Instant(hour)*domain.Hour +
		domain.Instant(minute)*domain.Minute + domain.Instant(second)*domain.Second +
		domain.Instant(micros)*domain.Microsecond - offset
	return at, at != 0
}

// two returns the two-digit number at s[i].
func two(s string, i int) (int, bool) {
	a, b := s[i]-'0', s[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// fraction reads the part of a second at the start of s, if there is one, in microseconds.
func fraction(s string) (micros int, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	unit := 100_000
	i := 1
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		micros += int(s[i]-'0') * unit
		unit /= 10
	}
	return micros, s[i:], i > 1
}

// zone returns the offset from UTC that s stands for.
func zone(s string) (domain.Instant, bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != len("+08:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hour, ok0 := two(s, 1)
	minute, ok1 := two(s, 4)
	if !ok0 || !ok1 || hour > 23 || minute > 59 {
		return 0, false
	}
	offset := domain.Instant(hour)*domain.Hour + domain.Instant(minute)*domain.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// daysIn returns the number of days of a month.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// days returns the number of days from 0001-01-01 to a date of the proleptic Gregorian calendar from year 0 on. Years
// are counted from March, so that the leap day is the last of its year and the months before a date have a fixed number
// of days, (153·m+2)/5 for m months from March.
func days(year, month, day int) int {
	m := month - 3
	if m < 0 {
		m += 12
		year--
	}
	year += 400 // one whole cycle, because the divisions below would round year -1 up
	const cycle = 146097
	return year*365 + year/4 - year/100 + year/400 + (153*m+2)/5 + day - 1 - cycle - 306
}
