package notify

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// night are quiet hours of every day.
var night = &QuietHours{From: "20:00", To: "08:00", Except: []string{"critical"}}

// rarely is how often a deliverer looks for what is due in tests that last for days.
const rarely = 30 * time.Second

// clockAt returns a time of January 2000, when the clock of a bubble begins, in Greenwich.
func clockAt(day, hour, minute int) time.Time {
	return time.Date(2000, 1, day, hour, minute, 0, 0, time.UTC)
}

// sleepUntil waits in a bubble until the given time, and until everybody has done what there was to do.
func sleepUntil(at time.Time) {
	time.Sleep(time.Until(at))
	synctest.Wait()
}

// alarm is an output with a level.
func alarm(customer string, n int, level string) *message.Message {
	msg := output(customer, n, time.Now())
	var ev domain.Event
	if err := wire.DecodeJSON(&ev, msg.Payload); err != nil {
		panic(err)
	}
	ev.Data = []byte(`{"level":"` + level + `"}`)
	msg.Payload = wire.Encode(nil, &ev)
	return msg
}

// events returns the outputs of the requests to an endpoint, in the order of the requests.
func (b *bench) events(to string) []string {
	b.t.Helper()
	of := make(map[string]string)
	for _, d := range b.journal(to) {
		of[d.ID] = d.Event
	}
	var list []string
	for _, q := range b.receiver.requests(to) {
		list = append(list, of[q.id])
	}
	return list
}

func TestInQuietHoursOnlySparedLevelsAreSentAndTheRestFollowsInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := begin(t, NewMemory(), Options{PerEndpoint: 1}, fine, Subscription{ID: "a", Quiet: night}, Subscription{ID: "b"})
		defer b.stop()
		b.publish(output("ann", 1, time.Now()), alarm("bob", 1, "high"))
		sleepUntil(clockAt(1, 3, 0))
		b.publish(alarm("ann", 2, "critical"), alarm("bob", 2, "low"), output("ann", 3, time.Now()))
		synctest.Wait()
		if got := b.events("a"); !slices.Equal(got, []string{"ann-2"}) {
			t.Errorf("in quiet hours %q were sent, want the critical one", got)
		}
		if got := b.events("b"); len(got) != 5 {
			t.Errorf("%d were sent to the endpoint without quiet hours, want 5", len(got))
		}
		page, err := b.Deliveries(t.Context(), Filter{Subscription: "a", Status: Pending})
		if err != nil || len(page.Items) != 4 {
			t.Fatalf("%d deliveries wait, %v, want 4", len(page.Items), err)
		}
		for _, d := range page.Items {
			if d.HeldUntil != clockAt(1, 8, 0) {
				t.Errorf("%s is held until %s, want 08:00", d.Event, d.HeldUntil)
			}
		}
		e, err := b.Endpoint(t.Context(), "a")
		if err != nil || e.State(time.Now()) != Quiet || e.QuietUntil != clockAt(1, 8, 0) {
			t.Errorf("the endpoint is %s until %s, %v; want quiet until 08:00", e.State(time.Now()), e.QuietUntil, err)
		}

		sleepUntil(clockAt(1, 7, 59))
		if got := len(b.receiver.requests("a")); got != 1 {
			t.Errorf("%d requests were made before 08:00, want 1", got)
		}
		sleepUntil(clockAt(1, 8, 1))
		if got, want := b.events("a"), []string{"ann-2", "ann-1", "bob-1", "bob-2", "ann-3"}; !slices.Equal(got, want) {
			t.Errorf("by 08:01 %q were sent, want %q", got, want)
		}
		if e, err := b.Endpoint(t.Context(), "a"); err != nil || e.State(time.Now()) != InUse || e.Pending != 0 {
			t.Errorf("after that the endpoint is %s with %d waiting, %v", e.State(time.Now()), e.Pending, err)
		}
	})
}

