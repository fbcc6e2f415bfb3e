package naive_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/bench/naive"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// partitions is how many handlers run at a time, as many as the engine has workers on such a log.
const partitions = 8

// setup is a log in an embedded broker and a pool on an empty database.
type setup struct {
	config naive.Config
	log    *eventstore.Log
}

func newSetup(t testing.TB) *setup {
	t.Helper()
	database := pgtest.Database(t)
	b, err := broker.Open(broker.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	cfg := eventstore.Config{Brokers: []string{b.Addr()}, Partitions: partitions}
	if err := eventstore.CreateTopic(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	log, err := eventstore.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := pgxpool.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	settings.MaxConns = partitions + 2
	pool, err := pgxpool.NewWithConfig(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		pool.Close()
		_ = log.Close()
		_ = b.Close()
	})
	return &setup{
		config: naive.Config{Brokers: []string{b.Addr()}, Topic: log.Topic(), Group: uuid.NewString(), Pool: pool}, log: log,
	}
}

// fill appends n purchases of so many customers.
func (s *setup) fill(t testing.TB, n, customers int) {
	t.Helper()
	const batch = 2000
	start := domain.InstantOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for from := 0; from < n; from += batch {
		records := make([]eventstore.Record, min(batch, n-from))
		for i := range records {
			k := from + i
			ev := domain.Event{
				ID: fmt.Sprintf("0199a1b2-c3d4-7000-8000-%012d", k), Source: "/bench", Type: "purchase.recorded",
				Subject: fmt.Sprintf("c-%07d", k*7919%customers), Time: start + domain.Instant(k)*domain.Second,
				OrgUnit: "brand/north/d07", Actor: "e-113", ExpectedVersion: domain.NoExpectation,
				Data: []byte(`{"amount":{"minor":129900,"currency":"CNY"},"quantity":1,"product":"winter-tyres"}`),
			}
			records[i] = eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
		}
		if _, err := s.log.Append(t.Context(), records); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a peer until it has handled at least n messages.
func (s *setup) run(t testing.TB, n int64) {
	t.Helper()
	peer, err := naive.New(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- peer.Run(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for peer.Handled() < n {
		select {
		case <-tick.C:
		case err := <-done:
			t.Fatalf("the peer ended after %d of %d messages: %v", peer.Handled(), n, err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// sums returns how many customers and purchases the table has, and how many customers are mature.
func (s *setup) sums(t testing.TB) (customers, purchases, mature int64) {
	t.Helper()
	err := s.config.Pool.QueryRow(t.Context(), `SELECT count(*), coalesce(sum(purchases), 0)::bigint,
		count(*) FILTER (WHERE stage = 'maturity') FROM naive_customers`).Scan(&customers, &purchases, &mature)
	if err != nil {
		t.Fatal(err)
	}
	return customers, purchases, mature
}

func TestAMessageThatIsDeliveredAgainChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.fill(t, 300, 50)
	for range 2 {
		s.run(t, 300)
		if customers, purchases, mature := s.sums(t); customers != 50 || purchases != 300 || mature != 50 {
			t.Errorf("%d customers with %d purchases, %d mature; want 50 with 300, all mature", customers, purchases, mature)
		}
		// Another group starts from the beginning and gets everything again.
		s.config.Group = uuid.NewString()
	}
}

// BenchmarkNaive handles purchases of 10,000 customers, message by message, into PostgreSQL.
func BenchmarkNaive(b *testing.B) {
	const events, customers = 50_000, 10_000
	s := newSetup(b)
	s.fill(b, events, customers)
	n := 0
	for b.Loop() {
		if _, err := s.config.Pool.Exec(b.Context(), "DROP TABLE IF EXISTS naive_customers"); err != nil {
			b.Fatal(err)
		}
		s.config.Group = uuid.NewString()
		s.run(b, events)
		n += events
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(0, "ns/op")
	if _, purchases, _ := s.sums(b); purchases != events {
		b.Errorf("%d purchases in the table, want %d", purchases, events)
	}
}
