package bench

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/pgview"
)

// scaleRounds is how many events each customer gets once all customers are there.
const scaleRounds = 3

// BenchmarkScale folds events of all kinds that the risk, the warnings, the losses and the value are made of into views
// with 10,000, 100,000 and 1 M customers, as many of each customer, in memory and, as a serving engine does, in PostgreSQL.
// It reports the processor time of this process for each event, and its ratio to that of the fewest customers. The
// customers are there before: what is measured is an event of a known customer.
func BenchmarkScale(b *testing.B) {
	for _, kind := range []string{"replay", "live"} {
		var least float64
		for _, n := range []int{10_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/customers=%d", kind, n), func(b *testing.B) {
				var spent time.Duration
				events := 0
				for b.Loop() {
					b.StopTimer()
					s := newScale(b, kind, n)
					b.StartTimer()
					spent += s.fold(b, n, scaleRounds*n)
					events += scaleRounds * n
				}
				each := float64(spent.Nanoseconds()) / float64(events)
				if least == 0 {
					least = each
				}
				b.ReportMetric(each, "cpu-ns/event")
				b.ReportMetric(each/least, "ratio")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// processorTime returns the processor time that the process has taken.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// scale is views that events are folded into.
type scale struct {
	customers int
	folder    *projections.Folder
	at        projections.Checkpoint
}

// newScale returns views in which each of the customers has bought once.
func newScale(b *testing.B, kind string, customers int) *scale {
	b.Helper()
	fold := projections.NewFold(domain.DefaultPolicy())
	var store projections.Store = memview.New(fold, 1)
	if kind == "live" {
		pool := durable(b)
		opened, err := pgview.Open(b.Context(), pool, fold, pgview.Options{Partitions: 1})
		if err != nil {
			b.Fatal(err)
		}
		store = opened
		defer settle(b, pool)
	}
	s := &scale{customers: customers, folder: projections.NewFolder(fold, store, projections.FolderOptions{PartitionOf: func([]byte) int { return 0 }})}
	var err error
	if s.at, err = s.folder.Claim(b.Context(), 0); err != nil {
		b.Fatal(err)
	}
	s.fold(b, 0, customers)
	return s
}

// settle brings the statistics of the tables up to date, as the database does in time.
func settle(b *testing.B, pool *pg.Pool) {
	b.Helper()
	if _, err := pool.Exec(b.Context(), "VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
}

// fold folds n events from the given one on and returns the processor time that this took, without that of making them.
func (s *scale) fold(b *testing.B, from, n int) (spent time.Duration) {
	b.Helper()
	var err error
	for end := from + n; from < end; from += batch {
		records := make([]eventstore.Record, min(batch, end-from))
		for i := range records {
			records[i] = s.record(from + i)
		}
		before := processorTime(b)
		if s.at, err = s.folder.Fold(b.Context(), s.at, records); err != nil {
			b.Fatal(err)
		}
		spent += processorTime(b) - before
	}
	return spent
}

// scaleKinds are the types of events with their data, in turn. Half of them are purchases.
var scaleKinds = [...][2]string{
	{"purchase.recorded", `{"amount":{"minor":129900,"currency":"CNY"},"quantity":1,"product":"winter-tyres"}`},
	{"price.objected", `{}`},
	{"purchase.recorded", `{"amount":{"minor":99900,"currency":"CNY"},"quantity":1,"product":"oil"}`},
	{"cost.attributed", `{"kind":"service","amount":{"minor":900,"currency":"CNY"}}`},
	{"purchase.recorded", `{"amount":{"minor":19900,"currency":"CNY"},"quantity":1,"product":"wipers"}`},
	{"competitor.mentioned", `{"competitor":"other","attitude":"favourable"}`},
	{"purchase.recorded", `{"amount":{"minor":29900,"currency":"CNY"},"quantity":1,"product":"winter-tyres"}`},
	{"customer.lost", `{"nature":"temporary"}`},
	{"purchase.recorded", `{"amount":{"minor":129900,"currency":"CNY"},"quantity":1,"product":"winter-tyres"}`},
	{"contact.made", `{"direction":"out","channel":"phone","employee":"e-113"}`},
}

// record returns the event at an offset. Every customer buys first, and then the customers take turns with all kinds of events,
// so that the time between two events of a customer is as long with few customers as with many.
func (s *scale) record(k int) eventstore.Record {
	round, place := k/s.customers, k%s.customers
	kind := scaleKinds[0]
	if round > 0 {
		kind = scaleKinds[(place+round)%len(scaleKinds)]
	}
	start := domain.InstantOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	ev := domain.Event{
		ID: fmt.Sprintf("0199a1b2-c3d4-7000-8000-%012d", k), Source: "/bench", Subject: fmt.Sprintf("c-%07d", place*7919%s.customers),
		Time:    start + domain.Instant(round)*30*domain.Day + domain.Instant(place)*(30*domain.Day/domain.Instant(s.customers)),
		OrgUnit: "brand/north/d07", ExpectedVersion: domain.NoExpectation, Type: kind[0], Data: []byte(kind[1]),
	}
	return eventstore.Record{
		Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers(), Offset: int64(k), RecordedAt: recorded,
	}
}
