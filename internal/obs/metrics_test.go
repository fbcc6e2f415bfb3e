package obs

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
	m.ShowLag(func(context.Context) ([]int64, error) { return []int64{0, 7}, nil })
	text := scrape(t, m)
	for _, want := range []string{
		`rapport_http_requests_total{code="200",route="GET /v1/summary"} 2`,
		`rapport_http_request_seconds_count{route="GET /v1/summary"} 2`,
		`rapport_ingest_events_total{result="accepted"} 41`,
		`rapport_projection_lag_records{partition="0"} 0`,
		`rapport_projection_lag_records{partition="1"} 7`,
		"go_goroutines",
	} {
		if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+" ") {
			t.Errorf("the scrape does not have %s", want)
		}
	}
}

func TestAScrapeWithoutTheLogLeavesTheLagOut(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	m.ShowLag(func(context.Context) ([]int64, error) { return nil, errors.New("broker is away") })
	if text := scrape(t, m); strings.Contains(text, "rapport_projection_lag_records") {
		t.Error("the scrape has a lag that nobody knows")
	}
}

func TestTwoMetricsShareNothing(t *testing.T) {
	t.Parallel()
	a, b := NewMetrics(), NewMetrics()
	a.Ingested("invalid", 1)
	if text := scrape(t, b); strings.Contains(text, `result="invalid"`) {
		t.Error("one registry shows the events of the other")
	}
}
