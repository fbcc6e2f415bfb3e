package domain_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

// calendarOf returns the calendar of a policy document.
func calendarOf(t testing.TB, doc string) *domain.Calendar {
	t.Helper()
	p, err := domain.ParsePolicy([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return p.Calendar()
}

// local reads a time that the clocks of a zone show.
func local(t testing.TB, zone, text string) domain.Instant {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return domain.InstantOf(at)
}

// shanghai is a calendar with a short Saturday, a half day, a holiday and a make-up Sunday.
const shanghai = `
calendar:
  days: [mon, tue, wed, thu, fri, sat]
  hours: {sat: {from: "10:00", to: "14:00"}, 2026-09-30: {from: "09:00", to: "12:00"}}
  holidays: [2026-10-01, 2026-10-02, 2026-10-03]
  workdays: [2026-09-27]
`

func TestADeadlineFallsIntoWorkingTime(t *testing.T) {
	t.Parallel()
	const (
		night    = "calendar: {days: [sun], from: '01:30', to: '03:30', lunch_from: '', lunch_to: ''}\n"
		dawn     = "calendar: {days: [fri], from: '00:00', to: '12:00', lunch_from: '', lunch_to: ''}\n"
		friday   = "calendar: {days: [fri], from: '12:00', to: '24:00', lunch_from: '', lunch_to: ''}\n"
		saturday = "calendar: {days: [sat], from: '12:00', to: '24:00', lunch_from: '', lunch_to: ''}\n"
		sunday   = "calendar: {days: [sun], from: '00:00', to: '12:00', lunch_from: '', lunch_to: ''}\n"
	)
	tests := []struct {
		name, doc, zone, start string
		work                   domain.Instant
		want                   string
	}{
		{"within the morning", "", "Asia/Shanghai", "2026-03-02 09:00", domain.Hour, "2026-03-02 10:00"},
		{"half a working day over lunch", "", "Asia/Shanghai", "2026-03-02 10:00", 4 * domain.Hour, "2026-03-02 15:00"},
		{"up to lunch", "", "Asia/Shanghai", "2026-03-02 09:00", 3 * domain.Hour, "2026-03-02 12:00"},
		{"just beyond lunch", "", "Asia/Shanghai", "2026-03-02 11:59", 2 * domain.Minute, "2026-03-02 13:01"},
		{"from the start of lunch", "", "Asia/Shanghai", "2026-03-02 12:00", domain.Hour, "2026-03-02 14:00"},
		{"from within lunch", "", "Asia/Shanghai", "2026-03-02 12:30", domain.Hour, "2026-03-02 14:00"},
		{"from the end of lunch", "", "Asia/Shanghai", "2026-03-02 13:00", domain.Hour, "2026-03-02 14:00"},
		{"up to the end of the day", "", "Asia/Shanghai", "2026-03-02 17:00", domain.Hour, "2026-03-02 18:00"},
		{"from before the day", "", "Asia/Shanghai", "2026-03-02 03:00", domain.Hour, "2026-03-02 10:00"},
		{"over the weekend", "", "Asia/Shanghai", "2026-03-06 17:00", 2 * domain.Hour, "2026-03-09 10:00"},
		{"from the weekend", "", "Asia/Shanghai", "2026-03-07 11:00", 4 * domain.Hour, "2026-03-09 14:00"},
		{"no work", "", "Asia/Shanghai", "2026-03-07 11:00", 0, "2026-03-07 11:00"},
		{"less than no work", "", "Asia/Shanghai", "2026-03-07 11:00", -domain.Hour, "2026-03-07 11:00"},
		{"whole weeks from a weekend", "", "Asia/Shanghai", "2026-03-07 11:00", 80 * domain.Hour, "2026-03-20 18:00"},
		{"weeks up to a make-up Sunday", shanghai, "Asia/Shanghai", "2026-08-29 10:00", 185 * domain.Hour, "2026-09-27 15:00"},
		{"a working year", "", "Asia/Shanghai", "2026-03-02 09:00", 52 * 40 * domain.Hour, "2027-02-26 18:00"},
		{"over a short Saturday", shanghai, "Asia/Shanghai", "2026-09-18 17:00", 6 * domain.Hour, "2026-09-21 10:00"},
		{"on a make-up Sunday", shanghai, "Asia/Shanghai", "2026-09-26 13:00", 2 * domain.Hour, "2026-09-27 10:00"},
		{"over a half day and holidays", shanghai, "Asia/Shanghai", "2026-09-30 11:00", 2 * domain.Hour, "2026-10-05 10:00"},
		{"over an hour that New York skips", night, "America/New_York", "2026-03-08 01:00", domain.Hour, "2026-03-08 03:30"},
		{"over an hour that New York repeats", night, "America/New_York", "2026-11-01 01:00", 3 * domain.Hour, "2026-11-01 03:30"},
		{"over an hour that Berlin skips", night, "Europe/Berlin", "2026-03-29 01:00", domain.Hour, "2026-03-29 03:30"},
		{"over an hour that Berlin repeats", night, "Europe/Berlin", "2026-10-25 01:00", 3 * domain.Hour, "2026-10-25 03:30"},
		{"over a night without a change", night, "Europe/Berlin", "2026-11-01 01:00", 2 * domain.Hour, "2026-11-01 03:30"},
		{"where the clocks are not changed", night, "Asia/Shanghai", "2026-03-29 01:00", 2 * domain.Hour, "2026-03-29 03:30"},
		{"weeks up to a day of 25 hours", saturday, "America/Sao_Paulo", "2018-02-02 12:00", 38 * domain.Hour, "2018-02-24 13:00"},
		{"weeks from a day that begins twice", sunday, "America/St_Johns", "2010-11-05 12:00", 26 * domain.Hour, "2010-11-21 01:00"},
		{"weeks from a day whose first hour is repeated", dawn, "Asia/Amman", "2021-10-27 12:00", 26 * domain.Hour, "2021-11-12 01:00"},
		{"weeks over a day that is left out", friday, "Pacific/Apia", "2011-12-23 12:00", 13 * domain.Hour, "2012-01-06 13:00"},
		{"working days around a change", "", "Europe/Berlin", "2026-03-27 17:00", 2 * domain.Hour, "2026-03-30 10:00"},
		{"summers and winters", "", "America/New_York", "2026-01-05 09:00", 520 * 40 * domain.Hour, "2035-12-21 18:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := calendarOf(t, tt.doc+"\ntime_zone: "+tt.zone+"\n")
			start, want := local(t, tt.zone, tt.start), local(t, tt.zone, tt.want)
			got := c.Add(start, tt.work)
			if got != want {
				t.Errorf("%s of work from %s end at %s, want %s", time.Duration(tt.work)*time.Microsecond, start, got, want)
			}
			if back := c.Between(start, got); back != max(0, tt.work) {
				t.Errorf("between them are %s", time.Duration(back)*time.Microsecond)
			}
		})
	}
}

func TestWorkingTimeIncludesItsFirstInstantAndExcludesItsLast(t *testing.T) {
	t.Parallel()
	c := calendarOf(t, shanghai)
	for text, want := range map[string]bool{
		"2026-09-21 09:00": true, "2026-09-21 12:00": false, "2026-09-21 13:00": true, "2026-09-21 18:00": false,
		"2026-09-26 13:59": true, "2026-09-26 14:00": false, "2026-09-27 17:59": true, "2026-09-20 11:00": false,
		"2026-09-30 11:59": true, "2026-09-30 14:00": false, "2026-10-01 11:00": false, "2026-10-03 11:00": false,
	} {
		at := local(t, "Asia/Shanghai", text)
		if c.Working(at) != want || want && c.Working(at-1) != c.Working(at-domain.Minute) {
			t.Errorf("%s is working time: %v", text, c.Working(at))
		}
	}
}

// In 2010 the clocks of St John's were set back a minute past midnight, so that Sunday had begun before Saturday was over.
func TestADayThatHasBegunGoesOnWhenTheClocksGoBackToTheDayBefore(t *testing.T) {
	t.Parallel()
	c := calendarOf(t, "time_zone: America/St_Johns\ncalendar: {days: [sun], from: '00:00', to: '12:00', lunch_from: '', lunch_to: ''}")
	eleven := local(t, "America/St_Johns", "2010-11-06 23:00")
	for minutes, want := range map[domain.Instant]bool{30: false, 59: false, 60: true, 61: true, 90: true, 120: true} {
		if got := c.Working(eleven + minutes*domain.Minute); got != want {
			t.Errorf("%d minutes after eleven is working time: %v", minutes, got)
		}
	}
}

func TestADayOffHasNoWorkingTime(t *testing.T) {
	t.Parallel()
	c := calendarOf(t, "calendar: {holidays: [2026-10-01], workdays: [2026-10-10]}")
	for date, want := range map[string]bool{
		"2026-09-30": false, "2026-10-01": true, "2026-10-02": false, "2026-10-03": true, "2026-10-04": true, "2026-10-10": false, "2026-10-11": true,
	} {
		d, err := domain.ParseDate(date)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.DayOff(d); got != want {
			t.Errorf("%s, a %s, is off: %t, want %t", date, d.Weekday(), got, want)
		}
	}
}

func TestTimeBeyondTheYearsOfEventsHasNoDeadline(t *testing.T) {
	t.Parallel()
	c := calendarOf(t, "calendar: {days: [mon], from: '09:00', to: '09:01', lunch_from: '', lunch_to: ''}")
	end := local(t, "UTC", "2200-01-01 00:00")
	for start, want := range map[domain.Instant]domain.Instant{
		0: end, local(t, "UTC", "2026-03-01 00:00"): end, end - 1: end, end: end, end + domain.Day: end + domain.Day,
	} {
		if got := c.Add(start, 1<<62); got != want {
			t.Errorf("the deadline is %s, want %s", got, want)
		}
	}
}

// zones are zones with all kinds of changes six to nine days after the given date: of an hour by night and at midnight, of
// half an hour, at a minute past midnight, and of a whole day.
var zones = []struct{ name, from string }{
	{"Europe/Berlin", "2026-03-20"}, {"Europe/Berlin", "2026-10-16"}, {"America/New_York", "2026-03-01"},
	{"America/New_York", "2026-10-25"}, {"Australia/Lord_Howe", "2026-03-28"}, {"Australia/Lord_Howe", "2026-09-28"},
	{"America/Sao_Paulo", "2018-02-10"}, {"America/Sao_Paulo", "2018-10-28"}, {"America/St_Johns", "2010-10-31"},
	{"Pacific/Apia", "2011-12-24"}, {"Pacific/Kwajalein", "1969-09-24"}, {"Asia/Shanghai", "2026-03-01"},
}

// drawCalendar draws a policy with a calendar of its own, and the first date of the weeks in which the exceptions and
// the change of the clocks lie.
func drawCalendar(t *rapid.T) (*domain.Policy, domain.Date) {
	zone := rapid.SampledFrom(zones).Draw(t, "zone")
	from, err := domain.ParseDate(zone.from)
	if err != nil {
		t.Fatal(err)
	}
	p := domain.DefaultPolicy()
	p.TimeZone, p.Working = zone.name, drawWorkingTime(t)
	move(&p.Working, from-exceptional)
	if p, err = domain.ParsePolicy(p.Document()); err != nil {
		t.Fatal(err)
	}
	return p, from
}

func TestWorkingTimeAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, from := drawCalendar(t)
		c := p.Calendar()
		instant := rapid.Custom(func(t *rapid.T) domain.Instant {
			days := rapid.SampledFrom([]int64{30, 3000}).Draw(t, "days")
			return from.Start(p.Location()) + domain.Instant(rapid.Int64Range(-days*int64(domain.Day), days*int64(domain.Day)).Draw(t, "instant"))
		})
		start := instant.Draw(t, "start")
		v := domain.Instant(rapid.Int64Range(0, int64(300*domain.Hour)).Draw(t, "v"))
		w := domain.Instant(rapid.Int64Range(0, int64(300*domain.Hour)).Draw(t, "w"))
		end := c.Add(start, w)
		if got := c.Between(start, end); got != w {
			t.Fatalf("%d were added to %s, and %d are between", w, start, got)
		}
		if w > 0 && c.Between(start, end-1) >= w {
			t.Fatalf("%d have passed since %s before %s", w, start, end)
		}
		if got, want := c.Add(end, v), c.Add(start, w+v); v > 0 && got != want {
			t.Fatalf("%d and %d in turn end at %s, together at %s", w, v, got, want)
		}
		if other := instant.Draw(t, "later start"); other >= start && c.Add(other, w) < end {
			t.Fatalf("%d from %s end before those from %s", w, other, start)
		}
		at := []domain.Instant{start, instant.Draw(t, "second"), instant.Draw(t, "third")}
		if c.Between(at[0], at[1])+c.Between(at[1], at[2]) != c.Between(at[0], at[2]) {
			t.Fatalf("the parts between %s do not add up", at)
		}
		slices.Sort(at)
		var days domain.Instant
		for d := at[0]; d < at[2]; d += 5 * domain.Day {
			days += c.Between(d, min(d+5*domain.Day, at[2]))
		}
		if got := c.Between(at[0], at[2]); got != days {
			t.Fatalf("between %s and %s are %d, but day by day %d", at[0], at[2], got, days)
		}
	})
}

