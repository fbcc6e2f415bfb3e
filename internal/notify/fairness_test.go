package notify

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestEndpointsWithNothingToSendNowTakeNoPlaceFromOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		first Subscription
		// requests is how many the first ones get in a minute, each.
		requests int
	}{
		{"quiet hours hold what is not spared", Subscription{Quiet: night}, 0},
		{"order holds what comes after a failure", Subscription{Ordered: true}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ids := []string{"a", "b", "c", "d"}
				var all []Subscription
				for _, id := range ids {
					s := c.first
					s.ID = id
					all = append(all, s)
				}
				// As many as there are places come before the last one.
				o := Options{Concurrency: len(ids), Schedule: Schedule{Delays: []time.Duration{time.Hour}}}
				b := begin(t, NewMemory(), o, func(_ context.Context, s *Subscription, _ *Delivery) Attempt {
					if s.ID == "z" {
						return status(http.StatusNoContent)
					}
					return status(http.StatusBadGateway)
				}, append(all, Subscription{ID: "z"})...)
				defer b.stop()
				b.publish(output("ann", 1, time.Now()), output("ann", 2, time.Now()))
				sleepUntil(clockAt(1, 0, 1))
				for _, id := range ids {
					if got := len(b.receiver.requests(id)); got != c.requests {
						t.Errorf("%d requests to %s, want %d", got, id, c.requests)
					}
				}
				if got := len(b.receiver.requests("z")); got != 2 {
					t.Errorf("%d requests to the endpoint that nothing holds back, want 2", got)
				}
			})
		})
	}
}
