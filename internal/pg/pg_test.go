package pg_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, databaseURL string, options pg.Options) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), databaseURL, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// with adds a parameter to a connection string in the form of a URL.
func with(t *testing.T, databaseURL, name, value string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func show(t *testing.T, pool *pgxpool.Pool, name string) string {
	t.Helper()
	var value string
	if err := pool.QueryRow(t.Context(), "SHOW "+name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestEveryConnectionHasTheSettings(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Database(t), pg.Options{ApplicationName: "test"})
	for name, want := range map[string]string{
		"application_name": "test", "timezone": "UTC", "statement_timeout": "1min", "lock_timeout": "10s",
		"idle_in_transaction_session_timeout": "1min",
	} {
		if got := show(t, pool, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if n := pool.Config().MaxConns; n != 16 {
		t.Errorf("the pool has room for %d connections, want 16", n)
	}
}

func TestConnectionStringWinsOverOptions(t *testing.T) {
	t.Parallel()
	databaseURL := with(t, with(t, pgtest.Database(t), "pool_max_conns", "3"), "statement_timeout", "7000")
	pool := open(t, databaseURL, pg.Options{MaxConns: 9})
	if n := pool.Config().MaxConns; n != 3 {
		t.Errorf("the pool has room for %d connections, want 3", n)
	}
	if got := show(t, pool, "statement_timeout"); got != "7s" {
		t.Errorf("statement_timeout is %s, want 7s", got)
	}
}

func TestOpenFailsWhenNobodyListens(t *testing.T) {
	t.Parallel()
	_, err := pg.Open(t.Context(), "host="+t.TempDir()+" user=nobody dbname=none", pg.Options{})
	if pg.Classify(err) != pg.Unavailable {
		t.Errorf("error %v is %s, want unavailable", err, pg.Classify(err))
	}
}

func TestErrorsOfTheServerAreClassified(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Database(t), pg.Options{})
	const raise = `DO $$ BEGIN RAISE EXCEPTION 'raised by a test' USING ERRCODE = '`
	for statement, want := range map[string]pg.Class{
		"SELECT * FROM nowhere":                         pg.Missing,
		"SELECT nothing FROM pg_class":                  pg.Missing,
		"SELECT 1/0":                                    pg.Other,
		raise + `40001'; END $$`:                        pg.Retryable,
		raise + `40P01'; END $$`:                        pg.Retryable,
		raise + `08006'; END $$`:                        pg.Unavailable,
		raise + `28000'; END $$`:                        pg.Refused,
		raise + `42501'; END $$`:                        pg.Refused,
		raise + `23505'; END $$`:                        pg.Duplicate,
		"SELECT pg_terminate_backend(pg_backend_pid())": pg.Unavailable,
	} {
		_, err := pool.Exec(t.Context(), statement)
		if got := pg.Classify(err); err == nil || got != want {
			t.Errorf("%s: error %v is %s, want %s", statement, err, got, want)
		}
	}
}

func TestErrorOfTheContextIsNotTheDatabases(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Database(t), pg.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := pool.Exec(ctx, "SELECT 1")
	if !errors.Is(err, context.Canceled) || pg.Classify(err) != pg.Other {
		t.Errorf("error %v is %s, want other", err, pg.Classify(err))
	}
}