// The oracle walks through the days around the change minute by minute. What counts is the latest that the clock has shown so far.
func TestWorkingTimeIsThatOfAClockThatIsWatched(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, from := drawCalendar(t)
		c := p.Calendar()
		var shown time.Time // what the clock shows, as if in UTC
		var passed domain.Instant
		before := false
		first := (from + 5).Start(p.Location())
		for at := first - 2*domain.Day; at < first+6*domain.Day; at += domain.Minute {
			now := at.Time().In(p.Location())
			_, offset := now.Zone()
			if s := now.UTC().Add(time.Duration(offset) * time.Second); s.After(shown) {
				shown = s
			}
			if at < first {
				continue
			}
			working := works(&p.Working, shown)
			// All that matters is where working time begins and ends; elsewhere not every minute is looked at.
			if working != before || at.UnixMicro()%(7*int64(domain.Minute)) == 0 {
				if got := c.Working(at); got != working {
					t.Fatalf("%s is working time: %v, want %v", now, got, working)
				}
				if got := c.Between(first, at); got != passed {
					t.Fatalf("up to %s %d have passed, want %d", now, got, passed)
				}
			}
			before = working
			if working {
				passed += domain.Minute
			}
		}
	})
}

// move shifts the exceptions of a calendar by a number of days.
func move(w *domain.WorkingTime, by domain.Date) {
	for _, list := range [][]domain.Date{w.Holidays, w.Workdays} {
		for i := range list {
			list[i] += by
		}
	}
	moved := make(map[string]domain.DayHours)
	for name, hours := range w.Hours {
		if date, err := domain.ParseDate(name); err == nil {
			name = (date + by).String()
		}
		moved[name] = hours
	}
	w.Hours = moved
}

