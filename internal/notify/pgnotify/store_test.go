package pgnotify_test

import (
	"os"
	"sync"
	"testing"
	"testing/fstest"

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

func TestADatabaseOfAnEarlierProgramHasNoQuietHours(t *testing.T) {
	t.Parallel()
	pool := connect(t)
	earlier := make(fstest.MapFS)
	for _, name := range []string{"migrations/00001_webhooks.sql", "migrations/00002_digests.sql"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		earlier[name] = &fstest.MapFile{Data: text}
	}
	if err := (pg.Schema{Name: "rapport_notify", Files: earlier}).Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	const content = `INSERT INTO rapport_notify.subscriptions VALUES ('a', 'https://example.com', '', '{}', '', '', false, 0, false, '[]', '', NULL, now(), '08:00');
		INSERT INTO rapport_notify.deliveries (id, subscription, event, type, customer, body, status, reason, created_at, next_attempt, tries, attempts, log, claim)
		VALUES ('1', 'a', 'e', 'churn.warning_raised', 'x', '', 'pending', '', now(), now(), 0, 0, '[]', 0)`
	if _, err := pool.Exec(t.Context(), content); err != nil {
		t.Fatal(err)
	}
	store, err := pgnotify.Open(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := store.Subscription(t.Context(), "a"); err != nil || s.Quiet != nil || s.Digest != "08:00" {
		t.Errorf("the subscription is %+v, %v", s, err)
	}
	if d, err := store.Delivery(t.Context(), "1"); err != nil || d.Level != "" || d.Status != notify.Pending {
		t.Errorf("the delivery is %+v, %v", d, err)
	}
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
