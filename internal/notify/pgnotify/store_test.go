package pgnotify_test

import (
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/notify/notifytest"
	"github.com/rapport-crm/rapport/internal/notify/pgnotify"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T) *pg.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pgtest.Database(t), pg.Options{MaxConns: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestPostgreSQLConforms(t *testing.T) {
	t.Parallel()
	notifytest.Run(t, func(t *testing.T) notify.Store {
		t.Helper()
		store, err := pgnotify.Open(t.Context(), connect(t))
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}

func TestSeveralEnginesMayOpenANewDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	pool := connect(t)
	var engines sync.WaitGroup
	for range 3 {
		engines.Go(func() {
			if _, err := pgnotify.Open(t.Context(), pool); err != nil {
				t.Error(err)
			}
		})
	}
	engines.Wait()
	var n int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM rapport_notify.subscriptions").Scan(&n); err != nil || n != 0 {
		t.Errorf("the new database has %d subscriptions, %v", n, err)
	}
}
