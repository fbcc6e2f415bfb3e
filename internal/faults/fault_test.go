package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// What a fault strikes. Two faults on the same part, of the same node where it is a part of nodes, never overlap.
const (
	partNode       = "node"
	partBroker     = "broker"
	partDatabase   = "database"
	partToKafka    = "way to kafka"
	partToDatabase = "way to database"
)

// fault is one row of the catalogue.
type fault struct {
	name  string
	parts []string
	// hold is how long the fault lasts at least and at most.
	hold [2]time.Duration
	// strike lets it happen and returns what ends it. node is the node that the plan chose; faults of the broker and the
	// database have no use for it.
	strike func(c *cluster, node *node, dice *rand.Rand) (heal func())
}

// brief is the time for which most faults last.
var brief = [2]time.Duration{500 * time.Millisecond, 2500 * time.Millisecond}

// frozen is so much longer than the session of a node that the others have taken over.
var frozen = [2]time.Duration{2 * session, 2*session + time.Second}

// lingering is how long a node is slow in what it does before it is struck in the midst of it.
const lingering = time.Second

// catalogue is everything that breaks.
var catalogue = []fault{
	{name: "node is killed", parts: []string{partNode}, hold: brief, strike: killNode},
	{name: "node is killed while it publishes", parts: []string{partNode, partToKafka}, hold: brief, strike: during(toKafka, killNode)},
	{name: "node is killed while it commits", parts: []string{partNode, partToDatabase}, hold: brief, strike: during(toDatabase, killNode)},
	{name: "node is frozen past its session", parts: []string{partNode}, hold: frozen, strike: freezeNode},
	{name: "node is frozen while it publishes", parts: []string{partNode, partToKafka}, hold: frozen, strike: during(toKafka, freezeNode)},
	{name: "node is frozen while it commits", parts: []string{partNode, partToDatabase}, hold: frozen, strike: during(toDatabase, freezeNode)},

	{name: "broker is killed", parts: []string{partBroker}, hold: brief, strike: killBroker},
	{name: "broker stalls", parts: []string{partBroker}, hold: [2]time.Duration{2 * time.Second, 5 * time.Second}, strike: stallBroker},
	{name: "database is killed", parts: []string{partDatabase}, hold: brief, strike: killDatabase},
	{name: "statements fail", parts: []string{partDatabase}, hold: brief, strike: failStatements},
	{name: "commits fail", parts: []string{partDatabase}, hold: brief, strike: failCommits},

	{name: "kafka is cut off", parts: []string{partToKafka}, hold: brief, strike: cutOff(toKafka)},
	{name: "answers of kafka are lost", parts: []string{partToKafka}, hold: brief, strike: torn(toKafka, "downstream")},
	{name: "requests to kafka are torn", parts: []string{partToKafka}, hold: brief, strike: torn(toKafka, "upstream")},
	{name: "connections to kafka are reset", parts: []string{partToKafka}, hold: brief, strike: reset(toKafka)},
	{name: "kafka falls silent", parts: []string{partToKafka}, hold: brief, strike: silent(toKafka)},
	{name: "kafka is slow", parts: []string{partToKafka}, hold: brief, strike: slow(toKafka)},

	{name: "database is cut off", parts: []string{partToDatabase}, hold: brief, strike: cutOff(toDatabase)},
	{name: "answers of the database are lost", parts: []string{partToDatabase}, hold: brief, strike: torn(toDatabase, "downstream")},
	{name: "statements to the database are torn", parts: []string{partToDatabase}, hold: brief, strike: torn(toDatabase, "upstream")},
	{name: "connections to the database are reset", parts: []string{partToDatabase}, hold: brief, strike: reset(toDatabase)},
	{name: "database falls silent", parts: []string{partToDatabase}, hold: brief, strike: silent(toDatabase)},
	{name: "database is slow", parts: []string{partToDatabase}, hold: brief, strike: slow(toDatabase)},
}

func killNode(_ *cluster, n *node, _ *rand.Rand) func() {
	n.kill()
	return n.start
}

func freezeNode(_ *cluster, n *node, _ *rand.Rand) func() {
	n.freeze()
	return n.thaw
}

// during makes a way so slow, or so deaf, that the node spends most of its time waiting for it, and then strikes. The way
// stays so for a while after the node was healed, so that the node goes on with what it was doing.
func during(which func(*node) *way, strike struck) struck {
	return func(c *cluster, n *node, dice *rand.Rand) func() {
		w := which(n)
		bad := fmt.Sprintf(`{"type":"latency","stream":"upstream","attributes":{"latency":%d}}`, 300+dice.IntN(500))
		if dice.IntN(2) == 0 {
			bad = `{"type":"timeout","stream":"upstream","attributes":{"timeout":0}}`
		}
		w.be(bad)
		pause(c.t, lingering)
		heal := strike(c, n, dice)
		return func() {
			heal()
			pause(c.t, lingering)
			w.be()
		}
	}
}

