// Package httpapi is the HTTP edge: events come in through the front door, and the views are read. It has no state of
// its own besides metrics. What it answers is described by an OpenAPI document that it serves itself.
//
// A position in a header or a parameter is the place of a record, "3:1204", and stands for everything up to and with
// that record. Several at once are written as eventstore.Positions are: for each partition the offset after the last
// record, "0:12,1:7".
package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/obs"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
)

// door is where events come in: ingest.Door.
type door interface {
	Append(ctx context.Context, events []domain.Event) ([]ingest.Result, error)
	Session() *ingest.Session
	Await(ctx context.Context, results []ingest.Result)
}

// waiter waits until the views reflect positions: projections.Progress.
type waiter interface {
	Wait(ctx context.Context, until eventstore.Positions) error
}

// history answers from the log itself: replay.Reader.
type history interface {
	Timeline(ctx context.Context, id string, req replay.TimelineRequest) (*replay.TimelinePage, error)
	CustomerAt(ctx context.Context, id string, bound projections.Bound) (*projections.CustomerView, error)
	Explain(ctx context.Context, id string, what projections.Question, bound projections.Bound) (*projections.Explanation, error)
	History(ctx context.Context, id string, req replay.HistoryRequest) (*replay.HistoryPage, error)
}

// ends tells where the log ends: eventstore.Log.
type ends interface {
	Ends(ctx context.Context) (eventstore.Positions, error)
}

// decisions records in the log what people decide: control.Writer.
type decisions interface {
	Publish(ctx context.Context, document []byte, actor string) (*control.Published, error)
	Redrive(ctx context.Context, at eventstore.Position, actor string) (*control.Redriven, error)
	Discard(ctx context.Context, at eventstore.Position, reason, actor string) (eventstore.Position, error)
	RedriveStream(ctx context.Context, stream, actor string) (eventstore.Position, error)
}

// records reads single records of the log: eventstore.Log.
type records interface {
	Read(ctx context.Context, partition int, offsets []int64) ([]eventstore.Record, error)
}

// Options are what the API is made of. Ingest, Query, Waiter and History are needed; the zero value of each other field
// is a documented default.
type Options struct {
	// Ingest takes events.
	Ingest door
	// Query answers from the views.
	Query projections.Query
	// Waiter waits for positions.
	Waiter waiter
	// History answers from the log.
	History history
	// Ends tells where the log ends, for the lag of the views. Default: the lag is not shown.
	Ends ends
	// Control records what people decide about policies, quarantined records and parked streams. Default: the routes with
	// which they decide are left out.
	Control decisions
	// Records reads the record behind an entry of the quarantine. Default: the record is not shown.
	Records records
	// Generations lists the generations of the views and how far rebuilds are. Default: there are none, as of views in
	// memory.
	Generations func(ctx context.Context) ([]pgview.GenerationStatus, error)
	// Stream sends outputs to clients. Default: the route of the stream is left out.
	Stream feed
	// Brokers are the addresses (host:port) of the Kafka cluster that has the output topics. Default: the AsyncAPI document names
	// none.
	Brokers []string
	// Webhooks sends outputs to endpoints. Default: the routes about webhooks and deliveries are left out.
	Webhooks webhooks
	// StreamHeartbeat is how long a stream is silent at most. Default: 15 s.
	StreamHeartbeat time.Duration
	// BasePolicy returns the policy that the views began with, which holds until one is published. Default:
	// domain.DefaultPolicy.
	BasePolicy func() *domain.Policy
	// Ready returns nil when the program can do its work, else what is missing. Default: always ready.
	Ready func(ctx context.Context) error
	// Metrics counts requests and events and is served under /metrics. Default: metrics of its own.
	Metrics *obs.Metrics
	// Fallback answers requests for paths that are not the API's, for example pages for people. Default: not found.
	Fallback http.Handler
	// WaitLimit is how long a request waits at most, with the parameter after or for a verdict. Default: 5 s.
	WaitLimit time.Duration
	// AppendLimit is how long a request waits at most until the log has acknowledged its events, a stream for each piece of
	// it. It is meant to be longer than the log's own limit for one batch. Default: 20 s.
	AppendLimit time.Duration
	// MaxRequests is how many requests are answered at a time; health and metrics do not count. Default: 4096.
	MaxRequests int
	// MaxBodies is how many bytes of bodies are kept in memory at a time, after decompression, at least 16 MiB. The events
	// that are read from them take a small multiple of that. Default: 256 MiB.
	MaxBodies int64
	// MaxLag is by how many records the views may lag behind the log before events are refused, so that a database that
	// is slow slows the intake. Default: 0, no limit.
	MaxLag int64
	// Lag returns the number of records by which the views lag. As long as it fails, events are taken. Default: what Ends
	// and Query say.
	Lag func(ctx context.Context) (records int64, err error)
	// Now is the clock by which lags and ages are told. Default: time.Now.
	Now func() time.Time
	// BodyPatience is how long a request may be silent in the middle of its body, and how long a client may leave a part
	// of its answer unread. Default: 1 min.
	BodyPatience time.Duration
	// MaxInflated is the greatest size in bytes of a compressed stream of events after decompression. Default: 4 GiB.
	MaxInflated int64
	// Version is the version of the program, for the OpenAPI document. Default: "dev".
	Version string
	// Logger gets one line for each answer with a status from 500, other than a position that is not reached in time.
	// Default: none.
	Logger *slog.Logger
}