func TestQuietHoursAreNotChargedToTheScheduleOrTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// The receiver is down from Saturday evening to Monday morning, most of which is quiet.
		weekend := &QuietHours{From: "09:00", To: "08:00", Days: []string{"sat", "sun"}, TimeZone: "UTC"}
		var up atomic.Bool
		b := begin(t, NewMemory(), Options{Poll: rarely, Schedule: Schedule{Window: 24 * time.Hour}}, func(context.Context, *Subscription, *Delivery) Attempt {
			if up.Load() {
				return status(http.StatusOK)
			}
			return status(http.StatusBadGateway)
		}, Subscription{ID: "a", Quiet: weekend})
		defer b.stop()
		sleepUntil(clockAt(1, 8, 58)) // 2000-01-01 is a Saturday
		b.publish(output("ann", 1, time.Now()))
		sleepUntil(clockAt(1, 9, 0))
		before := b.receiver.requests("a")
		sleepUntil(clockAt(2, 7, 59))
		if got := b.receiver.requests("a"); len(got) != len(before) || len(before) == 0 {
			t.Errorf("%d requests were made by 09:00, and %d by the end of quiet hours", len(before), len(got))
		}
		if e, err := b.Endpoint(t.Context(), "a"); err != nil || e.Broken {
			t.Errorf("the endpoint is broken: %t, %v", e.Broken, err)
		}
		sleepUntil(clockAt(2, 8, 30))
		again := b.receiver.requests("a")
		if len(again) <= len(before) || again[len(before)].at.Sub(clockAt(2, 8, 0)) > rarely {
			t.Errorf("the requests were made at %v, want one at 08:00", again)
		}
		sleepUntil(clockAt(3, 8, 30)) // the second quiet day: the window has had two minutes and an hour
		if d := b.journal("a")[0]; d.Status != Pending || d.HeldUntil != (time.Time{}) {
			t.Errorf("after two days of quiet hours the delivery is %s", d.Status)
		}
		up.Store(true)
		sleepUntil(clockAt(4, 8, 30))
		if d := b.journal("a")[0]; d.Status != Delivered {
			t.Errorf("the delivery is %+v, want a delivered one", d)
		}
	})
}

func TestADeliveryDiesWhenItsWindowIsOverOutsideOfQuietHours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := begin(t, NewMemory(), Options{Poll: rarely, BreakerFailures: 1000}, always(http.StatusBadGateway), Subscription{ID: "a", Quiet: night})
		defer b.stop()
		sleepUntil(clockAt(1, 10, 0))
		b.publish(output("ann", 1, time.Now()))
		sleepUntil(clockAt(12, 0, 0))
		requests := b.receiver.requests("a")
		for _, q := range requests {
			if h := q.at.Hour(); h < 8 || h >= 20 {
				t.Errorf("a request was made at %s", q.at)
			}
		}
		// 48 hours, of which each day has twelve: four days later.
		last := requests[len(requests)-1].at.Sub(clockAt(5, 10, 0))
		if d := b.journal("a")[0]; d.Status != Dead || d.Reason != ReasonExhausted || last < 0 || last > rarely {
			t.Errorf("the delivery is %s %s, the last request came %s after four days", d.Status, d.Reason, last)
		}
	})
}

func TestADigestThatIsDueInQuietHoursWaitsUntilTheyEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := &digests{t: t, status: func() int { return http.StatusNoContent }}
		b := begin(t, NewMemory(), Options{}, got.answer, Subscription{ID: "a", Digest: "06:00", Quiet: night})
		defer b.stop()
		b.publish(alarm("ann", 1, "critical"), output("bob", 1, time.Now()))
		synctest.Wait()
		page, err := b.Deliveries(t.Context(), Filter{})
		if err != nil || len(page.Items) != 2 || page.Items[1].HeldUntil != clockAt(1, 8, 0) {
			t.Errorf("what waits for the digest is %+v, %v, want it held until 08:00", page.Items, err)
		}
		sleepUntil(clockAt(1, 7, 59))
		if len(b.receiver.requests("a")) != 0 {
			t.Error("the digest came in quiet hours")
		}
		sleepUntil(clockAt(1, 8, 1))
		if len(got.sent) != 1 || got.sent[0].Data.Until != domain.InstantOf(clockAt(1, 6, 0)) || !slices.Equal(got.sent[0].outputs(), []string{"ann-1", "bob-1"}) {
			t.Errorf("the digests are %+v, want one of 06:00 with both", got.sent)
		}
	})
}

func TestWhatQuietHoursHoldOutlivesARestartAndGoesWhenTheyAreLifted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "webhooks.ndjson")
	synctest.Test(t, func(t *testing.T) {
		open := func() *File {
			store, err := OpenFile(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			return store
		}
		store := open()
		b := begin(t, store, Options{PerEndpoint: 1}, fine, Subscription{ID: "a", Quiet: night})
		b.publish(output("ann", 1, time.Now()), alarm("ann", 2, "high"))
		synctest.Wait()
		b.stop()
		if err := store.Close(); err != nil || len(b.receiver.requests("a")) != 0 {
			t.Fatalf("%d requests were made, %v", len(b.receiver.requests("a")), err)
		}
		store = open()
		b = begin(t, store, Options{PerEndpoint: 1}, fine)
		b.publish(output("ann", 1, time.Now())) // again
		sleepUntil(clockAt(1, 2, 0))
		if _, err := b.Edit(t.Context(), "a", func(s *Subscription) error { s.Quiet = &QuietHours{From: "04:00", To: "08:00"}; return nil }); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.stop()
		if got := b.events("a"); !slices.Equal(got, []string{"ann-1", "ann-2"}) {
			t.Errorf("%q were sent, want each once", got)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}
