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
