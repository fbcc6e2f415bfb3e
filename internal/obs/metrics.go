// Package obs holds the metrics of the program in the Prometheus form. Each Metrics has a registry of its own, so several
// engines in one process, as in tests, do not see each other's.
package obs

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what the program does. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	events   *prometheus.CounterVec
}

// NewMetrics returns metrics that are all zero, with those of the Go runtime and of the process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rapport_http_requests_total", Help: "HTTP requests answered.",
		}, []string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rapport_http_request_seconds", Help: "Time from the head of a request to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 10),
		}, []string{"route"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rapport_ingest_events_total", Help: "Events that came to the front door, by what became of them.",
		}, []string{"result"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.events,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request counts one answered request. The route is the pattern that matched, never the path, so that the number of
// series is bounded.
func (m *Metrics) Request(route string, code int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(code)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// Ingested counts n events that came to the front door, by what became of them.
func (m *Metrics) Ingested(result string, n int) {
	m.events.WithLabelValues(result).Add(float64(n))
}

// ShowLag adds the number of records that each partition of the log is ahead of the views. lag is called for every
// scrape and returns the numbers in the order of the partitions; on an error the scrape leaves them out. A second call
// panics.
func (m *Metrics) ShowLag(lag func(ctx context.Context) ([]int64, error)) {
	m.registry.MustRegister(&lagCollector{lag: lag, desc: prometheus.NewDesc(
		"rapport_projection_lag_records", "Records of the log that the views do not reflect yet.", []string{"partition"}, nil,
	)})
}

// Handler serves the metrics in the text form.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// lagPatience bounds how long a scrape waits for the log.
const lagPatience = 2 * time.Second

// lagCollector asks for the lag when it is scraped.
type lagCollector struct {
	lag  func(ctx context.Context) ([]int64, error)
	desc *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *lagCollector) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect implements prometheus.Collector.
func (c *lagCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lagPatience)
	defer cancel()
	lag, err := c.lag(ctx)
	if err != nil {
		return
	}
	for partition, n := range lag {
		out <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(n), strconv.Itoa(partition))
	}
}
