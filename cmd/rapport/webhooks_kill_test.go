package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// collected is what a receiver has taken: the ids of the deliveries by customer.
type collected struct {
	mu    sync.Mutex
	ids   map[string]map[string]bool
	taken int
	// many is closed when the receiver has taken as many requests as it is to take before the kill.
	many chan struct{}
}

// ServeHTTP takes a delivery.
func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event struct{ Subject string }
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids[event.Subject] == nil {
		c.ids[event.Subject] = make(map[string]bool)
	}
	c.ids[event.Subject][r.Header.Get("webhook-id")] = true
	if c.taken++; c.taken == killAfter {
		close(c.many)
	}
}

// customers returns how many customers were taken.
func (c *collected) customers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ids)
}

// The customers of the test, and after how many requests the server is killed.
const (
	killCustomers = 300
	killAfter     = 40
)

func TestAServerThatIsKilledDeliversEachOutputUnderOneID(t *testing.T) {
	t.Parallel()
	got := &collected{ids: make(map[string]map[string]bool), many: make(chan struct{})}
	receiver := httptest.NewServer(got)
	t.Cleanup(receiver.Close)
	dir := t.TempDir()
	s := serve(t, dir, "--data", "data", "--webhook-http", "--webhook-networks", "127.0.0.0/8")
	var made webhook
	text := command(t, dir, exitDone, "webhooks", "add", receiver.URL, "--type", "lifecycle.started", "--json", "--url", s.url)
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		t.Fatal(err)
	}
	var events strings.Builder
	for n := range killCustomers {
		fmt.Fprintf(&events, `{"specversion":"1.0","id":"ev-%d","source":"test","type":"purchase.recorded","subject":"c-%d","time":%q,"data":{"amount":{"minor":100,"currency":"CNY"}}}`+"\n",
			n, n, time.Now().UTC().Format(time.RFC3339))
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/events", strings.NewReader(events.String()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	// The answer goes on until the last event is acknowledged.
	answer, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil || bytes.Count(answer, []byte(`"accepted"`)) != killCustomers {
		t.Fatalf("the events were answered with %d, %v: %.300s", response.StatusCode, err, answer)
	}
	<-got.many
	s.kill()
	s.restart(t)
	deadline := time.After(patience)
	for got.customers() < killCustomers {
		select {
		case <-deadline:
			t.Fatalf("%d of %d customers were delivered", got.customers(), killCustomers)
		case <-time.After(20 * time.Millisecond):
		}
	}
	command(t, dir, exitDone, "webhooks", "ping", made.ID, "--url", s.url)
	if code := s.stop(); code != exitDone {
		t.Errorf("the server ended with code %d", code)
	}
	receiver.Close()
	for customer, ids := range got.ids {
		if len(ids) != 1 && !strings.HasPrefix(customer, made.ID) {
			t.Errorf("customer %s came under %d ids", customer, len(ids))
		}
	}
}
