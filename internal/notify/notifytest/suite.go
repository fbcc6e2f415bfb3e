// Package notifytest holds what every notify.Store must do, as a test suite.
package notifytest

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/notify"
)

// NewStore returns an empty store.
type NewStore func(t *testing.T) notify.Store

// start is the time at which the stories of the suite begin.
var start = time.Date(2026, 3, 1, 9, 30, 0, 123456000, time.UTC)

// Run runs the suite.
func Run(t *testing.T, fresh NewStore) {
	t.Helper()
	for name, story := range map[string]func(*testing.T, notify.Store){
		"a subscription comes back as it was kept":                        subscriptionComesBack,
		"a subscription is changed wholly or not at all":                  subscriptionIsChangedWholly,
		"a delivery comes back as it was kept":                            deliveryComesBack,
		"a repeated delivery changes nothing":                             repeatedDeliveryChangesNothing,
		"what is due is that of endpoints in use":                         dueIsThatOfEndpointsInUse,
		"a claimed delivery is given to nobody else before the lease":     claimedDeliveryIsGivenOnce,
		"each subscription is given as much as is asked for it":           claimsAreAnsweredTogether,
		"a lost claim settles nothing":                                    lostClaimSettlesNothing,
		"an ordered subscription is given the first of each customer":     orderedSubscriptionIsGivenTheFirst,
		"a finished delivery is sent again on demand":                     finishedDeliveryIsSentAgain,
		"dead deliveries of one subscription are sent again together":     deadDeliveriesAreSentAgain,
		"the deliveries of a deleted subscription die":                    deletedSubscriptionEndsItsDeliveries,
		"the journal is read page by page and by filters":                 journalIsReadByPages,
		"what finished long ago is deleted and what is pending stays":     finishedDeliveriesArePruned,
		"concurrent claims share the deliveries without giving any twice": concurrentClaimsShare,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, fresh(t))
		})
	}
}

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// the returns the value that comes without an error.
func the[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func subscription(id string) notify.Subscription {
	return notify.Subscription{
		ID: id, URL: "https://example.com/" + id, Secrets: []notify.Secret{{Key: notify.NewKey(), CreatedAt: start}}, CreatedAt: start,
	}
}

func delivery(id, sub, customer string, at time.Time) notify.Delivery {
	return notify.Delivery{
		ID: id, Subscription: sub, Event: "event of " + id, Type: "lifecycle.started", Customer: customer, Body: []byte(`{"a":1}`),
		Status: notify.Pending, CreatedAt: at, NextAttempt: at,
	}
}

// claimed takes on what is due of a subscription for a minute, at most a number when one is given.
func claimed(t *testing.T, store notify.Store, c notify.Claim, now time.Time) []notify.Delivery {
	t.Helper()
	c.Limit = cmp.Or(c.Limit, 100)
	return the[[]notify.Delivery](t)(store.Claim(t.Context(), []notify.Claim{c}, now, now.Add(time.Minute)))
}

// of is a claim of all that is due of a subscription.
func of(sub string) notify.Claim { return notify.Claim{Subscription: sub} }

func ids(deliveries []notify.Delivery) []string {
	list := make([]string, len(deliveries))
	for i, d := range deliveries {
		list[i] = d.ID
	}
	return list
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func expectError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("the error is %v, want one of %v", err, want)
	}
}

func subscriptionComesBack(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	plain, full := subscription("a"), subscription("B")
	full.Description, full.Types, full.OrgUnit, full.MinLevel = "the dealer's system", []string{"churn.*", "lifecycle.started"}, "north/7", "high"
	full.Ordered, full.MaxAge, full.OldNews = true, 36*time.Hour, true
	full.Rotate(start.Add(time.Second), time.Hour)
	full.Disabled, full.DisabledAt = notify.DisabledGone, start.Add(time.Minute)
	for _, s := range []notify.Subscription{plain, full} {
		must(t, store.Subscribe(ctx, s))
		got := the[notify.Subscription](t)(store.Subscription(ctx, s.ID))
		if !reflect.DeepEqual(got, s) {
			t.Errorf("the subscription came back otherwise: %+v, want %+v", got, s)
		}
		for i, secret := range got.Secrets {
			if string(secret.Key) != string(s.Secrets[i].Key) {
				t.Error("a key came back otherwise")
			}
		}
	}
	all := the[[]notify.Subscription](t)(store.Subscriptions(ctx))
	expect(t, "all subscriptions in order", all, []notify.Subscription{full, plain})
	expectError(t, store.Subscribe(ctx, plain), notify.ErrExists)
	_, err := store.Subscription(ctx, "c")
	expectError(t, err, notify.ErrNotFound)
}

