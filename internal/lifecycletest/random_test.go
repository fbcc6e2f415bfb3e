package lifecycletest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// Events that fall exactly on the instants at which conditions become true are rare in real data, so histories are
// drawn here in which many do.
func TestTheFoldDecidesRandomHistoriesAsTheOracleDoes(t *testing.T) {
	t.Parallel()
	policy := domain.DefaultPolicy()
	fold := projections.NewFold(policy)
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t, policy.Location())
		last := history[len(history)-1].At
		until := last.Add(time.Duration(rapid.Int64Range(0, 800*dayMicros).Draw(t, "until")) * time.Microsecond)
		want := Moves(history, until, policy.Location())
		got, stage := foldMoves(fold, "customer", foldedHistory(history), domain.InstantOf(until))
		if !slices.Equal(got, want) || stage != StageAt(want, until) {
			t.Fatalf("events %v\nup to %s: %s with moves\n%v\nwant\n%v", history, until, stage, got, want)
		}
	})
}

// drawHistory draws up to 20 purchases and returns. The next one comes after any time, at a change of day, or around an
// instant at which silence or tenure changes something.
func drawHistory(t *rapid.T, zone *time.Location) []Event {
	l := &life{stage: "none", zone: zone}
	now := time.UnixMicro(rapid.Int64Range(0, 2_000_000_000_000_000).Draw(t, "begin")).UTC()
	var history []Event
	for range rapid.IntRange(1, 20).Draw(t, "events") {
		e := Event{At: now, Purchase: rapid.IntRange(0, 5).Draw(t, "kind") > 0}
		history = append(history, e)
		l.live(micros(now))
		l.happen(e)
		now = drawNext(t, l, now)
	}
	return history
}

func drawNext(t *rapid.T, l *life, now time.Time) time.Time {
	var next int64
	switch rapid.IntRange(0, 3).Draw(t, "distance") {
	case 0:
		next = micros(now) + rapid.Int64Range(0, 3*dayMicros).Draw(t, "soon")
	case 1:
		next = micros(now) + rapid.Int64Range(0, 500*dayMicros).Draw(t, "later")
	case 2:
		days := rapid.IntRange(0, 130).Draw(t, "days")
		y, m, d := now.In(l.zone).Date()
		next = micros(time.Date(y, m, d+days, 0, 0, 0, 0, l.zone)) + rapid.Int64Range(-1, 1).Draw(t, "around")
	default:
		if due := l.thresholds(); len(due) > 0 {
			next = rapid.SampledFrom(due).Draw(t, "threshold") + rapid.Int64Range(-1, 2).Draw(t, "around")
		}
	}
	return time.UnixMicro(max(next, micros(now))).UTC()
}

// foldedHistory returns a history as the fold takes it.
func foldedHistory(history []Event) []folded {
	var events []folded
	for i, e := range history {
		ev := domain.Event{ID: fmt.Sprint(i), Source: "/test", Type: "purchase.returned", Subject: "customer",
			Time: domain.InstantOf(e.At), ExpectedVersion: domain.NoExpectation}
		amount := domain.Money{Minor: 100, Currency: "CNY"}
		var data any = &domain.PurchaseReturned{Amount: amount}
		if e.Purchase {
			ev.Type = "purchase.recorded"
			data = &domain.PurchaseRecorded{Amount: amount}
		}
		events = append(events, folded{event: ev, data: data})
	}
	return events
}

func TestLaterEventsDoNotChangeEarlierMoves(t *testing.T) {
	t.Parallel()
	zone := domain.DefaultPolicy().Location()
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t, zone)
		all := Moves(history, history[len(history)-1].At.AddDate(3, 0, 0), zone)
		until := rapid.SampledFrom(history).Draw(t, "until").At
		if got, want := Moves(history, until, zone), upTo(all, until); !slices.Equal(got, want) {
			t.Fatalf("events %v\nup to %s\n%v\nwant\n%v", history, until, got, want)
		}
	})
}
