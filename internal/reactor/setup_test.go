package reactor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/reactor"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// firm is a log with views of it, which follow it, and a front door.
type firm struct {
	t        *testing.T
	log      *eventstore.Log
	views    *memview.Store
	progress *projections.Progress
	door     *ingest.Door
	events   int
}

// open opens a firm without events.
func open(t *testing.T) *firm {
	t.Helper()
	b, err := broker.Open(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	cfg := eventstore.Config{Brokers: []string{b.Addr()}, Partitions: 3}
	if err := eventstore.CreateTopic(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	log, err := eventstore.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	policy := domain.DefaultPolicy()
	fold := projections.NewFold(policy)
	f := &firm{t: t, log: log, views: memview.New(fold, 3), progress: projections.NewProgress(3)}
	f.door = ingest.New(log, func() *domain.Policy { return policy }, time.Now, ingest.Options{})
	runner := projections.NewRunner(log, f.views, fold, projections.RunnerOptions{Progress: f.progress})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return f
}

// day returns midnight of a day of 2025.
func day(n int) domain.Instant { return domain.InstantOf(domain.Date(20_088 + n).Time()) }

// event returns the next event of a stream.
func (f *firm) event(subject, typ string, at domain.Instant, data any) domain.Event {
	f.t.Helper()
	body, err := json.Marshal(data)
	if err != nil {
		f.t.Fatal(err)
	}
	f.events++
	return domain.Event{
		ID: fmt.Sprint("e", f.events), Source: "test", Type: typ, Subject: subject, Time: at, ExpectedVersion: domain.NoExpectation, Data: body,
	}
}

func (f *firm) assigned(customer, employee string, at domain.Instant) domain.Event {
	return f.event(customer, "customer.owner_assigned", at, domain.CustomerOwnerAssigned{Employee: employee})
}

func (f *firm) left(employee string, at domain.Instant) domain.Event {
	return f.event("employee:"+employee, "employee.left", at, domain.EmployeeLeft{Reason: "retired"})
}

// append puts events into the log and waits until the views show them.
func (f *firm) append(events ...domain.Event) {
	f.t.Helper()
	results, err := f.door.Append(f.t.Context(), events)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, r := range results {
		if r.Status != ingest.Accepted {
			f.t.Fatalf("%s is %s: %v", r.ID, r.Status, r.Problems)
		}
	}
	f.catchUp()
}

func (f *firm) catchUp() {
	f.t.Helper()
	ends, err := f.log.Ends(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.progress.Wait(f.t.Context(), ends); err != nil {
		f.t.Fatal(err)
	}
}

// customers appends a customer for each name, whom the employee follows since the first day of the year.
func (f *firm) customers(employee string, n int) []string {
	f.t.Helper()
	ids := make([]string, n)
	events := make([]domain.Event, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-%03d", employee, i)
		events[i] = f.assigned(ids[i], employee, day(1))
	}
	f.append(events...)
	return ids
}

// ownerships returns who followed the customer.
func (f *firm) ownerships(id string) []projections.Ownership {
	f.t.Helper()
	view, err := f.views.Customer(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return view.Profile.Ownerships
}

// told counts the releases in the log by customer.
func (f *firm) told() map[string]int {
	f.t.Helper()
	ends, err := f.log.Ends(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	told := make(map[string]int)
	for p, end := range ends {
		offsets := make([]int64, end)
		for i := range offsets {
			offsets[i] = int64(i)
		}
		records, err := f.log.Read(f.t.Context(), p, offsets)
		if err != nil {
			f.t.Fatal(err)
		}
		for i := range records {
			var ev domain.Event
			r := &records[i]
			if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
				f.t.Fatal(err)
			}
			if ev.Source == "rapport/reactor" {
				told[string(r.Key)]++
			}
		}
	}
	return told
}

// door takes events in, unless it is told otherwise.
type door interface {
	Append(ctx context.Context, events []domain.Event) ([]ingest.Result, error)
}

// doorFunc is a door.
type doorFunc func(ctx context.Context, events []domain.Event) ([]ingest.Result, error)

func (d doorFunc) Append(ctx context.Context, events []domain.Event) ([]ingest.Result, error) {
	return d(ctx, events)
}

var all = []int{0, 1, 2}

// fast are options under which a test need not wait.
func fast() reactor.Options {
	return reactor.Options{Every: time.Millisecond, Page: 7}
}

// working is a reactor at work.
type working struct {
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
	// handled gets a line for each departure that was handled.
	handled chan string
	once    sync.Once
}

// run runs a reactor on the partitions until stop or the end of the test.
func (f *firm) run(d door, options reactor.Options, partitions []int) *working {
	w := &working{t: f.t, done: make(chan error, 1), handled: make(chan string, 100)}
	options.Logger = slog.New(handledLines{slog.DiscardHandler, w.handled})
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.t.Context()))
	w.cancel = cancel
	r := reactor.NewDepartures(f.views, f.log, f.progress, d, options)
	go func() { w.done <- r.Run(ctx, partitions) }()
	f.t.Cleanup(w.stop)
	return w
}

// stop ends the reactor wherever it is.
func (w *working) stop() {
	w.once.Do(func() {
		w.cancel()
		if err := <-w.done; !errors.Is(err, context.Canceled) {
			w.t.Errorf("the reactor ended with %v", err)
		}
	})
}

// wait returns once a departure was handled.
func (w *working) wait() {
	w.t.Helper()
	select {
	case <-w.handled:
	case <-w.t.Context().Done():
		w.t.Fatal("no departure was handled")
	}
}

// handledLines is a log that sends on the departures that were handled.
type handledLines struct {
	slog.Handler
	to chan<- string
}

func (h handledLines) Enabled(context.Context, slog.Level) bool { return true }

func (h handledLines) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "departure handled" {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "event" {
				h.to <- a.Value.String()
			}
			return true
		})
	}
	return nil
}
