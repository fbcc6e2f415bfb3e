package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/ingest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is the clock of the door in tests.
var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// book is a log in memory with one partition.
type book struct {
	mu      sync.Mutex
	records []eventstore.Record
	// fail decides what becomes of a record; nil takes every one.
	fail func(r *eventstore.Record) error
}

func (b *book) Append(_ context.Context, records []eventstore.Record) ([]eventstore.Appended, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]eventstore.Appended, len(records))
	var first error
	for i := range records {
		if b.fail != nil {
			out[i].Err = b.fail(&records[i])
		}
		if out[i].Err != nil {
			if first == nil {
				first = out[i].Err
			}
			continue
		}
		out[i].Position.Offset = int64(len(b.records))
		// The bytes of a record belong to the caller once Append has returned.
		b.records = append(b.records, eventstore.Record{
			Key: bytes.Clone(records[i].Key), Value: bytes.Clone(records[i].Value), Headers: records[i].Headers,
		})
	}
	return out, first
}

func setup(fail func(*eventstore.Record) error, opts ingest.Options) (*ingest.Door, *book) {
	b := &book{fail: fail}
	return ingest.New(b, domain.DefaultPolicy, func() time.Time { return now }, opts), b
}

// purchase returns a valid event.
func purchase(subject, id string) domain.Event {
	return domain.Event{
		ID: id, Source: "urn:test", Type: "purchase.recorded", Subject: subject, ExpectedVersion: domain.NoExpectation,
		Time: domain.InstantOf(now.Add(-time.Hour)), Data: []byte(`{ "amount": {"minor": 12900, "currency": "CNY"} }`),
	}
}

// statuses returns the statuses of results in one line.
func statuses(results []ingest.Result) string {
	var words []string
	for _, r := range results {
		words = append(words, r.Status.String())
	}
	return strings.Join(words, " ")
}

func TestValidEventsAreInTheLogInTheirOrderAndCompact(t *testing.T) {
	t.Parallel()
	door, log := setup(nil, ingest.Options{})
	var events []domain.Event
	for i := range 100 {
		events = append(events, purchase(fmt.Sprintf("c%d", i%7), fmt.Sprintf("e%d", i)))
	}
	results, err := door.Append(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	var ev domain.Event
	for i, r := range results {
		if r.Status != ingest.Accepted || r.ID != events[i].ID || r.Position.Offset != int64(i) {
			t.Fatalf("result %d is %+v", i, r)
		}
		rec := &log.records[i]
		if err := wire.Decode(&ev, rec.Key, rec.Value, rec.Headers); err != nil {
			t.Fatal(err)
		}
		if wire.Content(&ev) != wire.Content(&events[i]) || ev.ID != events[i].ID || bytes.ContainsRune(ev.Data, ' ') {
			t.Errorf("record %d is %s", i, rec.Value)
		}
	}
}

func TestWhatTheDoorAloneKnowsIsRefused(t *testing.T) {
	t.Parallel()
	door, log := setup(nil, ingest.Options{})
	limit := domain.DefaultPolicy().MaxFuture
	control, future, latest, unknown, both := purchase("c1", "a"), purchase("c1", "b"), purchase("c1", "c"), purchase("c1", "d"), purchase("c1", "e")
	control.Type = "policy.published"
	future.Time = domain.InstantOf(now.Add(limit + time.Microsecond))
	latest.Time = domain.InstantOf(now.Add(limit))
	unknown.Type = "weather.changed"
	both.Time, both.Data = future.Time, []byte(`{}`)
	results, err := door.Append(t.Context(), []domain.Event{control, future, latest, unknown, both})
	if err != nil {
		t.Fatal(err)
	}
	if got := statuses(results); got != "invalid invalid accepted accepted invalid" || len(log.records) != 2 {
		t.Errorf("%s, and %d records", got, len(log.records))
	}
	for i, want := range map[int][]string{0: {"/type reserved"}, 1: {"/time future"}, 4: {"/data/amount required", "/time future"}} {
		var got []string
		for _, p := range results[i].Problems {
			got = append(got, p.Pointer+" "+p.Rule)
		}
		if strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("problems of %d are %v, want %v", i, got, want)
		}
	}
}

