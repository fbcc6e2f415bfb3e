package notifytest

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/notify"
)

// held returns a delivery that waits for a digest.
func held(id, sub string, at time.Time) notify.Delivery {
	d := delivery(id, sub, "x", start)
	d.DigestAt, d.NextAttempt = at, at
	return d
}

// joined is a digest whose body is the ids of its members.
func joined(id string) func([]notify.Delivery) (notify.Delivery, error) {
	return func(members []notify.Delivery) (notify.Delivery, error) {
		d := delivery(id, members[0].Subscription, "", start)
		d.Body = []byte(strings.Join(ids(members), " "))
		return d, nil
	}
}

func heldDeliveriesAreDigestedOnce(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	first, second := start.Add(time.Hour), start.Add(25*time.Hour)
	idle := subscription("c")
	idle.Disabled = notify.DisabledByHand
	for _, s := range []notify.Subscription{subscription("a"), subscription("b"), idle} {
		must(t, store.Subscribe(ctx, s))
	}
	the[int](t)(store.Add(ctx, []notify.Delivery{
		held("1", "a", first), held("2", "a", second), delivery("3", "a", "x", start), held("4", "a", first), held("5", "b", second),
		held("6", "a", first), held("7", "c", first),
	}))
	expect(t, "what is due by itself", the[[]string](t)(store.Due(ctx, second, nil)), []string{"a"})
	expect(t, "what is claimed", ids(claimed(t, store, of("a"), second)), []string{"3"})
	expect(t, "digests before their time", len(the[[]notify.HeldDigest](t)(store.HeldDigests(ctx, first.Add(-1)))), 0)
	due := the[[]notify.HeldDigest](t)(store.HeldDigests(ctx, second))
	expect(t, "due digests", due, []notify.HeldDigest{{Subscription: "a", At: first}, {Subscription: "a", At: second}, {Subscription: "b", At: second}})

	expect(t, "the first two", the[int](t)(store.MakeDigest(ctx, due[0], 2, first, joined("d1"))), 2)
	expect(t, "the rest", the[int](t)(store.MakeDigest(ctx, due[0], 2, first, joined("d2"))), 1)
	expect(t, "nothing more", the[int](t)(store.MakeDigest(ctx, due[0], 2, first, joined("d3"))), 0)
	expect(t, "of an idle endpoint", the[int](t)(store.MakeDigest(ctx, notify.HeldDigest{Subscription: "c", At: first}, 2, first, joined("d4"))), 0)
	expect(t, "of nobody", the[int](t)(store.MakeDigest(ctx, notify.HeldDigest{Subscription: "z", At: first}, 2, first, joined("d5"))), 0)
	for id, want := range map[string]string{"d1": "1 4", "d2": "6"} {
		expect(t, "digest "+id, string(the[notify.Delivery](t)(store.Delivery(ctx, id)).Body), want)
	}
	member := the[notify.Delivery](t)(store.Delivery(ctx, "4"))
	expect(t, "a member", []any{member.Status, member.FinishedAt, member.NextAttempt, member.DigestAt}, []any{notify.Digested, first, time.Time{}, first})
	expect(t, "the claim of digests", ids(claimed(t, store, of("a"), first)), []string{"d1", "d2"})
	expect(t, "what is known already", the[int](t)(store.Add(ctx, []notify.Delivery{held("1", "a", second)})), 0)

	must(t, store.Redeliver(ctx, "4", first))
	expect(t, "a member that is asked for again", ids(claimed(t, store, of("a"), first)), []string{"4"})
	expect(t, "what is old", the[int](t)(store.Prune(ctx, second, start)), 2)
}

func failedDigestChangesNothing(t *testing.T, store notify.Store) {
	t.Helper()
	ctx := t.Context()
	must(t, store.Subscribe(ctx, subscription("a")))
	the[int](t)(store.Add(ctx, []notify.Delivery{held("1", "a", start)}))
	due := notify.HeldDigest{Subscription: "a", At: start}
	fault := errors.New("no paper")
	_, err := store.MakeDigest(ctx, due, 5, start, func([]notify.Delivery) (notify.Delivery, error) { return notify.Delivery{}, fault })
	expectError(t, err, fault)
	expect(t, "what waits still", the[[]notify.HeldDigest](t)(store.HeldDigests(ctx, start)), []notify.HeldDigest{due})
}

func concurrentDigestsAreMadeOnce(t *testing.T, store notify.Store) {
	t.Helper()
	must(t, store.Subscribe(t.Context(), subscription("a")))
	the[int](t)(store.Add(t.Context(), []notify.Delivery{held("1", "a", start), held("2", "a", start)}))
	var made atomic.Int64
	var engines sync.WaitGroup
	for range 4 {
		engines.Go(func() {
			n, err := store.MakeDigest(t.Context(), notify.HeldDigest{Subscription: "a", At: start}, 5, start, joined("d"))
			if err != nil {
				t.Error(err)
			}
			made.Add(int64(n))
		})
	}
	engines.Wait()
	expect(t, "how many were put into digests", made.Load(), int64(2))
	expect(t, "the digest", string(the[notify.Delivery](t)(store.Delivery(t.Context(), "d")).Body), "1 2")
}
