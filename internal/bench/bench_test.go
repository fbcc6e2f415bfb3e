package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

const (
	customers  = 100_000
	partitions = 4
)

// size is how many events the log holds: 1 M unless RAPPORT_BENCH_EVENTS says otherwise.
func size(b *testing.B) int {
	b.Helper()
	text := os.Getenv("RAPPORT_BENCH_EVENTS")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("RAPPORT_BENCH_EVENTS must be a number of events, not %q", text)
	}
	return n
}

// TestMain removes what the benchmarks share once the last of them has ended.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		code = 1
	}
	os.Exit(code)
}

// shared is the log of all benchmarks that read.
var shared readLog

// readLog is a log in an embedded broker on disk, which open makes when the first benchmark asks for it.
type readLog struct {
	dir    string
	broker *broker.Broker
	log    *eventstore.Log
}

// open returns the log. When it returns an error, close removes what is there already.
func (s *readLog) open() (*eventstore.Log, error) {
	if s.log != nil {
		return s.log, nil
	}
	var err error
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "rapport-bench-"); err != nil {
			return nil, err
		}
	}
	if s.broker == nil {
		if s.broker, err = broker.Open(broker.Options{Dir: s.dir}); err != nil {
			return nil, err
		}
	}
	s.log, err = openLog(s.broker)
	return s.log, err
}

// close stops the broker and removes its directory.
func (s *readLog) close() error {
	var faults []error
	if s.log != nil {
		faults = append(faults, s.log.Close())
	}
	if s.broker != nil {
		faults = append(faults, s.broker.Close())
	}
	if s.dir != "" {
		faults = append(faults, os.RemoveAll(s.dir))
	}
	*s = readLog{}
	return errors.Join(faults...)
}

func TestTheSharedLogLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var s readLog
	if _, err := s.open(); err != nil {
		t.Fatal(err)
	}
	dir := s.dir
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

func openLog(br *broker.Broker) (*eventstore.Log, error) {
	ctx := context.Background()
	cfg := eventstore.Config{Brokers: []string{br.Addr()}, Partitions: partitions}
	if err := eventstore.CreateTopic(ctx, cfg); err != nil {
		return nil, err
	}
	return eventstore.Open(ctx, cfg)
}

