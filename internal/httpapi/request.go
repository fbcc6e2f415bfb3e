package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
)

// headerRequestID names the header with the id of the request. A client may choose the id.
const headerRequestID = "X-Request-Id"

// requestKey is the context key of the id of the request.
type requestKey struct{}

// requestID returns the id of the request that ctx belongs to.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// outer wraps the routes in what every request gets: an id, metrics, a problem for a panic and for an unknown route, and
// the refusal of pages of other origins.
func (a *api) outer() http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kindCrossOrigin.problem("").write(w, r)
	}))
	routed := a.limited(guard.Handler(http.HandlerFunc(a.route)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := idOf(r)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
		answer := &response{ResponseWriter: w, control: http.NewResponseController(w), patience: a.BodyPatience}
		// That of the request before on this connection would hold for a 100 Continue.
		_ = answer.control.SetWriteDeadline(time.Time{})
		header := w.Header()
		header.Set(headerRequestID, id)
		header.Set("X-Content-Type-Options", "nosniff")
		defer func() {
			a.recovered(answer, r, recover())
			a.Metrics.Request(patternOf(r), answer.code(), time.Since(start))
		}()
		routed.ServeHTTP(answer, r)
	})
}

// recovered answers for a handler that panicked. When the answer has begun, the connection is cut, so that the client
// cannot take the part for the whole.
func (a *api) recovered(w *response, r *http.Request, panicked any) {
	if panicked == nil {
		return
	}
	if cause, _ := panicked.(error); !errors.Is(cause, http.ErrAbortHandler) {
		a.Logger.LogAttrs(r.Context(), slog.LevelError, "request panicked",
			slog.String("request_id", requestID(r.Context())), slog.String("panic", fmt.Sprint(panicked)), slog.String("stack", string(debug.Stack())))
	}
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	kindInternal.problem("").write(w, r)
}

// route serves a request for a known route and answers others with a problem.
func (a *api) route(w http.ResponseWriter, r *http.Request) {
	handler, pattern := a.mux.Handler(r)
	if pattern != "" {
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			// Customers are not for caches, and a copy could not be revalidated: an answer changes with time alone.
			w.Header().Set("Cache-Control", "no-store")
		}
		a.mux.ServeHTTP(w, r)
		return
	}
	// The mux does not say why nothing matches, but its handler for that answers 404 or 405.
	var refusal discarded
	handler.ServeHTTP(&refusal, r)
	switch {
	case refusal.status == http.StatusMethodNotAllowed:
		p := kindMethod.problem("")
		p.setHeader("Allow", refusal.Header().Get("Allow"))
		p.write(w, r)
	case a.Fallback != nil:
		a.Fallback.ServeHTTP(w, r)
	default:
		kindNotFound.problem("There is no such route.").write(w, r)
	}
}

// patternOf returns the route for the metrics.
func patternOf(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

// idOf returns the id that the client chose when it is fit to stand in a header and in a log, else a new one.
func idOf(r *http.Request) string {
	if id := r.Header.Get(headerRequestID); id != "" && len(id) <= 64 && strings.Trim(id, idCharacters) == "" {
		return id
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "unknown" // the system has no random numbers left, which Go promises not to happen
	}
	return id.String()
}

// idCharacters may stand in the id of a request.
const idCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

// response remembers the status of the answer, and gives up on a client that does not read it: it would hold a request
// for ever.
type response struct {
	http.ResponseWriter
	status   int
	control  *http.ResponseController
	patience time.Duration
}

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	// A recorder in a test has no connection.
	_ = w.control.SetWriteDeadline(time.Now().Add(w.patience))
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// discarded is an answer of which only the head is of interest.
type discarded struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (d *discarded) Header() http.Header {
	if d.header == nil {
		d.header = make(http.Header)
	}
	return d.header
}

// WriteHeader implements http.ResponseWriter.
func (d *discarded) WriteHeader(status int) { d.status = status }

// Write implements http.ResponseWriter.
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
