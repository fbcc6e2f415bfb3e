package domain_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

func TestAnInstantIsTheTimeToTheMicrosecond(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-60_000_000_000, 200_000_000_000).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
		i := domain.InstantOf(at)
		if want := at.UTC().Truncate(time.Microsecond); !i.Time().Equal(want) {
			t.Fatalf("%s became %s", want, i)
		}
		if domain.Unix(i.UnixMicro()) != i {
			t.Fatalf("%s does not come back from Unix time", i)
		}
		parsed, err := domain.ParseInstant(i.String())
		if err != nil || parsed != i {
			t.Fatalf("%s was parsed as %s: %v", i, parsed, err)
		}
		var back domain.Instant
		if b, err := json.Marshal(i); err != nil || json.Unmarshal(b, &back) != nil || back != i {
			t.Fatalf("%s became %s in JSON: %v", i, back, err)
		}
	})
}

func TestNeverIsNullInJSON(t *testing.T) {
	t.Parallel()
	if b, err := json.Marshal(domain.Instant(0)); string(b) != "null" || err != nil {
		t.Errorf("got %s, %v", b, err)
	}
	i := domain.Instant(1)
	if err := json.Unmarshal([]byte("null"), &i); err != nil || !i.IsZero() {
		t.Errorf("got %s, %v", i, err)
	}
	for _, bad := range []string{`5`, `""`, `"2026-03-01"`, `"yesterday"`} {
		if err := json.Unmarshal([]byte(bad), &i); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestADateIsTheCalendarDayOfTheZone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"UTC", "Asia/Shanghai", "America/New_York", "Pacific/Chatham", "Europe/Berlin"}).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(-3_000_000_000, 6_000_000_000).Draw(t, "seconds"), 0).In(loc)
		d := domain.DateOf(domain.InstantOf(at), loc)
		if want := at.Format(time.DateOnly); d.String() != want {
			t.Fatalf("%s in %s is %s, want %s", at, zone, d, want)
		}
		if back, err := domain.ParseDate(d.String()); err != nil || back != d {
			t.Fatalf("%s was parsed as %s: %v", d, back, err)
		}
		if m := d.Month(); m.String() != at.Format("2006-01") || m.Start() > d || (m+1).Start() <= d {
			t.Fatalf("%s is in month %s", d, m)
		}
		if start := d.Start(loc).Time().In(loc); start.Format(time.DateOnly) != d.String() || start.After(at) {
			t.Fatalf("%s begins at %s", d, start)
		}
	})
}