func TestASessionKnowsTheIDsOfItsEarlierPieces(t *testing.T) {
	t.Parallel()
	door, log := setup(nil, ingest.Options{})
	session := door.Session()
	first, other := purchase("c1", "same"), purchase("c1", "same")
	other.Data = []byte(`{"amount":{"minor":1,"currency":"CNY"}}`)
	for _, step := range []struct {
		event domain.Event
		want  string
	}{{purchase("c1", "before"), "accepted"}, {first, "accepted"}, {other, "invalid"}, {first, "duplicate"}, {purchase("c2", "same"), "accepted"}} {
		results, err := session.Append(t.Context(), []domain.Event{step.event})
		if err != nil || statuses(results) != step.want {
			t.Errorf("results are %s, %v, want %s", statuses(results), err, step.want)
		}
		if step.want == "duplicate" && results[0].Position.Offset != 1 {
			t.Errorf("the duplicate is at %s", results[0].Position)
		}
	}
	if len(log.records) != 3 {
		t.Errorf("the log has %d records", len(log.records))
	}
	// Another session knows nothing of this one; the log decides.
	if results, err := door.Append(t.Context(), []domain.Event{other}); err != nil || statuses(results) != "accepted" {
		t.Errorf("results are %s, %v", statuses(results), err)
	}
}

func TestEventsWithoutAnAcknowledgementAreUnknownAndMayComeAgain(t *testing.T) {
	t.Parallel()
	away := true
	door, log := setup(func(r *eventstore.Record) error {
		if away && string(r.Key) == "c2" {
			return eventstore.ErrUnknownOutcome
		}
		return nil
	}, ingest.Options{})
	session := door.Session()
	events := []domain.Event{purchase("c1", "a"), purchase("c2", "b"), purchase("c2", "b"), purchase("", "c")}
	results, err := session.Append(t.Context(), events)
	if !errors.Is(err, ingest.ErrUnavailable) || !errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Errorf("error is %v", err)
	}
	if got := statuses(results); got != "accepted unknown unknown invalid" {
		t.Errorf("results are %s", got)
	}
	away = false
	results, err = session.Append(t.Context(), events)
	if got := statuses(results); err != nil || got != "duplicate accepted duplicate invalid" || len(log.records) != 2 {
		t.Errorf("the second time they are %s, %v", got, err)
	}
}

func TestARecordThatIsTooLargeIsInvalidAndHarmsNoOther(t *testing.T) {
	t.Parallel()
	door, _ := setup(func(r *eventstore.Record) error {
		if string(r.Key) == "c1" {
			return &eventstore.TooLargeError{Size: 2, Limit: 1}
		}
		return nil
	}, ingest.Options{})
	results, err := door.Append(t.Context(), []domain.Event{purchase("c1", "a"), purchase("c2", "b")})
	if err != nil || statuses(results) != "invalid accepted" || results[0].Problems[0].Rule != domain.RuleLength {
		t.Errorf("results are %+v, %v", results, err)
	}
}

func TestTheDoorLetsInSoManyEventsAtATime(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	hold := sync.OnceFunc(func() { close(entered); <-release })
	door, _ := setup(func(*eventstore.Record) error { hold(); return nil }, ingest.Options{MaxInFlight: 2})
	done := make(chan error)
	// More events than the limit get in alone.
	go func() {
		_, err := door.Append(t.Context(), []domain.Event{purchase("c1", "a"), purchase("c1", "b"), purchase("c1", "c")})
		done <- err
	}()
	<-entered
	if results, err := door.Append(t.Context(), []domain.Event{purchase("c1", "d")}); !errors.Is(err, ingest.ErrBusy) || results != nil {
		t.Errorf("a request gets %v, %v", results, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := door.Session().Append(ctx, []domain.Event{purchase("c1", "e")}); !errors.Is(err, context.Canceled) {
		t.Errorf("a session gets %v", err)
	}
	go func() {
		_, err := door.Session().Append(t.Context(), []domain.Event{purchase("c1", "f")})
		done <- err
	}()
	close(release)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestNothingIsAppendedOfNothing(t *testing.T) {
	t.Parallel()
	door, log := setup(func(*eventstore.Record) error { return errors.New("nobody should ask") }, ingest.Options{})
	if results, err := door.Append(t.Context(), nil); err != nil || len(results) != 0 || len(log.records) != 0 {
		t.Errorf("results are %v, %v", results, err)
	}
}

// sink is a log that forgets.
type sink struct{ out []eventstore.Appended }

func (s *sink) Append(context.Context, []eventstore.Record) ([]eventstore.Appended, error) {
	return s.out, nil
}

func BenchmarkAppend1000(b *testing.B) {
	door := ingest.New(&sink{make([]eventstore.Appended, 1000)}, domain.DefaultPolicy, func() time.Time { return now }, ingest.Options{})
	var events []domain.Event
	for i := range 1000 {
		events = append(events, purchase(fmt.Sprintf("c%d", i), fmt.Sprintf("e%d", i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := door.Append(b.Context(), events); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