func (o Options) validate() error {
	var faults []error
	need := func(there bool, name string) {
		if !there {
			faults = append(faults, errors.New(name+" is missing"))
		}
	}
	need(o.Ingest != nil, "Ingest")
	need(o.Query != nil, "Query")
	need(o.Waiter != nil, "Waiter")
	need(o.History != nil, "History")
	need(o.MaxLag <= 0 || o.Lag != nil || o.Ends != nil, "Lag or Ends, for MaxLag,")
	return errors.Join(faults...)
}

func (o Options) withDefaults() Options {
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
	}
	if o.Metrics == nil {
		o.Metrics = obs.NewMetrics()
	}
	if o.BasePolicy == nil {
		o.BasePolicy = domain.DefaultPolicy
	}
	if o.Generations == nil {
		o.Generations = func(context.Context) ([]pgview.GenerationStatus, error) { return nil, nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.WaitLimit = positiveOr(o.WaitLimit, 5*time.Second)
	o.AppendLimit = positiveOr(o.AppendLimit, 20*time.Second)
	o.StreamHeartbeat = positiveOr(o.StreamHeartbeat, 15*time.Second)
	o.BodyPatience = positiveOr(o.BodyPatience, time.Minute)
	o.MaxRequests = positiveOr(o.MaxRequests, 4096)
	o.MaxBodies = max(positiveOr(o.MaxBodies, 256<<20), leastBodies)
	o.MaxInflated = positiveOr(o.MaxInflated, 4<<30)
	o.Version = cmp.Or(o.Version, "dev")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// positiveOr returns v when it is positive, else the default.
func positiveOr[T cmp.Ordered](v, def T) T {
	var zero T
	if v > zero {
		return v
	}
	return def
}

// api holds the handlers.
type api struct {
	Options
	mux  *http.ServeMux
	huma huma.API
	// requests and bodies are the room for requests and for the bytes of their bodies.
	requests, bodies *semaphore.Weighted
	lagging          lagging
}

// New returns the handler of the API. It starts nothing. The handler is safe for concurrent use.
func New(opts Options) (http.Handler, error) {
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("new HTTP API: %w", err)
	}
	a := &api{Options: opts.withDefaults(), mux: http.NewServeMux()}
	a.requests, a.bodies = semaphore.NewWeighted(int64(a.MaxRequests)), semaphore.NewWeighted(a.MaxBodies)
	a.huma = humago.New(a.mux, a.config())
	a.addReports()
	a.addPartitions()
	a.addRebuilds()
	a.addPolicies()
	a.addModels()
	a.addQuarantine()
	a.addParked()
	a.addCustomers()
	a.addExplanations()
	a.addContacts()
	a.addService()
	a.addWinBack()
	a.addWarnings()
	a.addSatisfaction()
	a.addValue()
	a.addEvents()
	a.addSchemas()
	a.addWebhooks()
	a.addDeliveries()
	a.addOperations()
	if err := a.addOutputs(); err != nil {
		return nil, fmt.Errorf("new HTTP API: %w", err)
	}
	if err := a.addDocument(); err != nil {
		return nil, fmt.Errorf("new HTTP API: %w", err)
	}
	a.Metrics.ShowPartitions(a.observePartitions)
	a.Metrics.ShowBacklog(a.observeBacklog)
	return a.outer(), nil
}

// addDocument serves the OpenAPI document as it is once every operation is known.
func (a *api) addDocument() error {
	document, err := a.document()
	if err != nil {
		return err
	}
	a.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document)
	})
	return nil
}

// document returns the OpenAPI document, indented so that a change of it can be read as a difference.
func (a *api) document() ([]byte, error) {
	schemas := a.huma.OpenAPI().Components.Schemas
	// huma describes its own error model, which no answer has: the problems below replace it.
	delete(schemas.Map(), "ErrorModel")
	describeNulls(schemas)
	b, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return append(b, '\n'), nil
}
