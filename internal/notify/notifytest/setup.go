package notifytest

import (
	"cmp"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/notify"
)

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
