package obs

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Webhooks counts what becomes of deliveries. It is safe for concurrent use.
type Webhooks struct {
	requests *prometheus.CounterVec
	seconds  prometheus.Histogram
	filed    prometheus.Counter
	quiet    prometheus.Counter
}

// Endpoint says how an endpoint of webhooks fares.
type Endpoint struct {
	// ID is the id of the webhook. Their number is limited, so that of the series is.
	ID string
	// State is one word.
	State string
	// Pending counts the deliveries that wait; OldestPending is the age of the oldest, zero for none.
	Pending       int
	OldestPending time.Duration
}

// ShowWebhooks adds what is about webhooks and returns the counters. ask is called for every scrape; on an error, or when
// it takes longer than two seconds, the scrape leaves the endpoints out. A second call panics.
func (m *Metrics) ShowWebhooks(ask func(ctx context.Context) ([]Endpoint, error)) *Webhooks {
	w := &Webhooks{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rapport_webhook_requests_total", Help: "Requests to endpoints of webhooks, by what became of the delivery: delivered, pending (sent again later), dead.",
		}, []string{"result"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rapport_webhook_request_seconds", Help: "Time from the name lookup to the end of the answer.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}),
		filed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rapport_webhook_filed_total", Help: "Deliveries that were made of outputs.",
		}),
		quiet: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rapport_webhook_quiet_total", Help: "Deliveries that were not made because the output was older than the webhook asks for.",
		}),
	}
	state := prometheus.NewDesc("rapport_webhook_endpoint", "1 for the state of the endpoint: in_use, quiet, paused, broken or disabled, as this engine sees it.", []string{"webhook", "state"}, nil)
	pending := prometheus.NewDesc("rapport_webhook_pending", "Deliveries that wait.", []string{"webhook"}, nil)
	oldest := prometheus.NewDesc("rapport_webhook_oldest_pending_age_seconds", "Age of the oldest delivery that waits, 0 without one.", []string{"webhook"}, nil)
	m.registry.MustRegister(w.requests, w.seconds, w.filed, w.quiet, &collector{
		descs: []*prometheus.Desc{state, pending, oldest},
		collect: func(ctx context.Context, show show) {
			endpoints, err := ask(ctx)
			if err != nil {
				return
			}
			for i := range endpoints {
				e := &endpoints[i]
				show(state, 1, e.ID, e.State)
				show(pending, float64(e.Pending), e.ID)
				show(oldest, e.OldestPending.Seconds(), e.ID)
			}
		},
	})
	return w
}

// Requested counts a request, by what became of the delivery.
func (w *Webhooks) Requested(result string, took time.Duration) {
	w.requests.WithLabelValues(result).Inc()
	w.seconds.Observe(took.Seconds())
}

// Filed counts the deliveries that an output made, and those that it did not make because it is old.
func (w *Webhooks) Filed(deliveries, quiet int) {
	w.filed.Add(float64(deliveries))
	w.quiet.Add(float64(quiet))
}
