package pgview_test

import (
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

func policy(t *testing.T, doc string) *projections.Fold {
	t.Helper()
	p, err := domain.ParsePolicy([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return projections.NewFold(p)
}

func TestReopenedStoreGoesOnAtTheCheckpoint(t *testing.T) {
	t.Parallel()
	fold, history, pool := viewtest.DefaultFold(), viewtest.Generate(21, 600, 30), connect(t)
	parts := history.Partition(2)
	for end := 100; ; end += 100 {
		store := open(t, pool, fold, pgview.Options{Partitions: 2})
		if got := store.Generation(); got != "rapport_g1" {
			t.Fatalf("the store uses the generation %s, want that of the first start", got)
		}
		whole := true
		for p := range parts {
			w := viewtest.NewWriter(t, store, fold, p, 2)
			next := min(end, len(parts[p]))
			if from := int(w.At.Next); from < next {
				w.Fold(parts[p][from:next])
			}
			whole = whole && next == len(parts[p])
		}
		if whole {
			viewtest.Equal(t, store, memory(t, fold, history, 2), history.Subjects())
			return
		}
	}
}

func TestOtherPolicyOrPartitionsMakeAFreshGeneration(t *testing.T) {
	t.Parallel()
	history, pool := viewtest.Generate(22, 300, 20), connect(t)
	for i, c := range []struct {
		fold       *projections.Fold
		partitions int
	}{
		{viewtest.DefaultFold(), 1},
		{viewtest.DefaultFold(), 2},
		{policy(t, "version: other"), 2},
		{policy(t, "version: other\nlifecycle: {maturity_tenure_days: 3}"), 2},
	} {
		store := open(t, pool, c.fold, pgview.Options{Partitions: c.partitions})
		positions, err := store.Positions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for p, next := range positions {
			if next != 0 {
				t.Errorf("case %d: partition %d begins at %d, want 0", i, p, next)
			}
		}
		viewtest.Fold(t, store, c.fold, history.Partition(c.partitions), 100)
		viewtest.Equal(t, store, memory(t, c.fold, history, c.partitions), history.Subjects())
		if store.Live() != (i == 0) {
			t.Errorf("case %d: the store is live: %t; only the first one has nothing before it", i, store.Live())
		}
		if err := store.Show(t.Context()); err != nil {
			t.Fatal(err)
		}
		events := value[int](t, pool, "SELECT sum(events) FROM rapport.customers")
		if n := value[int](t, pool, "SELECT count(*) FROM rapport.generations WHERE state = 'live'"); n != 1 || events == 0 {
			t.Errorf("case %d: %d generations are live and show %d events, want 1 and some", i, n, events)
		}
	}
}

func TestRightsOnViewsOutliveAGeneration(t *testing.T) {
	t.Parallel()
	pool := connect(t)
	open(t, pool, viewtest.DefaultFold(), pgview.Options{Partitions: 1})
	execute(t, pool, "GRANT SELECT ON rapport.customers TO pg_monitor")
	open(t, pool, viewtest.DefaultFold(), pgview.Options{Partitions: 3})
	if !value[bool](t, pool, "SELECT has_table_privilege('pg_monitor', 'rapport.customers', 'SELECT')") {
		t.Error("the right to read the view of customers is lost")
	}
	// Views of another version have other columns, and are made anew.
	execute(t, pool, "UPDATE rapport.generations SET layout = 'of another version'")
	open(t, pool, viewtest.DefaultFold(), pgview.Options{Partitions: 3})
	if !value[bool](t, pool, "SELECT has_table_privilege('pg_monitor', 'rapport.customers', 'SELECT')") {
		t.Error("the right to read the view of customers is lost with another layout")
	}
}

func TestStoresMayBeOpenedAtTheSameTime(t *testing.T) {
	t.Parallel()
	pool := connect(t)
	var group errgroup.Group
	for range 3 {
		group.Go(func() error {
			_, err := pgview.Open(t.Context(), pool, viewtest.DefaultFold(), pgview.Options{Partitions: 2})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := value[int](t, pool, "SELECT count(*) FROM rapport.generations"); n != 1 {
		t.Errorf("%d generations were made, want 1", n)
	}
}

func TestOpenRefusesAPoolOfOneConnection(t *testing.T) {
	t.Parallel()
	config := connect(t).Config()
	config.MaxConns = 1
	pool := connectWith(t, config)
	if _, err := pgview.Open(t.Context(), pool, viewtest.DefaultFold(), pgview.Options{Partitions: 1}); err == nil {
		t.Error("a pool of one connection was accepted, which the start would wait for in vain")
	}
}

func TestEveryColumnForAnalystsIsDescribed(t *testing.T) {
	t.Parallel()
	pool := connect(t)
	open(t, pool, viewtest.DefaultFold(), pgview.Options{Partitions: 1})
	const query = `SELECT coalesce(string_agg(c.relname || '.' || a.attname, ' '), '')
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'rapport'::regnamespace AND c.relkind IN ('v', 'r') AND c.relname <> 'schema_migrations'
			AND a.attnum > 0 AND NOT a.attisdropped AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)`
	if missing := value[string](t, pool, query); missing != "" {
		t.Errorf("columns without a comment: %s", missing)
	}
	const views = "SELECT string_agg(viewname, ' ' ORDER BY viewname) FROM pg_views WHERE schemaname = 'rapport'"
	want := "cases cells checkpoints customers moves parked policies quarantine rollup_cohorts rollup_flows rollup_late rollup_open rollup_stages rollup_trade rollup_types rollup_verdicts rollup_warnings"
	if got := value[string](t, pool, views); got != want {
		t.Errorf("the views are %s, want %s", got, want)
	}
}

func TestAnalystsSeeWhatQueriesAnswer(t *testing.T) {
	t.Parallel()
	fold, history, pool := viewtest.DefaultFold(), viewtest.Generate(23, 800, 40), connect(t)
	store := open(t, pool, fold, pgview.Options{Partitions: 2})
	viewtest.Fold(t, store, fold, history.Partition(2), 100)
	summary, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for stage, want := range summary.Stages {
		if got := value[int64](t, pool, "SELECT count(*) FROM rapport.customers WHERE stage = $1", stage); got != want {
			t.Errorf("%d customers are in %s, the summary says %d", got, stage, want)
		}
	}
	for verdict, want := range summary.Verdicts {
		const query = "SELECT coalesce(sum(records), 0)::bigint FROM rapport.rollup_verdicts WHERE verdict = $1"
		if got := value[int64](t, pool, query, verdict); got != want {
			t.Errorf("%d records are %s, the summary says %d", got, verdict, want)
		}
	}
	for _, id := range history.Subjects()[:20] {
		view, err := store.Customer(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		row := value[string](t, pool, "SELECT concat_ws('|', to_char(since, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), name, org_unit, "+
			"to_char(last_event_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US')) FROM rapport.customers WHERE id = $1", id)
		const layout = "2006-01-02T15:04:05.000000"
		fields := []string{view.Lifecycle.Since.Time().Format(layout)}
		for _, s := range []string{view.Profile.Name, view.Profile.OrgUnit} {
			if s != "" {
				fields = append(fields, s)
			}
		}
		fields = append(fields, view.LastEventAt.Time().Format(layout))
		if want := strings.Join(fields, "|"); row != want {
			t.Errorf("customer %s is shown as %s, want %s", id, row, want)
		}
	}
	if got := value[int64](t, pool, "SELECT sum(moves)::bigint FROM rapport.rollup_flows"); got != value[int64](t, pool, "SELECT count(*) FROM rapport.moves") {
		t.Errorf("the flows count %d moves, the table has others", got)
	}
	if got := value[int](t, pool, "SELECT count(*) FROM rapport.moves WHERE reason IS NULL OR to_stage IS NULL"); got != 0 {
		t.Errorf("%d moves have no name for their reason or stage", got)
	}
}
