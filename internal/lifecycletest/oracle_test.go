package lifecycletest

import (
	"slices"
	"testing"
	"time"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func shanghai(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// The expected moves below were worked out by hand from the text of the domain.
func TestMovesAreThoseOfTheText(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return at("2020-01-01T00:00:00Z").AddDate(0, 0, n) }
	micro := func(n int) time.Time { return day(n).Add(time.Microsecond) }
	buy := func(days ...int) (events []Event) {
		for _, d := range days {
			events = append(events, Event{At: day(d), Purchase: true})
		}
		return events
	}
	tests := []struct {
		name   string
		events []Event
		until  time.Time
		want   []Move
	}{
		{
			// Without a gap the usual gap is 60 days: decline just after 120 days, termination at 365.
			"one purchase and silence", buy(0), day(400),
			[]Move{
				{day(0), "none", "prospect", false, false},
				{day(0), "prospect", "growth", false, false},
				{micro(120), "growth", "decline", false, false},
				{day(365), "decline", "termination", false, true},
			},
		},
		{
			// Gaps 40 and 50: the usual gap is (120+90)/4 = 52.5 days. The third occasion comes on the 90th day.
			"maturity on the day of the third purchase", buy(0, 40, 90), day(90 + 104),
			[]Move{
				{day(0), "none", "prospect", false, false},
				{day(0), "prospect", "growth", false, false},
				{day(90), "growth", "maturity", false, false},
			},
		},
		{
			// Gaps 10 and 10: (120+20)/4 = 35 days, so decline just after 70 days of silence, which is on the 90th day
			// one microsecond after maturity.
			"maturity and decline within a microsecond", buy(0, 10, 20), day(91),
			[]Move{
				{day(0), "none", "prospect", false, false},
				{day(0), "prospect", "growth", false, false},
				{day(90), "growth", "maturity", false, false},
				{micro(90), "maturity", "decline", false, false},
			},
		},
		{
			// A purchase 120 days after the first one is in time: the silence does not exceed two gaps. The next gap is
			// (120+120)/3 = 80 days.
			"a purchase at the last moment", buy(0, 120), day(120 + 160),
			[]Move{
				{day(0), "none", "prospect", false, false},
				{day(0), "prospect", "growth", false, false},
			},
		},
		{
			// After 400 days the gaps are (120+400)/3 = 173 1/3 days; two of them are 346 days 16 hours, six are 1040.
			"won back after the end", buy(0, 400), day(400 + 1040),
			[]Move{
				{day(0), "none", "prospect", false, false},
				{day(0), "prospect", "growth", false, false},
				{micro(120), "growth", "decline", false, false},
				{day(365), "decline", "termination", false, true},
				{day(400), "termination", "growth", true, false},
				{day(746).Add(16*time.Hour + time.Microsecond), "growth", "decline", false, false},
				{day(1440), "decline", "termination", false, true},
			},
		},
		{
			"goods given back do not begin a growth", []Event{{At: day(0)}}, day(1000),
			[]Move{{day(0), "none", "prospect", false, false}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := Moves(test.events, test.until, shanghai(t)); !slices.Equal(got, test.want) {
				t.Errorf("moves\n%v\nwant\n%v", got, test.want)
			}
		})
	}
}

func TestDaysAreThoseOfTheZone(t *testing.T) {
	t.Parallel()
	// 15:59 and 16:01 UTC are two days in Shanghai; with a third occasion they make maturity after 90 days.
	events := []Event{
		{At: at("2020-01-01T15:59:00Z"), Purchase: true},
		{At: at("2020-01-01T16:01:00Z"), Purchase: true},
		{At: at("2020-02-20T00:00:00Z"), Purchase: true},
	}
	until := at("2020-03-31T15:59:00Z")
	if got := StageAt(Moves(events, until, shanghai(t)), until); got != "maturity" {
		t.Errorf("in Shanghai the stage is %s, want maturity", got)
	}
	if got := StageAt(Moves(events, until, time.UTC), until); got != "growth" {
		t.Errorf("in UTC the stage is %s, want growth", got)
	}
}
