package verify_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/internal/verify"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// database folds the log into a database of its own.
func database(t *testing.T, log *eventstore.Log) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pgtest.Database(t), pg.Options{MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	store, err := pgview.Open(t.Context(), pool, fold, pgview.Options{Partitions: partitions})
	if err != nil {
		t.Fatal(err)
	}
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runner := projections.NewRunner(log, store, fold, projections.RunnerOptions{WindowBytes: 20_000})
	if err := runner.RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	return pool
}

// rows verifies the live views of a database.
func rows(t *testing.T, log *eventstore.Log, pool *pgxpool.Pool, options verify.Options) *verify.Report {
	t.Helper()
	store, policy, err := pgview.OpenLive(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := snapshot.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	report, err := verify.Rows(t.Context(), log, projections.NewFold(policy), snapshot, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestRowsThatWereFoldedFromTheLogDoNotDifferFromIt(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		log := history(t, 20+seed, 1500, 80)
		pool := database(t, log)
		summary := live(t, log)
		s, err := summary.Summary(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, options := range []verify.Options{{}, {Memory: 1}, {Sample: 9}} {
			report := rows(t, log, pool, options)
			if !report.Same() || report.Checked == 0 || options.Sample > 0 && report.Checked != 9 {
				t.Errorf("seed %d with %+v: %+v", seed, options, report)
			}
			if options.Sample == 0 && report.DigestLive != s.Digest {
				t.Errorf("seed %d: the digest is %s, that of the summary %s", seed, report.DigestLive, s.Digest)
			}
		}
	}
}

func TestARowThatWasChangedIsFound(t *testing.T) {
	t.Parallel()
	log := history(t, 30, 900, 50)
	long, err := log.Append(t.Context(), viewtest.Purchases(150, 1).Partition(1)[0])
	if err != nil || len(long) != 150 {
		t.Fatal(long, err)
	}
	pool := database(t, log)
	const victim = "(SELECT min(customer) FROM rapport_g1.moves)"
	for name, c := range map[string]struct{ change, kind, field string }{
		"a stage":           {"UPDATE rapport_g1.customers SET stage = 9 WHERE id = " + victim, "customer", "stage"},
		"a state":           {`UPDATE rapport_g1.customers SET state = state || '\x00' WHERE id = ` + victim, "customer", "state"},
		"a name":            {"UPDATE rapport_g1.customers SET name = 'x' WHERE id = " + victim, "customer", "name"},
		"owners":            {"UPDATE rapport_g1.customers SET owners = '{a,b}' WHERE id = " + victim, "customer", "owners"},
		"an outlook":        {"UPDATE rapport_g1.customers SET silent4_at = 1 WHERE id = " + victim, "customer", "silent4_at"},
		"a lost customer":   {"DELETE FROM rapport_g1.customers WHERE id = " + victim, "customer", "row"},
		"a made-up one":     {"UPDATE rapport_g1.customers SET id = id || 'x' WHERE id = " + victim, "customer", "row"},
		"a partition":       {"UPDATE rapport_g1.customers SET partition = (partition + 1) % 3 WHERE id = " + victim, "customer", "row"},
		"a move":            {"UPDATE rapport_g1.moves SET dwell = dwell + 1 WHERE seq = 2 AND customer = " + victim, "moves", "move 2"},
		"a lost move":       {"DELETE FROM rapport_g1.moves WHERE seq = 1 AND customer = " + victim, "moves", "move 1"},
		"a made-up move":    {"UPDATE rapport_g1.moves SET seq = 77 WHERE seq = 1 AND customer = " + victim, "moves", "move 77"},
		"a roll-up":         {"UPDATE rapport_g1.rollups SET n1 = n1 + 1 WHERE kind = 1 AND partition = 1", "rollups", "row"},
		"a lost roll-up":    {"DELETE FROM rapport_g1.rollups WHERE kind = 3", "rollups", "row"},
		"quarantine":        {"UPDATE rapport_g1.quarantine SET status = 'discarded' WHERE partition = 0", "quarantine", "row"},
		"a digest":          {"UPDATE rapport_g1.checkpoints SET digest1 = digest1 + 1 WHERE partition = 2", "checkpoint", "digest1"},
		"a parked customer": {"INSERT INTO rapport_g1.parked VALUES (1, 'x', 5, 0, 'boom')", "parked", "row"},
		"an index":          {`UPDATE rapport_g1.stream_chunks SET chunk = chunk || '\x00' WHERE number = 0`, "index", "chunk 0"},
		"a cell":            {"UPDATE rapport_g1.cells SET n1 = n1 + 1", "cells", "row"},
		"a lost cell":       {"DELETE FROM rapport_g1.cells", "cells", "row"},
		"a case":            {"UPDATE rapport_g1.cases SET holder = 'nobody'", "cases", ""},
		"a lost case":       {"DELETE FROM rapport_g1.cases", "cases", ""},
		"a policy":          {"UPDATE rapport_g1.policies SET at = at + 1 WHERE partition = 1", "policies", "row"},
	} {
		saved := save(t, pool)
		if tag, err := pool.Exec(t.Context(), c.change); err != nil || tag.RowsAffected() == 0 {
			t.Fatalf("%s: %d rows changed, %v", name, tag.RowsAffected(), err)
		}
		report := rows(t, log, pool, verify.Options{})
		found := false
		for _, d := range report.Differences {
			found = found || d.Kind == c.kind && strings.Contains(" "+names(d)+" ", c.field)
		}
		if !found || report.Same() {
			t.Errorf("%s: %+v", name, report)
		}
		saved()
	}
	if report := rows(t, log, pool, verify.Options{}); !report.Same() {
		t.Errorf("what was put back differs: %+v", report)
	}
}

// save returns a function that puts the tables that a test changes back as they are now.
func save(t *testing.T, pool *pgxpool.Pool) func() {
	t.Helper()
	tables := []string{"customers", "moves", "rollups", "quarantine", "checkpoints", "parked", "policies", "stream_chunks", "cells", "cases"}
	run := func(statement string) {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE SCHEMA saved")
	for _, table := range tables {
		run("CREATE TABLE saved." + table + " AS SELECT * FROM rapport_g1." + table)
	}
	return func() {
		for _, table := range tables {
			run("TRUNCATE rapport_g1." + table)
			run("INSERT INTO rapport_g1." + table + " SELECT * FROM saved." + table)
		}
		run("DROP SCHEMA saved CASCADE")
	}
}

func TestADatabaseWithoutViewsCannotBeVerified(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), pgtest.Database(t), pg.Options{MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, _, err := pgview.OpenLive(t.Context(), pool); !errors.Is(err, pgview.ErrNoViews) {
		t.Errorf("the error is %v, want ErrNoViews", err)
	}
}
