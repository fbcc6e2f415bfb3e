package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"iter"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/projections"
)

// testEnd is the end of the period in every test.
var testEnd = domain.InstantOf(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))

func setup(t testing.TB, o Options) *Generator {
	t.Helper()
	o.End = testEnd
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// digest returns the SHA-256 of the events as they stand in the log.
func digest(events iter.Seq[domain.Event]) string {
	h := sha256.New()
	var buf []byte
	for ev := range events {
		buf = wire.Encode(buf[:0], &ev)
		_, _ = io.WriteString(h, ev.Subject)
		_, _ = h.Write(buf)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// take returns the first n events.
func take(events iter.Seq[domain.Event], n int) []domain.Event {
	var list []domain.Event
	for ev := range events {
		if list = append(list, ev); len(list) == n {
			break
		}
	}
	return list
}

func TestTheSameOptionsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	o := Options{Customers: 200}
	g := setup(t, o)
	first := digest(g.Events())
	if again := digest(g.Events()); again != first {
		t.Errorf("the second run of one generator gave %s, the first %s", again, first)
	}
	if other := digest(setup(t, o).Events()); other != first {
		t.Errorf("another generator gave %s, the first %s", other, first)
	}
	if seed := digest(setup(t, Options{Customers: 200, Seed: 2}).Events()); seed == first {
		t.Error("another seed gave the same bytes")
	}
}

// TestSeedOneIsUnchanged guards the bytes against changes that nobody meant. Whoever means one puts the new digest here.
func TestSeedOneIsUnchanged(t *testing.T) {
	t.Parallel()
	const want = "a48b48eaf738ff5475ffc338fb5a78e591a6f05c90740ade2d153e013b384151"
	if got := digest(setup(t, Options{Customers: 200}).Events()); got != want {
		t.Errorf("the events of seed 1 with 200 customers have the digest %s, want %s", got, want)
	}
}

// follows reports whether the event may be recorded after one of the given time: what happens later, and a follow-up that
// is written down days after it.
func follows(ev *domain.Event, last domain.Instant) bool {
	return ev.Time >= last || ev.Type == "follow_up.completed" && ev.Time > last-10*domain.Day
}

func TestLiveGoesOnWhereThePeriodEnds(t *testing.T) {
	t.Parallel()
	g := setup(t, Options{Customers: 100, Days: 200})
	seen := map[string]bool{}
	subjects := map[string]bool{}
	for ev := range g.Events() {
		seen[ev.ID], subjects[ev.Subject] = true, true
	}
	last, arrived, known := testEnd, 0, 0
	for _, ev := range take(g.Live(), 3000) {
		if !follows(&ev, last) {
			t.Fatalf("%s of %s at %v does not follow %v", ev.Type, ev.Subject, ev.Time, last)
		}
		if seen[ev.ID] {
			t.Fatalf("%s %s was an event of the period", ev.Type, ev.ID)
		}
		switch {
		case ev.Type == "customer.registered":
			arrived++
		case subjects[ev.Subject]:
			known++
		}
		last = max(last, ev.Time)
	}
	if arrived == 0 || known == 0 {
		t.Errorf("%d customers arrived after the period and %d events are of customers of the period, want some of both", arrived, known)
	}
}

func TestAnyOptionsGiveValidEventsInOrderAndTheirNumberOfFiles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := Options{
			Customers: rapid.IntRange(1, 40).Draw(t, "customers"), Days: rapid.IntRange(2, 500).Draw(t, "days"),
			Seed: rapid.Uint64Min(1).Draw(t, "seed"), End: testEnd,
		}
		g, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		decoder, last := domain.NewDecoder(), g.start
		files := map[string]bool{}
		for ev := range g.Events() {
			if _, _, err := decoder.DecodeEvent(&ev); err != nil {
				t.Fatalf("%s of %s: %v", ev.Type, ev.Subject, err)
			}
			if !follows(&ev, last) || ev.Time > o.End {
				t.Fatalf("%s of %s at %v: want between %v and %v", ev.Type, ev.Subject, ev.Time, last, o.End)
			}
			last = max(last, ev.Time)
			if projections.IsCustomer(ev.Subject) {
				files[ev.Subject] = true
			}
		}
		if len(files) != o.Customers {
			t.Fatalf("%d files, want %d", len(files), o.Customers)
		}
	})
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"no end":             {},
		"negative customers": {Customers: -1, End: testEnd},
		"one day":            {Days: 1, End: testEnd},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// BenchmarkLive measures how long the first event after the period takes.
func BenchmarkLive(b *testing.B) {
	g := setup(b, Options{Customers: 500})
	for b.Loop() {
		take(g.Live(), 1)
	}
}

func BenchmarkEvents(b *testing.B) {
	g := setup(b, Options{Customers: 500})
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for range g.Events() {
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}