func killBroker(c *cluster, _ *node, _ *rand.Rand) func() {
	c.kafka.Kill()
	return c.kafka.Start
}

func stallBroker(c *cluster, _ *node, _ *rand.Rand) func() {
	c.kafka.Pause()
	return c.kafka.Resume
}

func killDatabase(c *cluster, _ *node, _ *rand.Rand) func() {
	c.database.Kill()
	return c.database.Start
}

// failStatements lets updates of checkpoints fail at random, which rolls the whole transaction back.
func failStatements(c *cluster, _ *node, _ *rand.Rand) func() {
	return c.trigger("CREATE TRIGGER faults BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION faults()")
}

// failCommits lets transactions that move a checkpoint fail at random when they commit.
func failCommits(c *cluster, _ *node, _ *rand.Rand) func() {
	return c.trigger("CREATE CONSTRAINT TRIGGER faults AFTER UPDATE ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION faults()")
}

// trigger makes a trigger on the checkpoints of every generation and returns what removes it.
func (c *cluster) trigger(create string) func() {
	c.t.Helper()
	c.execute(`CREATE OR REPLACE FUNCTION faults() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF random() < 0.6 THEN RAISE EXCEPTION 'a fault was asked for'; END IF;
		RETURN NEW;
	END $$`)
	tables := c.checkpoints()
	for _, table := range tables {
		c.execute(fmt.Sprintf(create, table))
	}
	return func() {
		for _, table := range tables {
			c.execute("DROP TRIGGER IF EXISTS faults ON " + table)
		}
	}
}

// checkpoints returns the names of the tables of checkpoints.
func (c *cluster) checkpoints() (tables []string) {
	c.t.Helper()
	c.sql(func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE tablename = 'checkpoints' ORDER BY 1")
		if err != nil {
			return err
		}
		tables, err = pgx.CollectRows(rows, pgx.RowTo[string])
		if err == nil && len(tables) == 0 {
			err = errors.New("there are no checkpoints")
		}
		return err
	})
	return tables
}

// The ways of a node.
func toKafka(n *node) *way    { return n.kafka }
func toDatabase(n *node) *way { return n.database }

// struck is the form of fault.strike.
type struck = func(c *cluster, n *node, dice *rand.Rand) func()

// bad makes a way bad with the toxics that the dice decide.
func bad(which func(*node) *way, toxics func(dice *rand.Rand) []string) struck {
	return func(_ *cluster, n *node, dice *rand.Rand) func() {
		w := which(n)
		w.be(toxics(dice)...)
		return func() { w.be() }
	}
}

// cutOff refuses connections.
func cutOff(which func(*node) *way) struck {
	return func(_ *cluster, n *node, _ *rand.Rand) func() {
		w := which(n)
		w.cut()
		return func() { w.be() }
	}
}

// torn ends each connection after a random number of bytes in one direction: an answer is cut off after the request took
// effect, or a request in the middle.
func torn(which func(*node) *way, stream string) struck {
	return bad(which, func(dice *rand.Rand) []string {
		return []string{fmt.Sprintf(`{"type":"limit_data","stream":%q,"attributes":{"bytes":%d}}`, stream, 200+dice.IntN(30_000))}
	})
}

// reset ends each connection with a reset some milliseconds after its first bytes.
func reset(which func(*node) *way) struck {
	return bad(which, func(dice *rand.Rand) []string {
		return []string{fmt.Sprintf(`{"type":"reset_peer","stream":"downstream","attributes":{"timeout":%d}}`, dice.IntN(300))}
	})
}

// silent takes requests and answers nothing: what was asked takes effect, and connections stay open.
func silent(which func(*node) *way) struck {
	return bad(which, func(*rand.Rand) []string {
		return []string{`{"type":"timeout","stream":"downstream","attributes":{"timeout":0}}`}
	})
}

// slow delays what goes through and narrows the way.
func slow(which func(*node) *way) struck {
	return bad(which, func(dice *rand.Rand) []string {
		return []string{
			fmt.Sprintf(`{"type":"latency","stream":"upstream","attributes":{"latency":%d,"jitter":%d}}`, 20+dice.IntN(200), dice.IntN(20)),
			fmt.Sprintf(`{"type":"bandwidth","stream":"downstream","attributes":{"rate":%d}}`, 50+dice.IntN(1000)),
		}
	})
}
