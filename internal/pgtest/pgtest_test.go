package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect opens a connection that is closed when the test has ended.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's context is done by now. A killed server has closed the connection already.
		_ = conn.Close(context.WithoutCancel(t.Context()))
	})
	return conn
}

// query returns the single value that the statement yields.
func query[T any](t *testing.T, conn *pgx.Conn, statement string) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), statement).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func execute(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestEveryDatabaseIsEmptyAndSeparate(t *testing.T) {
	t.Parallel()
	first := connect(t, pgtest.Database(t))
	second := connect(t, pgtest.Database(t))
	execute(t, first, "CREATE TABLE marks (n int)")
	const tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
	if n := query[int](t, first, tables); n != 1 {
		t.Errorf("first database has %d tables, want 1", n)
	}
	if n := query[int](t, second, tables); n != 0 {
		t.Errorf("second database has %d tables, want 0", n)
	}
}

func TestDatabaseIsDroppedWithItsTestThoughAConnectionIsOpen(t *testing.T) {
	t.Parallel()
	observer := connect(t, pgtest.Database(t))
	var name string
	t.Run("user of the database", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), pgtest.Database(t))
		if err != nil {
			t.Fatal(err)
		}
		name = query[string](t, conn, "SELECT current_database()")
		// The connection is left open on purpose: dropping the database ends it.
	})
	var n int
	if err := observer.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname = $1", name).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Errorf("database %s is still there", name)
	}
}

func TestCommittedRowsOutliveKillAndStop(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, nil)
	conn := connect(t, server.URL())
	if mode := query[string](t, conn, "SHOW fsync"); mode != "on" {
		t.Errorf("fsync is %s, want on", mode)
	}
	execute(t, conn, "CREATE TABLE marks (n int)")
	for i, end := range []func(){server.Kill, server.Stop} {
		execute(t, connect(t, server.URL()), "INSERT INTO marks VALUES (1)")
		end()
		if _, err := pgx.Connect(t.Context(), server.URL()); err == nil {
			t.Fatal("a server that was ended accepts connections")
		}
		server.Start()
		if n := query[int](t, connect(t, server.URL()), "SELECT count(*) FROM marks"); n != i+1 {
			t.Errorf("%d rows after restart %d, want %d", n, i+1, i+1)
		}
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, &pgtest.Options{Volatile: true, Settings: map[string]string{"work_mem": "7MB"}})
	conn := connect(t, server.URL())
	if v := query[string](t, conn, "SHOW work_mem"); v != "7MB" {
		t.Errorf("work_mem is %s, want 7MB", v)
	}
	if v := query[string](t, conn, "SHOW fsync"); v != "off" {
		t.Errorf("fsync of a volatile server is %s, want off", v)
	}
}
