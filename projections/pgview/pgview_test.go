package pgview_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect opens a pool on a database of its own.
func connect(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pgtest.Database(t), pg.Options{MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// connectWith opens a pool with the given settings.
func connectWith(t testing.TB, config *pgxpool.Config) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func open(t testing.TB, pool *pgxpool.Pool, fold *projections.Fold, options pgview.Options) *pgview.Store {
	t.Helper()
	store, err := pgview.Open(t.Context(), pool, fold, options)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func execute(t testing.TB, pool *pgxpool.Pool, statement string, arguments ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), statement, arguments...); err != nil {
		t.Fatal(err)
	}
}

// value returns what the statement yields in its only row and column.
func value[T any](t testing.TB, pool *pgxpool.Pool, statement string, arguments ...any) T {
	t.Helper()
	var v T
	if err := pool.QueryRow(t.Context(), statement, arguments...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// fresh returns a function that makes empty stores, those of one test in one database.
func fresh(cache int) viewtest.NewStore {
	var mu sync.Mutex
	pools := make(map[testing.TB]*pgxpool.Pool)
	return func(t testing.TB, fold *projections.Fold, partitions int) projections.Store {
		t.Helper()
		mu.Lock()
		pool, used := pools[t]
		mu.Unlock()
		if !used {
			pool = connect(t)
			mu.Lock()
			pools[t] = pool
			mu.Unlock()
		}
		return renewed(t, pool, fold, pgview.Options{Partitions: partitions, Cache: cache})
	}
}

// renewed returns a store on an empty generation, which is the only one.
func renewed(t testing.TB, pool *pgxpool.Pool, fold *projections.Fold, options pgview.Options) *pgview.Store {
	t.Helper()
	if value[bool](t, pool, "SELECT to_regclass('rapport.generations') IS NOT NULL") {
		execute(t, pool, "UPDATE rapport.generations SET policy_digest = 'another'")
	}
	store := open(t, pool, fold, options)
	if err := store.Show(t.Context()); err != nil {
		t.Fatal(err)
	}
	generations, err := store.Generations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range generations {
		if g.Name != store.Generation() {
			if err := store.Drop(t.Context(), g.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	return store
}

func TestConformance(t *testing.T) {
	t.Parallel()
	viewtest.Run(t, fresh(0))
}

func TestConformanceWithCacheOfFewCustomers(t *testing.T) {
	t.Parallel()
	viewtest.Run(t, fresh(6))
}