// log returns the filled log.
func log(b *testing.B) *eventstore.Log {
	b.Helper()
	l, err := shared.open()
	if err != nil {
		b.Fatal(err)
	}
	n := size(b)
	ends, err := l.Ends(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if total(ends) == 0 {
		fill(b, l, 0, n)
	}
	b.ResetTimer()
	return l
}

func total(p eventstore.Positions) int {
	var n int64
	for _, o := range p {
		n += o
	}
	return int(n)
}

const batch = 4000

func fill(b *testing.B, l *eventstore.Log, from, n int) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(3)
	for i := from; i < from+n; i += batch {
		group.Go(func() error {
			_, err := l.Append(b.Context(), events(i, min(batch, from+n-i)))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// rareCustomer has one event in every 10,000.
const rareCustomer = "c-rare"

// events returns n records of a log of 100,000 customers.
func events(from, n int) []eventstore.Record { return eventsOf(customers, from, n) }

// eventsOf returns n records of a customer log: purchases mostly, some contacts and measures of use.
func eventsOf(customers, from, n int) []eventstore.Record {
	start := domain.InstantOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	records := make([]eventstore.Record, n)
	for i := range records {
		k := from + i
		ev := domain.Event{
			ID: fmt.Sprintf("0199a1b2-c3d4-7000-8000-%012d", k), Source: "/bench", Subject: fmt.Sprintf("c-%07d", k*7919%customers),
			Time: start + domain.Instant(k)*domain.Second, OrgUnit: "brand/north/d07", Actor: "e-113", ExpectedVersion: domain.NoExpectation,
		}
		if k%10_000 == 0 {
			ev.Subject = rareCustomer
		}
		switch k % 10 {
		case 7, 8:
			ev.Type, ev.Data = "contact.made", []byte(`{"direction":"out","channel":"phone","employee":"e-113","content":"asked about the winter service"}`)
		case 9:
			ev.Type, ev.Data = "usage.recorded", []byte(`{"metric":"odometer_km","value":48213}`)
		default:
			ev.Type, ev.Data = "purchase.recorded", []byte(`{"amount":{"minor":129900,"currency":"CNY"},"quantity":1,"product":"winter-tyres"}`)
		}
		records[i] = eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
	}
	return records
}

func closing(b *testing.B, c io.Closer) {
	b.Helper()
	if err := c.Close(); err != nil {
		b.Error(err)
	}
}

func report(b *testing.B, n int) {
	b.Helper()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(0, "ns/op")
}

// ownLog returns an empty log in an embedded broker with synced writes.
func ownLog(b *testing.B) *eventstore.Log {
	b.Helper()
	br, err := broker.Open(broker.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closing(b, br) })
	l, err := openLog(br)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closing(b, l) })
	return l
}

// BenchmarkAppend appends batches of 4,000 events, three under way at a time, to the embedded broker with synced writes.
func BenchmarkAppend(b *testing.B) {
	l := ownLog(b)
	n := 0
	for b.Loop() {
		fill(b, l, n, 200_000)
		n += 200_000
	}
	report(b, n)
}

// BenchmarkRawFetch reads the log and looks at nothing: the limit of a replay.
func BenchmarkRawFetch(b *testing.B) {
	each(b, func(eventstore.Batch) error { return nil })
}

// BenchmarkDecodeOnly reads the log and decodes envelopes and data.
func BenchmarkDecodeOnly(b *testing.B) {
	decoders := make([]*domain.Decoder, partitions)
	for p := range decoders {
		decoders[p] = domain.NewDecoder()
	}
	each(b, func(batch eventstore.Batch) error {
		var ev domain.Event
		for i := range batch.Records {
			r := &batch.Records[i]
			if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
				return err
			}
			if _, _, err := decoders[batch.Partition].DecodeEvent(&ev); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkDecodeEncodingJSON reads the log and decodes envelope and data with encoding/json, as most programs would.
func BenchmarkDecodeEncodingJSON(b *testing.B) {
	each(b, func(batch eventstore.Batch) error {
		for i := range batch.Records {
			var ev struct {
				ID, Source, Type, Subject, OrgUnit, Actor string
				Time                                      time.Time
				Data                                      json.RawMessage
			}
			if err := json.Unmarshal(batch.Records[i].Value, &ev); err != nil {
				return err
			}
			typ, _ := domain.Lookup(ev.Type)
			if err := json.Unmarshal(ev.Data, typ.New()); err != nil {
				return err
			}
		}
		return nil
	})
}

// each follows every partition to its end, over and over.
func each(b *testing.B, handle func(eventstore.Batch) error) {
	b.Helper()
	l := log(b)
	ctx := b.Context()
	ends, err := l.Ends(ctx)
	if err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	for b.Loop() {
		var group errgroup.Group
		for p, end := range ends {
			group.Go(func() error {
				for batch, err := range l.Follow(ctx, p, 0, eventstore.FollowOptions{Until: end}) {
					if err != nil {
						return err
					}
					n.Add(int64(len(batch.Records)))
					if err := handle(batch); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	report(b, int(n.Load()))
}

// BenchmarkReplay folds the log into memory with all projections: fetch, decode, verdict, fold.
func BenchmarkReplay(b *testing.B) {
	l := log(b)
	ctx := b.Context()
	ends, err := l.Ends(ctx)
	if err != nil {
		b.Fatal(err)
	}
	fold := projections.NewFold(domain.DefaultPolicy())
	n := 0
	for b.Loop() {
		store := memview.New(fold, partitions)
		if err := projections.NewRunner(l, store, fold, projections.RunnerOptions{}).RunUntil(ctx, ends); err != nil {
			b.Fatal(err)
		}
		n += total(ends)
	}
	report(b, n)
}