func subscriptionIsChangedWholly(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	changed := the[notify.Subscription](t)(store.Change(ctx, "a", func(s *notify.Subscription) error {
		s.URL, s.Ordered, s.ID = "https://example.com/new", true, "other"
		return nil
	}))
	expect(t, "the changed subscription", the[notify.Subscription](t)(store.Subscription(ctx, "a")), changed)
	expect(t, "its id", changed.ID, "a")
	refusal := errors.New("refused")
	_, err := store.Change(ctx, "a", func(s *notify.Subscription) error {
		s.URL = ""
		return refusal
	})
	expectError(t, err, refusal)
	expect(t, "the subscription after a refusal", the[notify.Subscription](t)(store.Subscription(ctx, "a")), changed)
	_, err = store.Change(ctx, "b", func(*notify.Subscription) error { return nil })
	expectError(t, err, notify.ErrNotFound)
}

func deliveryComesBack(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	d := delivery("1", "a", "顾客", start)
	the[int](t)(store.Add(ctx, []notify.Delivery{d}))
	got := the[notify.Delivery](t)(store.Delivery(ctx, "1"))
	d.Seq = got.Seq
	expect(t, "the new delivery", got, d)

	taken := claimed(t, store, of("a"), start)[0]
	taken.Status, taken.Reason, taken.FinishedAt, taken.NextAttempt = notify.Dead, notify.ReasonExhausted, start.Add(time.Hour), time.Time{}
	taken.WindowStart, taken.Tries, taken.Attempts = start, 2, 3
	taken.Log = []notify.Attempt{{At: start, DurationMS: 12, Status: 503, Error: "answered 503", Excerpt: "zu viel \u2026", RetryAfterMS: 1500}, {At: start, Error: "no route"}}
	must(t, store.Settle(ctx, taken))
	got = the[notify.Delivery](t)(store.Delivery(ctx, "1"))
	taken.Claim = got.Claim
	expect(t, "the settled delivery", got, taken)
	_, err := store.Delivery(ctx, "2")
	expectError(t, err, notify.ErrNotFound)
}

func repeatedDeliveryChangesNothing(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	first := delivery("1", "a", "x", start)
	expect(t, "new deliveries", the[int](t)(store.Add(ctx, []notify.Delivery{first})), 1)
	again := first
	again.Body = []byte(`{"a":2}`)
	foreign := delivery("3", "nobody", "x", start)
	n := the[int](t)(store.Add(ctx, []notify.Delivery{again, delivery("2", "a", "x", start), foreign}))
	expect(t, "new deliveries of a repetition", n, 1)
	expect(t, "the body", string(the[notify.Delivery](t)(store.Delivery(ctx, "1")).Body), string(first.Body))
	_, err := store.Delivery(ctx, "3")
	expectError(t, err, notify.ErrNotFound)
}

func dueIsThatOfEndpointsInUse(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	for _, id := range []string{"a", "b", "c", "d"} {
		must(t, store.Subscribe(ctx, subscription(id)))
	}
	the[int](t)(store.Add(ctx, []notify.Delivery{
		delivery("1", "c", "x", start), delivery("2", "a", "x", start.Add(time.Second)), delivery("3", "b", "x", start),
	}))
	the[notify.Subscription](t)(store.Change(ctx, "b", func(s *notify.Subscription) error { s.Disabled = "by hand"; return nil }))
	expect(t, "the number due before", len(the[[]string](t)(store.Due(ctx, start.Add(-time.Microsecond)))), 0)
	expect(t, "due first", the[[]string](t)(store.Due(ctx, start)), []string{"c"})
	expect(t, "due later", the[[]string](t)(store.Due(ctx, start.Add(time.Second))), []string{"a", "c"})
}

