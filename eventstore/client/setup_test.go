package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newClient returns a client of a server that answers with the handler.
func newClient(t *testing.T, options client.Options, handler http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	options.HTTP = server.Client()
	t.Cleanup(func() {
		server.Client().CloseIdleConnections()
		server.Close()
	})
	c, err := client.New(server.URL, &options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newPurchase returns a purchase of a customer.
func newPurchase(t *testing.T, customer string) *domain.Event {
	t.Helper()
	at := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	ev, err := client.NewEvent("purchase.recorded", customer, at, &domain.PurchaseRecorded{Amount: domain.Money{Minor: 129900, Currency: "CNY"}})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}
