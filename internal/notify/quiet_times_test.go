package notify

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

// changes are days about which the clocks of zones were changed: by an hour, by half an hour, at midnight, by a whole day.
var changes = []struct{ zone, day string }{
	{"UTC", "2026-03-01"},
	{"Asia/Shanghai", "2026-10-01"},
	{"Europe/Berlin", "2026-03-29"},
	{"Europe/Berlin", "2026-10-25"},
	{"America/New_York", "2026-11-01"},
	{"Australia/Lord_Howe", "2026-04-05"},
	{"Australia/Lord_Howe", "2026-10-04"},
	{"America/Sao_Paulo", "2018-02-18"},
	{"America/Sao_Paulo", "2018-11-04"},
	{"Pacific/Apia", "2011-12-30"},
}

// minuteByMinute says of every minute from a beginning on whether it is quiet, by watching the clock: what it has reached,
// it has reached once and for all.
func minuteByMinute(t *rapid.T, q *QuietHours, zone *time.Location, dayOff func(domain.Date) bool, begin time.Time, minutes int) []bool {
	const day = 24 * 60
	clock := func(text string) int {
		at, err := time.Parse("15:04", text)
		if err != nil {
			return day // 24:00
		}
		return at.Hour()*60 + at.Minute()
	}
	quiet, reached := make([]bool, minutes), 0
	for i := -5 * day; i < minutes; i++ {
		at := begin.Add(time.Duration(i) * time.Minute)
		_, offset := at.In(zone).Zone()
		if offset%60 != 0 {
			t.Fatalf("the clocks of %s are off by %d s", zone, offset)
		}
		reached = max(reached, int(at.Unix()+int64(offset))/60)
		for d := reached/day - 2; i >= 0 && d <= reached/day; d++ {
			midnight, weekday := d*day, strings.ToLower(time.Unix(int64(d)*day*60, 0).UTC().Format("Mon"))
			if q.From != "" && (len(q.Days) == 0 || slices.Contains(q.Days, weekday)) {
				from, to := clock(q.From), clock(q.To)
				if to <= from {
					to += day
				}
				quiet[i] = quiet[i] || midnight+from <= reached && reached < midnight+to
			}
			if q.NonWorking && dayOff(domain.Date(d)) {
				quiet[i] = quiet[i] || reached/day == d
			}
		}
	}
	return quiet
}

// anyQuietHours are quiet hours that break no rule but that they may never end.
func anyQuietHours(t *rapid.T) *QuietHours {
	q := &QuietHours{NonWorking: rapid.Bool().Draw(t, "non-working")}
	if q.NonWorking && rapid.Bool().Draw(t, "no hours") {
		return q
	}
	const day = 24 * 60
	from := rapid.OneOf(rapid.IntRange(0, day-1), rapid.SampledFrom([]int{0, 60, 90, 120, 150, 180, day - 1})).Draw(t, "from")
	to := rapid.OneOf(rapid.IntRange(0, day), rapid.SampledFrom([]int{0, 60, 90, 120, 150, 180, day})).
		Filter(func(to int) bool { return to != from }).Draw(t, "to")
	q.From, q.To = fmt.Sprintf("%02d:%02d", from/60, from%60), fmt.Sprintf("%02d:%02d", to/60, to%60)
	q.Days = rapid.SliceOfNDistinct(rapid.SampledFrom(weekdays), 0, 7, rapid.ID).Draw(t, "days")
	return q
}

func TestQuietHoursAreThoseOfAClockThatIsWatchedMinuteByMinute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		change := rapid.SampledFrom(changes).Draw(t, "change")
		zone, err := time.LoadLocation(change.zone)
		if err != nil {
			t.Fatal(err)
		}
		begin, err := time.Parse(time.DateOnly, change.day)
		if err != nil {
			t.Fatal(err)
		}
		const watched = 12 * 24 * 60
		begin = begin.AddDate(0, 0, -4)
		q := anyQuietHours(t)
		free := rapid.SliceOfN(rapid.Bool(), 7, 7).Draw(t, "days off")
		dayOff := func(d domain.Date) bool { return free[((int(d)%7)+7)%7] }
		quiet := minuteByMinute(t, q, zone, dayOff, begin, watched)
		times := quietTimesOf(q, zone, dayOff)

		minute := rapid.IntRange(0, watched-1).Draw(t, "minute")
		instantOf := func(minute int) domain.Instant {
			return domain.InstantOf(begin) + domain.Instant(minute)*domain.Minute
		}
		at := instantOf(minute) + domain.Instant(rapid.IntRange(0, 59_999_999).Draw(t, "microseconds"))
		end, held := times.until(at)
		if held != quiet[minute] {
			t.Fatalf("%s is quiet: %t, want %t", at, held, quiet[minute])
		}
		opens := minute
		for opens < watched && quiet[opens] {
			opens++
		}
		switch {
		case !held && end != at, held && opens < watched && end != instantOf(opens), opens == watched && end < instantOf(watched):
			t.Fatalf("what is held at %s is sent at %s, want %s", at, end, instantOf(opens))
		}

		// Time outside of quiet hours, counted from the minute on.
		wanted := rapid.IntRange(1, 3*24*60).Draw(t, "time")
		passed, last := 0, minute
		for ; last < watched && passed < wanted; last++ {
			if !quiet[last] {
				passed++
			}
		}
		got := times.after(instantOf(minute), domain.Instant(wanted)*domain.Minute)
		if passed == wanted && got != instantOf(last) || passed < wanted && got <= instantOf(watched)-domain.Minute {
			t.Fatalf("%d minutes outside of quiet hours have passed since %s at %s, want %s", wanted, instantOf(minute), got, instantOf(last))
		}
	})
}
