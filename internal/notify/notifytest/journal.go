package notifytest

import (
	"slices"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/notify"
)

func finishedDeliveryIsSentAgain(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("1", "a", "x", start)}))
	expectError(t, store.Redeliver(ctx, "1", start), notify.ErrPending)
	finishAll(t, store, "a", notify.Dead)
	must(t, store.Redeliver(ctx, "1", start.Add(time.Hour)))
	d := the[notify.Delivery](t)(store.Delivery(ctx, "1"))
	expect(t, "the state", []any{d.Status, d.Reason, d.Tries, d.Attempts, d.WindowStart, d.FinishedAt, d.NextAttempt},
		[]any{notify.Pending, "", 0, 1, time.Time{}, time.Time{}, start.Add(time.Hour)})
	expect(t, "its claim", ids(claimed(t, store, of("a"), start.Add(time.Hour))), []string{"1"})
	expectError(t, store.Redeliver(ctx, "2", start), notify.ErrNotFound)
}

// settle settles a delivery whose claim is the latest.
func settle(t *testing.T, store notify.Store, d notify.Delivery) {
	t.Helper()
	expect(t, "what is lost", len(the[[]string](t)(store.Settle(t.Context(), []notify.Delivery{d}))), 0)
}

// finishAll claims every delivery of a subscription and ends it.
func finishAll(t *testing.T, store notify.Store, sub string, status notify.Status) {
	t.Helper()
	for _, d := range claimed(t, store, of(sub), start) {
		d.Status, d.Reason, d.FinishedAt, d.NextAttempt = status, "r", start, time.Time{}
		d.WindowStart, d.Tries, d.Attempts = start, 1, 1
		settle(t, store, d)
	}
}

func deadDeliveriesAreSentAgain(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	must(t, store.Subscribe(ctx, subscription("b")))
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("1", "a", "x", start), delivery("2", "a", "x", start), delivery("3", "b", "x", start)}))
	finishAll(t, store, "a", notify.Dead)
	finishAll(t, store, "b", notify.Dead)
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("4", "a", "x", start)}))
	finishAll(t, store, "a", notify.Delivered)
	expect(t, "sent again", the[int](t)(store.RedeliverDead(ctx, "a", start)), 2)
	expect(t, "claimed", ids(claimed(t, store, of("a"), start)), []string{"1", "2"})
	_, err := store.RedeliverDead(ctx, "c", start)
	expectError(t, err, notify.ErrNotFound)
}

func deletedSubscriptionEndsItsDeliveries(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("1", "a", "x", start)}))
	must(t, store.Unsubscribe(ctx, "a", start.Add(time.Hour)))
	d := the[notify.Delivery](t)(store.Delivery(ctx, "1"))
	expect(t, "the state", []any{d.Status, d.Reason, d.FinishedAt, d.NextAttempt},
		[]any{notify.Dead, notify.ReasonUnsubscribed, start.Add(time.Hour), time.Time{}})
	expectError(t, store.Redeliver(ctx, "1", start), notify.ErrNotFound)
	expectError(t, store.Unsubscribe(ctx, "a", start), notify.ErrNotFound)
	expect(t, "what is left", len(the[[]notify.Subscription](t)(store.Subscriptions(ctx))), 0)
}

func journalIsReadByPages(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	must(t, store.Subscribe(ctx, subscription("b")))
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("1", "a", "x", start), delivery("2", "a", "y", start), delivery("3", "b", "x", start)}))
	finishAll(t, store, "b", notify.Dead)
	for _, c := range []struct {
		filter notify.Filter
		want   []string
	}{
		{notify.Filter{}, []string{"3", "2", "1"}},
		{notify.Filter{Subscription: "a"}, []string{"2", "1"}},
		{notify.Filter{Customer: "x"}, []string{"3", "1"}},
		{notify.Filter{Status: notify.Dead}, []string{"3"}},
		{notify.Filter{Type: "lifecycle.ended"}, []string{}},
		{notify.Filter{Subscription: "a", Status: notify.Pending, Customer: "y", Type: "lifecycle.started"}, []string{"2"}},
	} {
		page := the[notify.Page](t)(store.Deliveries(ctx, c.filter))
		expect(t, "the page", ids(page.Items), c.want)
		expect(t, "the next page", page.Next, int64(0))
	}
	first := the[notify.Page](t)(store.Deliveries(ctx, notify.Filter{Limit: 2}))
	second := the[notify.Page](t)(store.Deliveries(ctx, notify.Filter{Limit: 2, Before: first.Next}))
	expect(t, "both pages", ids(slices.Concat(first.Items, second.Items)), []string{"3", "2", "1"})
	expect(t, "the end", second.Next, int64(0))
}

func finishedDeliveriesArePruned(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	must(t, store.Subscribe(ctx, subscription("b")))
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("1", "a", "x", start), delivery("2", "b", "x", start)}))
	finishAll(t, store, "a", notify.Delivered)
	finishAll(t, store, "b", notify.Dead)
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("3", "a", "x", start.Add(-time.Hour))}))
	expect(t, "deleted at the time", the[int](t)(store.Prune(ctx, start, start)), 0)
	expect(t, "deleted after it", the[int](t)(store.Prune(ctx, start.Add(time.Second), start)), 1)
	expect(t, "what is left", ids(the[notify.Page](t)(store.Deliveries(ctx, notify.Filter{})).Items), []string{"3", "2"})
}
