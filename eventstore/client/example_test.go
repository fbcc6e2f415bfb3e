package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore/client"
)

// A producer appends what happened, and is told at which version the customer is now.
func ExampleClient_Append() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"id":"0198c2f0","status":"accepted","version":3,"position":"1:204"}`)
	}))
	defer server.Close()

	rapport, err := client.New(server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	purchase, err := client.NewEvent("purchase.recorded", "C-1001", time.Now(), &domain.PurchaseRecorded{
		Amount: domain.Money{Minor: 129900, Currency: "CNY"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := rapport.Append(context.Background(), purchase, 5*time.Second)
	switch {
	case errors.Is(err, client.ErrInvalid):
		fmt.Println("not an event:", err)
	case err != nil:
		fmt.Println("it is not known whether the log has it:", err)
	default:
		fmt.Println(result.Status, "at version", result.Version)
	}
	// Output: accepted at version 3
}

// A consumer reacts to stages that customers enter.
func ExampleClient_Follow() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "id: 1-5\nevent: lifecycle.stage_changed\n"+`data: {"specversion":"1.0","id":"o-1","source":"rapport","type":"lifecycle.stage_changed",`+
			`"subject":"C-1001","time":"2026-03-01T09:30:00Z","sequence":"000000000000000002","data":{"from":"growth","to":"decline","reason":"silence"}}`+"\n\n")
	}))
	defer server.Close()

	rapport, err := client.New(server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	changes := client.Filter{Types: []string{"lifecycle.stage_changed"}}
	for output, err := range rapport.Follow(context.Background(), changes, client.Beginning) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if change, ok := output.Data.(*domain.LifecycleStageChanged); ok {
			fmt.Println(output.Customer, "went from", change.From, "to", change.To)
		}
		// What was done and output.Cursor are kept together here, to go on after it another time.
		break
	}
	// Output: C-1001 went from growth to decline
}
