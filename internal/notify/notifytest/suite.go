// Package notifytest holds what every notify.Store must do, as a test suite.
package notifytest

import (
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
		"in quiet hours only spared levels are due":                       quietHoursLeaveSparedLevelsDue,
		"a claim of levels gives no others":                               claimOfLevelsGivesNoOthers,
		"a finished delivery is sent again on demand":                     finishedDeliveryIsSentAgain,
		"dead deliveries of one subscription are sent again together":     deadDeliveriesAreSentAgain,
		"the deliveries of a deleted subscription die":                    deletedSubscriptionEndsItsDeliveries,
		"the journal is read page by page and by filters":                 journalIsReadByPages,
		"what finished long ago is deleted and what is pending stays":     finishedDeliveriesArePruned,
		"concurrent claims share the deliveries without giving any twice": concurrentClaimsShare,
		"what waits for a digest is put into one, once":                   heldDeliveriesAreDigestedOnce,
		"a digest that is not made leaves its deliveries":                 failedDigestChangesNothing,
		"engines that make the same digest make it once":                  concurrentDigestsAreMadeOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, fresh(t))
		})
	}
}

func subscriptionComesBack(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	plain, full := subscription("a"), subscription("B")
	full.Description, full.Types, full.OrgUnit, full.MinLevel = "the dealer's system", []string{"churn.*", "lifecycle.started"}, "north/7", "high"
	full.Ordered, full.MaxAge, full.OldNews, full.Digest = true, 36*time.Hour, true, "08:00"
	full.Quiet = &notify.QuietHours{
		From: "20:00", To: "08:00", Days: []string{"mon", "fri"}, NonWorking: true, TimeZone: "Asia/Shanghai", Except: []string{"high", "critical"},
	}
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
		s.URL, s.Ordered, s.ID, s.Quiet = "https://example.com/new", true, "other", &notify.QuietHours{NonWorking: true}
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
	d.Level = "high"
	the[int](t)(store.Add(ctx, []notify.Delivery{d}))
	got := the[notify.Delivery](t)(store.Delivery(ctx, "1"))
	d.Seq = got.Seq
	expect(t, "the new delivery", got, d)

	taken := claimed(t, store, of("a"), start)[0]
	taken.Status, taken.Reason, taken.FinishedAt, taken.NextAttempt = notify.Dead, notify.ReasonExhausted, start.Add(time.Hour), time.Time{}
	taken.WindowStart, taken.Tries, taken.Attempts = start, 2, 3
	taken.Log = []notify.Attempt{{At: start, DurationMS: 12, Status: 503, Error: "answered 503", Excerpt: "zu viel \u2026", RetryAfterMS: 1500}, {At: start, Error: "no route"}}
	settle(t, store, taken)
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
	expect(t, "the number due before", len(the[[]string](t)(store.Due(ctx, start.Add(-time.Microsecond), nil))), 0)
	expect(t, "due first", the[[]string](t)(store.Due(ctx, start, nil)), []string{"c"})
	expect(t, "due later", the[[]string](t)(store.Due(ctx, start.Add(time.Second), nil)), []string{"a", "c"})
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
	the[int](t)(store.Add(ctx, []notify.Delivery{delivery("2", "a", "x", start.Add(time.Minute))}))
	both := claimed(t, store, of("a"), start.Add(time.Minute))
	current, other := both[0], both[1]
	old.Status, old.FinishedAt = notify.Dead, start
	expect(t, "what is lost with an old claim", the[[]string](t)(store.Settle(ctx, []notify.Delivery{old})), []string{"1"})
	current.NextAttempt, current.Tries = start.Add(time.Hour), 1
	settle(t, store, current)
	unknown := current
	unknown.ID, other.Tries = "3", 4
	// What is lost keeps no other from being settled.
	lost := the[[]string](t)(store.Settle(ctx, []notify.Delivery{unknown, other, current}))
	slices.Sort(lost)
	expect(t, "what is lost", lost, []string{"1", "3"})
	expect(t, "tries", the[notify.Delivery](t)(store.Delivery(ctx, "1")).Tries, 1)
	expect(t, "tries of the other", the[notify.Delivery](t)(store.Delivery(ctx, "2")).Tries, 4)
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
	settle(t, store, first[0])
	first[1].Status, first[1].FinishedAt, first[1].NextAttempt = notify.Delivered, start, time.Time{}
	settle(t, store, first[1])
	expect(t, "after one failed and one was taken", ids(claimed(t, store, c, start)), []string{"4"})
	c.Ordered = false
	expect(t, "without order", ids(claimed(t, store, c, start)), []string{"3"})
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