func claimedDeliveryIsGivenOnce(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("1", "a", "x", start), delivery("2", "a", "x", start.Add(-time.Second)), delivery("3", "a", "x", start)}))
	limited := notify.Claim{Subscription: "a", Limit: 2}
	expect(t, "the first claim", ids(claimed(t, store, limited, start)), []string{"1", "2"})
	expect(t, "the second claim", ids(claimed(t, store, limited, start)), []string{"3"})
	expect(t, "the third claim", len(claimed(t, store, limited, start)), 0)
	expect(t, "the claim after the lease", ids(claimed(t, store, of("a"), start.Add(time.Minute))), []string{"1", "2", "3"})
}

func claimsAreAnsweredTogether(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	for _, id := range []string{"a", "b", "c"} {
		must(t, store.Subscribe(ctx, subscription(id)))
	}
	the[int](t)(store.Add(ctx, []notify.Delivery{
		delivery("1", "a", "x", start), delivery("2", "b", "x", start), delivery("3", "b", "x", start), delivery("4", "a", "y", start),
		delivery("5", "c", "x", start), delivery("6", "a", "z", start),
	}))
	claims := []notify.Claim{{Subscription: "b", Ordered: true, Limit: 5}, {Subscription: "a", Limit: 2}, {Subscription: "nobody", Limit: 1}}
	got := the[[]notify.Delivery](t)(store.Claim(ctx, claims, start, start.Add(time.Minute)))
	expect(t, "the claims", ids(got), []string{"1", "2", "4"})
}

func lostClaimSettlesNothing(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("1", "a", "x", start)}))
	old := claimed(t, store, of("a"), start)[0]
	current := claimed(t, store, of("a"), start.Add(time.Minute))[0]
	old.Status, old.FinishedAt = notify.Dead, start
	expectError(t, store.Settle(ctx, old), notify.ErrClaimLost)
	current.NextAttempt, current.Tries = start.Add(time.Hour), 1
	must(t, store.Settle(ctx, current))
	expectError(t, store.Settle(ctx, current), notify.ErrClaimLost)
	expect(t, "tries", the[notify.Delivery](t)(store.Delivery(ctx, "1")).Tries, 1)
	current.ID = "2"
	expectError(t, store.Settle(ctx, current), notify.ErrClaimLost)
}

func orderedSubscriptionIsGivenTheFirst(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	must(t, store.Subscribe(ctx, subscription("b")))
	the[int](t)(store.Add(ctx, []notify.Delivery{
		delivery("1", "a", "x", start), delivery("2", "a", "y", start), delivery("3", "a", "x", start), delivery("4", "a", "y", start),
		delivery("5", "b", "x", start),
	}))
	c := notify.Claim{Subscription: "a", Ordered: true}
	first := claimed(t, store, c, start)
	expect(t, "the first claim", ids(first), []string{"1", "2"})
	expect(t, "while both are claimed", len(claimed(t, store, c, start)), 0)
	first[0].NextAttempt = start.Add(time.Hour)
	must(t, store.Settle(ctx, first[0]))
	first[1].Status, first[1].FinishedAt, first[1].NextAttempt = notify.Delivered, start, time.Time{}
	must(t, store.Settle(ctx, first[1]))
	expect(t, "after one failed and one was taken", ids(claimed(t, store, c, start)), []string{"4"})
	c.Ordered = false
	expect(t, "without order", ids(claimed(t, store, c, start)), []string{"3"})
}

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

// finishAll claims every delivery of a subscription and ends it.
func finishAll(t *testing.T, store notify.Store, sub string, status notify.Status) {
	t.Helper()
	for _, d := range claimed(t, store, of(sub), start) {
		d.Status, d.Reason, d.FinishedAt, d.NextAttempt = status, "r", start, time.Time{}
		d.WindowStart, d.Tries, d.Attempts = start, 1, 1
		must(t, store.Settle(t.Context(), d))
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

func concurrentClaimsShare(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	const n = 40
	var all []notify.Delivery
	for i := range n {
		all = append(all, delivery(string(rune('A'+i)), "a", string(rune('A'+i%5)), start))
	}
	the[int](t)(store.Add(ctx, all))
	var mu sync.Mutex
	given := make(map[string]int)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for range n {
				claimed, err := store.Claim(ctx, []notify.Claim{{Subscription: "a", Limit: 3}}, start, start.Add(time.Minute))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, d := range claimed {
					given[d.ID]++
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if len(given) != n {
		t.Errorf("%d deliveries were given, want %d", len(given), n)
	}
	for id, times := range given {
		if times != 1 {
			t.Errorf("delivery %s was given %d times", id, times)
		}
	}
}
