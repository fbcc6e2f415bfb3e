package notifytest

import (
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/notify"
)

func claimOfLevelsGivesNoOthers(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	must(t, store.Subscribe(ctx, subscription("b")))
	var all []notify.Delivery
	for _, d := range []struct{ id, sub, customer, level string }{
		{"1", "a", "x", "high"}, {"2", "a", "x", ""}, {"3", "a", "y", "critical"}, {"4", "a", "y", "low"}, {"5", "b", "x", "high"},
		{"6", "a", "y", "high"}, {"7", "a", "z", "critical"}, {"8", "b", "x", ""},
	} {
		filed := delivery(d.id, d.sub, d.customer, start)
		filed.Level = d.level
		all = append(all, filed)
	}
	all[6].NextAttempt = start.Add(time.Hour)
	the[int](t)(store.Add(ctx, all))
	claim := func(c notify.Claim) []string { return ids(claimed(t, store, c, start)) }
	expect(t, "one of a level", claim(notify.Claim{Subscription: "a", Levels: []string{"high"}, Limit: 1}), []string{"1"})
	expect(t, "of two levels, the first of each customer", claim(notify.Claim{Subscription: "a", Levels: []string{"high", "critical"}, Ordered: true}), []string{"3"})
	expect(t, "of a level that none has", claim(notify.Claim{Subscription: "a", Levels: []string{"watch"}}), []string{})
	both := []notify.Claim{{Subscription: "a", Levels: []string{"high"}, Limit: 9}, {Subscription: "b", Limit: 9}}
	expect(t, "of levels and of all together", ids(the[[]notify.Delivery](t)(store.Claim(ctx, both, start, start.Add(time.Minute)))), []string{"5", "6", "8"})
	expect(t, "the rest", claim(of("a")), []string{"2", "4"})
}

func quietHoursLeaveSparedLevelsDue(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		must(t, store.Subscribe(ctx, subscription(id)))
	}
	later := start.Add(time.Hour)
	var all []notify.Delivery
	for _, d := range []struct {
		id, sub, level string
		at             time.Time
	}{
		{"1", "a", "", start}, {"2", "a", "critical", later}, {"3", "b", "high", start}, {"4", "b", "critical", start},
		{"5", "c", "low", start}, {"6", "d", "", start}, {"7", "e", "critical", start},
	} {
		filed := delivery(d.id, d.sub, "x", d.at)
		filed.Level = d.level
		all = append(all, filed)
	}
	digest := held("8", "c", start)
	digest.Level = "critical"
	the[int](t)(store.Add(ctx, append(all, digest)))
	the[notify.Subscription](t)(store.Change(ctx, "e", func(s *notify.Subscription) error { s.Disabled = "by hand"; return nil }))
	quiet := map[string][]string{"a": {"critical"}, "b": {"high", "critical"}, "c": {"critical"}, "d": nil, "e": {"critical"}, "nobody": {"critical"}}
	expect(t, "due without quiet hours", the[[]string](t)(store.Due(ctx, start, nil)), []string{"a", "b", "c", "d"})
	expect(t, "due in quiet hours", the[[]string](t)(store.Due(ctx, start, quiet)), []string{"b"})
	expect(t, "due in quiet hours later", the[[]string](t)(store.Due(ctx, later, quiet)), []string{"a", "b"})

	critical := notify.Claim{Subscription: "b", Levels: []string{"high", "critical"}}
	for _, d := range claimed(t, store, critical, start) {
		d.Status, d.FinishedAt, d.NextAttempt = notify.Delivered, start, time.Time{}
		settle(t, store, d)
	}
	expect(t, "the number due after that", len(the[[]string](t)(store.Due(ctx, start, quiet))), 0)
	must(t, store.Redeliver(ctx, "4", start))
	must(t, store.Unsubscribe(ctx, "a", start))
	expect(t, "due when one is asked for again", the[[]string](t)(store.Due(ctx, later, quiet)), []string{"b"})
}
