// Package pgtest gives tests databases on a real PostgreSQL server.
//
// When RAPPORT_TEST_DATABASE_URL is set, its server is used; the account needs the right to create databases. Otherwise
// the first call of a test process starts a private server from the PostgreSQL programs of this machine, on a Unix
// socket in a directory of its own below /tmp. That server needs no test hook to go away: package servertest ends it
// and removes its directory when the test process ends, whatever the way.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/internal/servertest"
)

// environment names the variable that holds the connection string of a server to use instead of a private one.
const environment = "RAPPORT_TEST_DATABASE_URL"

// patience bounds every single operation of this package: starting and stopping a server, creating and dropping a
// database.
const patience = 2 * time.Minute

// shared starts the server of this test process once. The value holds the server, not its address alone, because a
// server ends when its process handle is garbage collected.
var shared = sync.OnceValues(func() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return create(ctx, &Options{Volatile: true})
})

// Database returns the connection string of a new, empty database that only this test uses. It is dropped when the test
// and its subtests have ended, together with the connections still open to it. Tests may call it concurrently.
func Database(t testing.TB) string {
	t.Helper()
	servertest.SkipUnlessWanted(t)
	base := os.Getenv(environment)
	if base == "" {
		s, err := shared()
		servertest.Require(t, err)
		base = s.url()
	}
	name := "rapport_test_" + strings.ToLower(rand.Text())
	identifier := pgx.Identifier{name}.Sanitize()
	target, err := withDatabase(base, name)
	if err == nil {
		err = execute(base, "CREATE DATABASE "+identifier+" TEMPLATE template0 ENCODING 'UTF8'")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(base, "DROP DATABASE IF EXISTS "+identifier+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return target
}

// Launch starts a private server for a program that is not a test and returns the connection string of its database
// "postgres" and a function that stops the server and removes its files. Programs that are not installed give an error
// that wraps servertest.ErrNotInstalled.
func Launch(ctx context.Context) (databaseURL string, stop func() error, err error) {
	s, err := create(ctx, &Options{Volatile: true})
	if err != nil {
		return "", nil, err
	}
	return s.url(), s.remove, nil
}

// withDatabase returns the connection string base, a URL or a list of keywords and values, with the database replaced.
func withDatabase(base, name string) (string, error) {
	if !strings.HasPrefix(base, "postgres://") && !strings.HasPrefix(base, "postgresql://") {
		// Of two equal keywords the later one counts.
		return base + " dbname=" + name, nil
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("parse %s: %w", environment, err)
	}
	u.Path = "/" + name
	query := u.Query()
	query.Del("dbname")
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// execute runs one statement on a connection of its own. The test's context is of no use here: it is cancelled before
// clean-up functions run.
func execute(databaseURL, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("run %q: %w", statement, err)
	}
	_, err = conn.Exec(ctx, statement)
	if closeErr := conn.Close(ctx); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("run %q: %w", statement, err)
	}
	return nil
}
