package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// day is the first day of the tests. It lies far enough in the past that no tick of a test is dated in the future of the
// log, which keeps the machine's time.
var day = domain.InstantOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))

// bench is a log of two partitions with memory views, a writer of control records and a ticker. The clock of both stands
// still unless a test moves it.
type bench struct {
	t      *testing.T
	log    *eventstore.Log
	fold   *projections.Fold
	store  *memview.Store
	writer *Writer
	ticker *Ticker
	clock  atomic.Pointer[time.Time]
	ticked int
}

// setup returns a bench under a policy, the lines of which stand over the default one. Nothing is folded unless a test
// says so.
func setup(t *testing.T, policy string) *bench {
	t.Helper()
	log := logtest.Embedded(t, 2)
	parsed, err := domain.ParsePolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	bench := &bench{t: t, log: log, fold: projections.NewFold(parsed)}
	bench.store = memview.New(bench.fold, log.Partitions())
	bench.at(day)
	bench.writer = NewWriter(log, bench.store, func() time.Time { return *bench.clock.Load() })
	bench.ticker = NewTicker(bench.writer, log, func() *domain.Policy { return parsed }, 0, slog.New(slog.DiscardHandler))
	bench.ticker.Ticked = func() { bench.ticked++ }
	return bench
}

// at sets the clock.
func (b *bench) at(i domain.Instant) {
	now := i.Time()
	b.clock.Store(&now)
}

// pass moves the clock on.
func (b *bench) pass(d time.Duration) { b.at(domain.InstantOf(b.clock.Load().Add(d))) }

// foldAll folds everything that the log has.
func (b *bench) foldAll() {
	b.t.Helper()
	b.foldInto(b.store)
}

func (b *bench) foldInto(store *memview.Store) {
	b.t.Helper()
	ends, err := b.log.Ends(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	runner := projections.NewRunner(b.log, store, b.fold, projections.RunnerOptions{Owner: "test"})
	if err := runner.RunUntil(b.t.Context(), ends); err != nil {
		b.t.Fatal(err)
	}
}

// look lets the ticker look at all partitions once and returns the number of ticks it appended.
func (b *bench) look() int {
	b.t.Helper()
	before := b.ticked
	if err := b.ticker.look(b.t.Context(), []int{0, 1}); err != nil {
		b.t.Fatal(err)
	}
	return b.ticked - before
}

// append appends an event and returns its place.
func (b *bench) append(ev domain.Event) eventstore.Position {
	b.t.Helper()
	record := eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
	appended, err := b.log.Append(b.t.Context(), []eventstore.Record{record})
	if err != nil {
		b.t.Fatal(err)
	}
	return appended[0].Position
}

// buy appends a purchase.
func (b *bench) buy(customer, id string, at domain.Instant) eventstore.Position {
	b.t.Helper()
	return b.append(purchase(customer, id, at))
}

func purchase(customer, id string, at domain.Instant) domain.Event {
	return domain.Event{
		ID: id, Source: "test", Type: "purchase.recorded", Subject: customer, Time: at,
		ExpectedVersion: domain.NoExpectation, Data: []byte(`{"amount":{"minor":100,"currency":"CNY"}}`),
	}
}

// apart returns the names of a customer in each partition.
func (b *bench) apart() [2]string {
	var names [2]string
	for i := 0; names[0] == "" || names[1] == ""; i++ {
		name := fmt.Sprint("c", i)
		names[b.log.PartitionOf([]byte(name))] = name
	}
	return names
}

func (b *bench) customer(id string) *projections.CustomerView {
	b.t.Helper()
	view, err := b.store.Customer(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return view
}

// stage is the stage that was folded: by events and ticks, without the silence up to now that a reader sees.
func (b *bench) stage(id string) domain.Stage {
	b.t.Helper()
	return b.customer(id).Stage
}

// entry returns the entry of the quarantine at a place.
func (b *bench) entry(at eventstore.Position) projections.Quarantine {
	b.t.Helper()
	page, err := b.store.Quarantined(b.t.Context(), projections.QuarantineFilter{Position: &at})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(page.Items) != 1 {
		b.t.Fatalf("the quarantine has %d entries for %s", len(page.Items), at)
	}
	return page.Items[0]
}

func (b *bench) parked() []projections.Parked {
	b.t.Helper()
	parked, err := b.store.Parked(b.t.Context(), projections.ParkedFilter{})
	if err != nil {
		b.t.Fatal(err)
	}
	return parked.Items
}

// refused is a log that takes nothing from the given call of AppendTo on.
type refused struct {
	*eventstore.Log
	left int
}

func (l *refused) AppendTo(ctx context.Context, partition int, records []eventstore.Record) ([]eventstore.Appended, error) {
	if l.left--; l.left < 0 {
		return make([]eventstore.Appended, len(records)), eventstore.ErrUnknownOutcome
	}
	return l.Log.AppendTo(ctx, partition, records)
}

func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
