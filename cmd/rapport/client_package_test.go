package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore/client"
)

// clientCustomers are the customers of the test of the client package.
const clientCustomers = 40

// TestProgramsThatUseTheClientPackageMissAndDoubleNothingOverRestartsOfTheServer appends with the client package and follows
// the outputs with it, while the server is killed and stopped.
func TestProgramsThatUseTheClientPackageMissAndDoubleNothingOverRestartsOfTheServer(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	c, err := client.New(s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	outputs := make(chan client.Output, 4*clientCustomers)
	ctx, stop := context.WithCancel(t.Context())
	followed := make(chan error, 1)
	go func() {
		filter := client.Filter{Topics: []string{"rapport.lifecycle"}}
		for o, err := range c.Follow(ctx, filter, client.Beginning) {
			if err != nil {
				followed <- err
				return
			}
			outputs <- o
		}
	}()
	for half := range 2 {
		events := make([]*domain.Event, clientCustomers/2)
		for i := range events {
			events[i] = clientPurchase(t, fmt.Sprintf("c-%d", half*clientCustomers/2+i))
		}
		results, err := c.AppendBatch(t.Context(), events, patience)
		if err != nil {
			t.Fatal(err)
		}
		for i := range results {
			if err := results[i].Err(); err != nil || results[i].Version != 1 {
				t.Errorf("%+v: %v", results[i], err)
			}
		}
		if half == 0 {
			s.kill()
		} else {
			s.stop()
		}
		s.restart(t)
	}
	checkVersions(t, c)
	got := make(map[string]string)
	for len(got) < clientCustomers {
		select {
		case o := <-outputs:
			started, ok := o.Data.(*domain.LifecycleStarted)
			if moved, also := o.Data.(*domain.LifecycleStageChanged); also {
				if got[o.Customer] != "prospect" || moved.To != "growth" {
					t.Errorf("%s moved to %s after %q", o.Customer, moved.To, got[o.Customer])
				}
				got[o.Customer] = moved.To
				continue
			}
			if !ok || got[o.Customer] != "" {
				t.Fatalf("%+v came after %q", o, got[o.Customer])
			}
			got[o.Customer] = started.To
		case err := <-followed:
			t.Fatal(err)
		case <-time.After(patience):
			t.Fatalf("the life of %d of %d customers is known to have started", len(got), clientCustomers)
		}
	}
	stop()
	if err := <-followed; !errors.Is(err, context.Canceled) {
		t.Errorf("the end is %v", err)
	}
}

// checkVersions appends an event that expects a version that the customer has not, and one that expects the one it has.
func checkVersions(t *testing.T, c *client.Client) {
	t.Helper()
	again := clientPurchase(t, "c-0")
	again.ExpectedVersion = 7
	_, err := c.Append(t.Context(), again, 0)
	refused, ok := errors.AsType[*client.Problem](err)
	if !errors.Is(err, client.ErrVersionMismatch) || !ok || refused.Version != 1 {
		t.Fatalf("the error is %v", err)
	}
	again.ExpectedVersion, again.ID = refused.Version, again.ID+"-2"
	for _, want := range []client.Status{client.Accepted, client.Duplicate} {
		result, err := c.Append(t.Context(), again, 0)
		if err != nil || result.Status != want || result.Version != 2 {
			t.Errorf("%+v, %v, want %s", result, err, want)
		}
	}
	again.Data = []byte(`{"amount":{"minor":1,"currency":"CNY"}}`)
	if _, err := c.Append(t.Context(), again, 0); !errors.Is(err, client.ErrIDReused) {
		t.Errorf("other content under the same id: %v", err)
	}
	again.Data = []byte(`{}`)
	if _, err := c.Append(t.Context(), again, 0); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("an event without an amount: %v", err)
	}
}

// clientPurchase returns a purchase that a customer makes now.
func clientPurchase(t *testing.T, customer string) *domain.Event {
	t.Helper()
	ev, err := client.NewEvent("purchase.recorded", customer, time.Now(), &domain.PurchaseRecorded{Amount: domain.Money{Minor: 100, Currency: "CNY"}})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}
