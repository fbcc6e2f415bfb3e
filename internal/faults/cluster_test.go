package faults

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// partitions is the number of partitions of the log: enough for several nodes to have some each.
const partitions = 6

// Settings of the nodes. Both are shorter than an operator would have them, so that more happens in a run.
const (
	// session is how long a node may be silent before its partitions go to others. BenchmarkTakeover has its own.
	session = 3 * time.Second
	// tick is the time between two ticks of the clock in the log.
	tick = 2 * time.Second
)

// startPatience bounds the start of a node on a machine that is busy with all of a cluster's servers.
const startPatience = time.Minute

// cluster is one Kafka, one PostgreSQL and nodes that reach the two through ways of their own. It belongs to the
// goroutine of its test.
type cluster struct {
	t        testing.TB
	kafka    *kafkatest.Handle
	database *pgtest.ServerHandle
	nodes    []*node
	// log is the event log, reached directly.
	log *eventstore.Log
}

// newCluster starts everything and returns when the nodes are ready.
func newCluster(t testing.TB, count int, session time.Duration) *cluster {
	t.Helper()
	program(t) // before anything is started that would wait for it
	ways := make([]*way, count)
	advertised := make([]string, count)
	for i := range ways {
		ways[i] = newWay(t, fmt.Sprintf("node%d to kafka", i+1))
		advertised[i] = ways[i].listen
	}
	c := &cluster{
		t: t, kafka: kafkatest.Start(t, &kafkatest.Options{Advertised: advertised}), database: pgtest.Server(t, nil),
	}
	c.openLog()
	direct := bridge(t, c.database.URL())
	for i, toKafka := range ways {
		toDatabase := newWay(t, fmt.Sprintf("node%d to database", i+1))
		toKafka.open(c.kafka.Listener(i))
		toDatabase.open(direct)
		c.nodes = append(c.nodes, c.newNode(i, session, toKafka, toDatabase))
	}
	for _, n := range c.nodes {
		n.start()
	}
	for _, n := range c.nodes {
		n.ready(startPatience)
	}
	return c
}

func (c *cluster) newNode(i int, session time.Duration, toKafka, toDatabase *way) *node {
	c.t.Helper()
	name := fmt.Sprintf("node%d", i+1)
	n := newNode(c.t, name,
		"--kafka", toKafka.listen, "--database-url", fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", toDatabase.listen),
		"--node", name, "--session", session.String(), "--tick", tick.String())
	n.kafka, n.database = toKafka, toDatabase
	return n
}

// openLog makes the topic of the log and opens it.
func (c *cluster) openLog() {
	c.t.Helper()
	cfg := eventstore.Config{Brokers: []string{c.kafka.Addr()}, Partitions: partitions}
	if err := eventstore.CreateTopic(c.t.Context(), cfg); err != nil {
		c.t.Fatal(err)
	}
	log, err := eventstore.Open(c.t.Context(), cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = log.Close() })
	c.log = log
}

// urls returns the addresses of the nodes' APIs.
func (c *cluster) urls() []string {
	urls := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		urls[i] = n.url
	}
	return urls
}

// execute runs statements on the database, past the proxies.
func (c *cluster) execute(statements ...string) {
	c.t.Helper()
	c.sql(func(ctx context.Context, conn *pgx.Conn) error {
		for _, s := range statements {
			if _, err := conn.Exec(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
}

// sql calls f with a connection of its own.
func (c *cluster) sql(f func(ctx context.Context, conn *pgx.Conn) error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.database.URL())
	if err == nil {
		err = f(ctx, conn)
		_ = conn.Close(ctx)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}
