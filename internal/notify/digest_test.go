package notify

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// zoneOf returns a time zone by its name.
func zoneOf(t *testing.T, name string) func() *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return func() *time.Location { return zone }
}

// digest is the body of a digest as receivers read it.
type digest struct {
	ID, Type, Subject string
	Time              domain.Instant
	Data              struct {
		Until   domain.Instant
		Count   int
		Outputs []struct{ ID string }
	}
}

// digests keeps the digests that were sent to it and answers with a status.
type digests struct {
	t      *testing.T
	status func() int
	sent   []digest
	ids    []string
}

func (g *digests) answer(_ context.Context, _ *Subscription, d *Delivery) Attempt {
	var body digest
	if err := json.Unmarshal(d.Body, &body); err != nil {
		g.t.Error(err)
	}
	g.sent, g.ids = append(g.sent, body), append(g.ids, d.ID)
	return status(g.status())
}

// outputs returns the ids of what a digest holds.
func (d *digest) outputs() []string {
	var all []string
	for _, o := range d.Data.Outputs {
		all = append(all, o.ID)
	}
	return all
}

func TestADigestComesOnceADayWithTheOutputsSinceTheDayBefore(t *testing.T) {
	t.Parallel()
	zone := zoneOf(t, "Asia/Shanghai")
	synctest.Test(t, func(t *testing.T) {
		got := &digests{t: t, status: func() int { return http.StatusNoContent }}
		b := begin(t, NewMemory(), Options{Zone: zone}, got.answer, Subscription{ID: "a", Digest: "08:00"})
		defer b.stop()
		at := func(day, hour int) time.Time { return time.Date(2000, 1, day, hour, 0, 0, 0, zone()) }
		wait := func(until time.Time) {
			time.Sleep(time.Until(until))
			synctest.Wait()
		}
		wait(at(2, 7)) // the clock of the bubble begins at midnight in Greenwich
		b.publish(output("ann", 1, time.Now()), output("bob", 1, time.Now()))
		wait(at(2, 9))
		b.publish(output("ann", 2, time.Now()))
		wait(at(2, 23))
		b.publish(output("bob", 2, time.Now()))
		b.publish(output("ann", 2, time.Now())) // again
		wait(at(6, 9))
		if len(got.sent) != 2 {
			t.Fatalf("%d digests came, want 2", len(got.sent))
		}
		for i, want := range [][]string{{"ann-1", "bob-1"}, {"ann-2", "bob-2"}} {
			d := &got.sent[i]
			until := domain.InstantOf(at(2+i, 8))
			if !slices.Equal(d.outputs(), want) || d.Data.Count != 2 || d.Data.Until != until || d.Time != until || d.Type != TypeDigest || d.Subject != "a" {
				t.Errorf("digest %d is %+v, want %q until %s", i, d, want, until)
			}
		}
		requests := b.receiver.requests("a")
		if late := requests[0].at.Sub(at(2, 8)); late < clockSlack || late > clockSlack+2*time.Second {
			t.Errorf("the first digest came %s after its time", late)
		}
		var states []Status
		for _, d := range b.journal("a") {
			states = append(states, d.Status)
		}
		if want := []Status{Digested, Digested, Delivered, Digested, Digested, Delivered}; !slices.Equal(states, want) {
			t.Errorf("the journal has %q, want %q", states, want)
		}
	})
}

func TestADigestIsRetriedUnderItsIDAndOutlivesARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "webhooks.ndjson")
	synctest.Test(t, func(t *testing.T) {
		store, err := OpenFile(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		got := &digests{t: t, status: func() int { return http.StatusBadGateway }}
		b := begin(t, store, Options{}, got.answer, Subscription{ID: "a", Digest: "12:30"})
		b.publish(output("ann", 1, time.Now()))
		b.stop()
		reopen := func() {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			if store, err = OpenFile(t.Context(), path); err != nil {
				t.Fatal(err)
			}
		}
		reopen()
		b = begin(t, store, Options{}, got.answer)
		b.publish(output("bob", 1, time.Now()), output("ann", 1, time.Now()))
		time.Sleep(12*time.Hour + 31*time.Minute)
		b.stop()
		reopen()
		got.status = func() int { return http.StatusNoContent }
		b = begin(t, store, Options{}, got.answer)
		time.Sleep(24 * time.Hour)
		b.stop()
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if len(got.ids) < 2 || len(slices.Compact(slices.Clone(got.ids))) != 1 {
			t.Fatalf("the requests are under the ids %q, want several under one", got.ids)
		}
		for _, d := range got.sent {
			if !slices.Equal(d.outputs(), []string{"ann-1", "bob-1"}) {
				t.Errorf("the digest holds %q", d.outputs())
			}
		}
	})
}

func TestADayWithManyOutputsComesInSeveralDigests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := &digests{t: t, status: func() int { return http.StatusNoContent }}
		b := begin(t, NewMemory(), Options{}, got.answer, Subscription{ID: "a", Digest: "08:00", Ordered: true})
		defer b.stop()
		for n := range digestLimit + 3 {
			b.publish(output("ann", n, time.Now()))
		}
		time.Sleep(9 * time.Hour)
		synctest.Wait()
		if len(got.sent) != 2 || got.sent[0].Data.Count != digestLimit || got.sent[1].Data.Count != 3 || got.ids[0] == got.ids[1] {
			t.Errorf("%d digests came under %q", len(got.sent), got.ids)
		}
	})
}

func TestTheTimeOfADigestIsThatOfTheClocksOfItsZone(t *testing.T) {
	t.Parallel()
	berlin := zoneOf(t, "Europe/Berlin")()
	for _, c := range []struct{ daily, now, want string }{
		{"08:00", "2026-03-01T07:59:59+01:00", "2026-03-01T07:00:00Z"},
		{"08:00", "2026-03-01T08:00:00+01:00", "2026-03-02T07:00:00Z"},
		{"08:00", "2026-03-28T09:00:00+01:00", "2026-03-29T06:00:00Z"}, // summer time begins
		{"02:30", "2026-03-28T12:00:00+01:00", "2026-03-29T01:30:00Z"}, // there is no 2:30: it is 3:30
		{"02:30", "2026-10-24T12:00:00+02:00", "2026-10-25T01:30:00Z"}, // there are two: the one of winter time
		{"02:30", "2026-10-25T02:30:00+01:00", "2026-10-26T01:30:00Z"},
		{"00:00", "2026-12-31T23:59:59Z", "2027-01-01T23:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		s := Subscription{Digest: c.daily}
		if got := s.nextDigest(now, berlin).Format(time.RFC3339); got != c.want {
			t.Errorf("the digest of %s that follows %s is at %s, want %s", c.daily, c.now, got, c.want)
		}
	}
}
