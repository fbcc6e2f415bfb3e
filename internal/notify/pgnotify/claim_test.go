package pgnotify_test

import (
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/notify/pgnotify"
)

func TestAClaimThatFailsForTheLevelsOfOneLeavesNothingClaimed(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), connect(t)
	store, err := pgnotify.Open(ctx, pool)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	var all []notify.Delivery
	for id, level := range map[string]string{"a": "", "b": "critical"} {
		if err := store.Subscribe(ctx, notify.Subscription{ID: id, URL: "https://example.com", CreatedAt: now}); err != nil {
			t.Fatal(err)
		}
		all = append(all, notify.Delivery{ID: id, Subscription: id, Level: level, Body: []byte(`{}`), Status: notify.Pending, CreatedAt: now, NextAttempt: now})
	}
	if _, err := store.Add(ctx, all); err != nil {
		t.Fatal(err)
	}
	claims := []notify.Claim{{Subscription: "a", Limit: 1}, {Subscription: "b", Levels: []string{"critical"}, Limit: 1}}
	claim := func() (int, error) {
		claimed, err := store.Claim(ctx, claims, now, now.Add(time.Minute))
		return len(claimed), err
	}
	const forbid = `ALTER TABLE rapport_notify.deliveries ADD CONSTRAINT nothing_critical CHECK (level <> 'critical' OR claim = 0)`
	if _, err := pool.Exec(ctx, forbid); err != nil {
		t.Fatal(err)
	}
	if n, err := claim(); err == nil || n != 0 {
		t.Errorf("%d were claimed, %v, want an error", n, err)
	}
	if _, err := pool.Exec(ctx, `ALTER TABLE rapport_notify.deliveries DROP CONSTRAINT nothing_critical`); err != nil {
		t.Fatal(err)
	}
	if n, err := claim(); err != nil || n != 2 {
		t.Errorf("%d were claimed after that, %v, want both", n, err)
	}
}