// works says straight from the section of the policy whether a time of the clock is working time.
func works(w *domain.WorkingTime, shown time.Time) bool {
	date, weekday := shown.Format(time.DateOnly), []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}[shown.Weekday()]
	has := func(list []domain.Date) bool {
		return slices.ContainsFunc(list, func(d domain.Date) bool { return d.String() == date })
	}
	if has(w.Holidays) || !slices.Contains(w.Days, weekday) && !has(w.Workdays) {
		return false
	}
	hours, ok := w.Hours[date]
	if !ok {
		hours, ok = w.Hours[weekday]
	}
	if !ok {
		hours = w.DayHours
	}
	clock := shown.Format("15:04")
	return hours.From <= clock && clock < hours.To && (clock < hours.LunchFrom || hours.LunchTo <= clock)
}

func BenchmarkCalendarAdd(b *testing.B) {
	for _, hours := range []domain.Instant{4, 40, 40 * 52 * 10} {
		b.Run(fmt.Sprintf("%dh", hours), func(b *testing.B) {
			c := calendarOf(b, "time_zone: Europe/Berlin")
			start := local(b, "Europe/Berlin", "2026-03-06 16:00")
			b.ReportAllocs()
			for b.Loop() {
				c.Add(start, hours*domain.Hour)
			}
		})
	}
}
