// Package obs holds the metrics of the program in the Prometheus form. Each Metrics has a registry of its own, so several
// engines in one process, as in tests, do not see each other's.
package obs

import (
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
	outputs  *prometheus.CounterVec
	ticks    prometheus.Counter
	released prometheus.Counter
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
		outputs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rapport_outputs_published_total", Help: "Outputs that were published, by topic, repetitions included.",
		}, []string{"topic"}),
		ticks: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rapport_ticks_total", Help: "Ticks of the clock that were appended to the log.",
		}),
		released: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rapport_owners_released_total", Help: "Customers that were told that an employee who followed them had left.",
		}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.events, m.outputs, m.ticks, m.released,
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

// Published counts n outputs that were published on a topic.
func (m *Metrics) Published(topic string, n int) {
	m.outputs.WithLabelValues(topic).Add(float64(n))
}

// Ticked counts a tick of the clock.
func (m *Metrics) Ticked() { m.ticks.Inc() }

// Released counts customers that were told that an employee who followed them had left.
func (m *Metrics) Released(customers int) { m.released.Add(float64(customers)) }

// Handler serves the metrics in the text form.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}
