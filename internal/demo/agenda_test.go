package demo

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

func TestStepsAreTakenByTimeAndThenInTheOrderInWhichTheyWerePutOn(t *testing.T) {
	t.Parallel()
	var a agenda
	var taken []string
	for _, s := range []struct {
		at   domain.Instant
		name string
	}{{30, "c"}, {10, "a"}, {30, "d"}, {20, "b"}} {
		a.at(s.at, func() {
			taken = append(taken, s.name)
			if s.name == "b" {
				a.at(5, func() { taken = append(taken, "in the past") })
			}
		})
	}
	for a.next() {
	}
	if want := []string{"a", "b", "in the past", "c", "d"}; !slices.Equal(taken, want) {
		t.Errorf("taken %v, want %v", taken, want)
	}
	if a.now != 30 {
		t.Errorf("the agenda is at %d, want 30", a.now)
	}
}

func TestDealersAreReachedFromNineToSix(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := newDice(rapid.Uint64().Draw(t, "seed"), customerDice, 1)
		at := testEnd + domain.Instant(rapid.Int64Range(0, int64(3*domain.Day)).Draw(t, "at"))
		got := opening(at, &d)
		clock := (got + zoneOffset) % domain.Day
		if got < at || got-at >= domain.Day || clock < opens || clock >= closes {
			t.Fatalf("at %v the dealers are reached at %v", at, got)
		}
		if again := opening(got, &d); again != got {
			t.Fatalf("%v is open and was moved to %v", got, again)
		}
	})
}

func TestDrawsStayWithinTheirBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := newDice(rapid.Uint64().Draw(t, "seed"), customerDice, rapid.Uint64Range(0, 1<<40).Draw(t, "number"))
		low := rapid.IntRange(-1000, 1000).Draw(t, "low")
		high := low + rapid.IntRange(0, 1000).Draw(t, "width")
		if n := d.of(low, high); n < low || n > high {
			t.Fatalf("%d is not between %d and %d", n, low, high)
		}
		days := rapid.IntRange(1, 400).Draw(t, "days")
		mean := domain.Instant(days) * domain.Day
		if wait := d.about(days); wait < mean*7/10-domain.Second || wait > mean*13/10 {
			t.Fatalf("%v is not about %d days", wait, days)
		}
		if d.chance(0) || !d.chance(1000) {
			t.Fatal("what is impossible happened, or what is certain did not")
		}
	})
}
