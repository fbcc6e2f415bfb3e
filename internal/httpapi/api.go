// Package httpapi is the HTTP edge: events come in through the front door, and the views are read. It has no state of
// its own besides metrics. What it answers is described by an OpenAPI document that it serves itself.
//
// A position in a header or a parameter is the place of a record, "3:1204", and stands for everything up to and with
// that record. Several at once are written as eventstore.Positions are: for each partition the offset after the last
// record, "0:12,1:7".
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/obs"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
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
}

// ends tells where the log ends: eventstore.Log.
type ends interface {
	Ends(ctx context.Context) (eventstore.Positions, error)
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
	// Ready returns nil when the program can do its work, else what is missing. Default: always ready.
	Ready func(ctx context.Context) error
	// Metrics counts requests and events and is served under /metrics. Default: metrics of its own.
	Metrics *obs.Metrics
	// Fallback answers requests for paths that are not the API's, for example pages for people. Default: not found.
	Fallback http.Handler
	// WaitLimit is how long a request waits at most, with the parameter after or for a verdict. Default: 5 s.
	WaitLimit time.Duration
	// BodyPatience is how long a request may be silent in the middle of its body. Default: 1 min.
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
	return errors.Join(faults...)
}

func (o Options) withDefaults() Options {
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
	}
	if o.Metrics == nil {
		o.Metrics = obs.NewMetrics()
	}
	if o.WaitLimit <= 0 {
		o.WaitLimit = 5 * time.Second
	}
	if o.BodyPatience <= 0 {
		o.BodyPatience = time.Minute
	}
	if o.MaxInflated <= 0 {
		o.MaxInflated = 4 << 30
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// api holds the handlers.
type api struct {
	Options
	mux  *http.ServeMux
	huma huma.API
}

// New returns the handler of the API. It starts nothing. The handler is safe for concurrent use.
func New(opts Options) (http.Handler, error) {
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("new HTTP API: %w", err)
	}
	a := &api{Options: opts.withDefaults(), mux: http.NewServeMux()}
	a.huma = humago.New(a.mux, a.config())
	a.addReports()
	a.addCustomers()
	a.addEvents()
	a.addSchemas()
	a.addOperations()
	if err := a.addDocument(); err != nil {
		return nil, fmt.Errorf("new HTTP API: %w", err)
	}
	if a.Ends != nil {
		a.Metrics.ShowLag(a.lag)
	}
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
	// huma describes its own error model, which no answer has: the problems below replace it.
	schemas := a.huma.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	last := schemas["ContactsView"].Properties
	last["last"] = orNull(last["last"])
	b, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return append(b, '\n'), nil
}
