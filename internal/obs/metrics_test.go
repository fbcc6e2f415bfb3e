package obs

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// scrape returns the text form of the metrics.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if rec.Code != http.StatusOK {
		t.Fatalf("the scrape answered %d", rec.Code)
	}
	return rec.Body.String()
}

func TestMetricsCountWhatTheyAreTold(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	m.Request("GET /v1/summary", 200, 3*time.Millisecond)
	m.Request("GET /v1/summary", 200, 3*time.Millisecond)
	m.Ingested("accepted", 41)
	m.Published("rapport.lifecycle", 3)
	m.Ticked()
	m.ShowPartitions(func(context.Context) ([]Partition, error) {
		return []Partition{{Owner: "node-a"}, {LagRecords: 7, Lag: 1500 * time.Millisecond}, {LagRecords: -1, Lag: -1}}, nil
	})
	m.ShowBacklog(func(context.Context) (Backlog, error) {
		return Backlog{Quarantined: 2, OldestQuarantined: time.Minute, Parked: 1, Queued: 5, OldestParked: time.Hour}, nil
	})
	text := scrape(t, m)
	for _, want := range []string{
		`rapport_http_requests_total{code="200",route="GET /v1/summary"} 2`,
		`rapport_http_request_seconds_count{route="GET /v1/summary"} 2`,
		`rapport_ingest_events_total{result="accepted"} 41`,
		`rapport_projection_lag_records{partition="0"} 0`,
		`rapport_projection_lag_records{partition="1"} 7`,
		`rapport_projection_lag_seconds{partition="0"} 0`,
		`rapport_projection_lag_seconds{partition="1"} 1.5`,
		`rapport_partition_owner{owner="node-a",partition="0"} 1`,
		`rapport_outputs_published_total{topic="rapport.lifecycle"} 3`,
		`rapport_ticks_total 1`,
		`rapport_quarantine_open 2`,
		`rapport_quarantine_oldest_age_seconds 60`,
		`rapport_parked_streams 1`,
		`rapport_parked_queue_records 5`,
		`rapport_parked_oldest_age_seconds 3600`,
		"go_goroutines",
	} {
		if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+" ") {
			t.Errorf("the scrape does not have %s", want)
		}
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	m.ShowPartitions(func(context.Context) ([]Partition, error) {
		return []Partition{{LagRecords: -1, Lag: -1}}, nil
	})
	if text := scrape(t, m); strings.Contains(text, "rapport_projection_lag") || strings.Contains(text, "rapport_partition_owner") {
		t.Error("the scrape has a lag that nobody knows")
	}
}

func TestAScrapeWithoutTheLogAndTheViewsLeavesThemOut(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	m.ShowPartitions(func(context.Context) ([]Partition, error) { return nil, errors.New("broker is away") })
	m.ShowBacklog(func(context.Context) (Backlog, error) { return Backlog{}, errors.New("database is away") })
	text := scrape(t, m)
	for _, name := range []string{"rapport_projection_lag", "rapport_quarantine", "rapport_parked"} {
		if strings.Contains(text, name) {
			t.Errorf("the scrape has %s", name)
		}
	}
	if !strings.Contains(text, "go_goroutines") {
		t.Error("the rest of the scrape is missing")
	}
}

func TestAScrapeDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMetrics()
		m.ShowBacklog(func(ctx context.Context) (Backlog, error) { <-ctx.Done(); return Backlog{}, ctx.Err() })
		began := time.Now()
		if text := scrape(t, m); strings.Contains(text, "rapport_quarantine") || time.Since(began) != 2*time.Second {
			t.Errorf("it took %s", time.Since(began))
		}
	})
}

func TestTwoMetricsShareNothing(t *testing.T) {
	t.Parallel()
	a, b := NewMetrics(), NewMetrics()
	a.Ingested("invalid", 1)
	if text := scrape(t, b); strings.Contains(text, `result="invalid"`) {
		t.Error("one registry shows the events of the other")
	}
}
