package obs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestWebhooksAreCountedAndTheirEndpointsShown(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	var fault error
	w := m.ShowWebhooks(func(context.Context) ([]Endpoint, error) {
		return []Endpoint{{ID: "a", State: "in_use"}, {ID: "b", State: "broken", Pending: 7, OldestPending: 90 * time.Second}}, fault
	})
	w.Filed(3, 1)
	w.Requested("delivered", 20*time.Millisecond)
	w.Requested("dead", time.Second)
	text := scrape(t, m)
	for _, want := range []string{
		`rapport_webhook_filed_total 3`, `rapport_webhook_quiet_total 1`, `rapport_webhook_request_seconds_count 2`,
		`rapport_webhook_requests_total{result="delivered"} 1`, `rapport_webhook_requests_total{result="dead"} 1`,
		`rapport_webhook_endpoint{state="in_use",webhook="a"} 1`, `rapport_webhook_endpoint{state="broken",webhook="b"} 1`,
		`rapport_webhook_pending{webhook="b"} 7`, `rapport_webhook_oldest_pending_age_seconds{webhook="b"} 90`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the scrape does not have %s", want)
		}
	}
	fault = errors.New("the store is away")
	if text := scrape(t, m); strings.Contains(text, "rapport_webhook_endpoint{") || !strings.Contains(text, "rapport_webhook_filed_total 3") {
		t.Error("without the store the scrape is not the counters alone")
	}
}
