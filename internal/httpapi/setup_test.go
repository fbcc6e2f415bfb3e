package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is the clock of the front door in tests.
var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// server is the API over an embedded broker and memory views.
type server struct {
	t       testing.TB
	url     string
	client  *http.Client
	log     *eventstore.Log
	handler http.Handler
	// opts and outcomes are what it is made of, for a second server over the same parts.
	opts     httpapi.Options
	outcomes *projections.Outcomes
	progress *projections.Progress
	// broken makes the fold break down on events of the actor breaker.
	broken *atomic.Bool
}

const breaker = "employee:breaker"

// setup runs a server for the time of the test, with change applied to its options.
func setup(t testing.TB, change ...func(*httpapi.Options)) *server {
	t.Helper()
	return setupOn(t, broker.Options{}, change...)
}

// setupOn is setup on an embedded broker with the given options.
func setupOn(t testing.TB, on broker.Options, change ...func(*httpapi.Options)) *server {
	t.Helper()
	b, err := broker.Open(on)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, b) })
	return setupAt(t, eventstore.Config{Brokers: []string{b.Addr()}, Partitions: 3}, change...)
}

// setupAt is setup on a log that is created.
func setupAt(t testing.TB, cfg eventstore.Config, change ...func(*httpapi.Options)) *server {
	t.Helper()
	if err := eventstore.CreateTopic(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	log, err := eventstore.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, log) })
	policy := domain.DefaultPolicy()
	fold, broken := projections.NewFold(policy), new(atomic.Bool)
	fold.Before = func(_ *projections.Customer, e *projections.Entry) {
		if broken.Load() && e.Event.Actor == breaker {
			panic("no rule for this")
		}
	}
	store := memview.New(fold, log.Partitions())
	progress := projections.NewProgress(log.Partitions())
	outcomes := projections.NewOutcomes(log.Partitions(), projections.OutcomesOptions{})
	runner := projections.NewRunner(log, store, fold, projections.RunnerOptions{Owner: "node-a", Progress: progress, Outcomes: outcomes})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the runner ended with %v", err)
		}
	})
	opts := httpapi.Options{
		Ingest: ingest.New(log, func() *domain.Policy { return policy }, func() time.Time { return now }, ingest.Options{Outcomes: projections.NewVerdicts(outcomes, progress, store)}),
		Query:  store, Waiter: progress, History: replay.NewReader(log, store, func() *projections.Fold { return fold }), Ends: log,
		Control: control.NewWriter(log, store, time.Now), Records: log,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, c := range change {
		c(&opts)
	}
	s := serve(t, opts, log)
	s.broken = broken
	s.opts, s.outcomes, s.progress = opts, outcomes, progress
	return s
}

// with returns a second server over the same log and views, whose front door has its own clock and source of outcomes.
func (s *server) with(clock func() time.Time, outcomes *projections.Outcomes, change ...func(*httpapi.Options)) *server {
	s.t.Helper()
	opts := s.opts
	opts.Metrics = nil
	opts.Ingest = ingest.New(s.log, domain.DefaultPolicy, clock, ingest.Options{Outcomes: projections.NewVerdicts(outcomes, s.progress, s.opts.Query)})
	for _, c := range change {
		c(&opts)
	}
	return serve(s.t, opts, s.log)
}

// serve runs the API with the given parts.
func serve(t testing.TB, opts httpapi.Options, log *eventstore.Log) *server {
	t.Helper()
	handler, err := httpapi.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	return &server{t: t, url: web.URL, client: web.Client(), log: log, handler: handler, opts: opts}
}

func closing(t testing.TB, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// reply is an answer that was read to its end.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	// trailer comes after the body.
	trailer http.Header
	body    []byte
}

// do sends a request. Headers are pairs of names and values.
func (s *server) do(method, path string, body io.Reader, headers ...string) *reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header[headers[i]] = append(req.Header[headers[i]], headers[i+1])
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return &reply{s.t, res.StatusCode, res.Header, res.Trailer, content}
}

func (s *server) get(path string, headers ...string) *reply {
	s.t.Helper()
	return s.do(http.MethodGet, path, nil, headers...)
}

func (s *server) post(media, body string, headers ...string) *reply {
	s.t.Helper()
	return s.do(http.MethodPost, "/v1/events", strings.NewReader(body), append(headers, "Content-Type", media)...)
}

// wants fails the test unless the answer has the status.
func (r *reply) wants(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status is %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// into reads the body.
func (r *reply) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		r.t.Fatalf("%v: %s", err, r.body)
	}
}

// problem returns the answer as a problem of the given kind.
func (r *reply) problem(status int, slug string) httpapi.Problem {
	r.t.Helper()
	r.wants(status)
	if media := r.header.Get("Content-Type"); media != "application/problem+json" {
		r.t.Errorf("the media type of a problem is %q", media)
	}
	var p httpapi.Problem
	r.into(&p)
	if p.Type != "https://rapport-crm.github.io/problems/"+slug || p.Status != status || p.Title == "" {
		r.t.Errorf("problem is %+v, want %d %s", p, status, slug)
	}
	if p.Instance == "" || p.Instance != r.header.Get("X-Request-Id") {
		r.t.Errorf("instance is %q, the request is %q", p.Instance, r.header.Get("X-Request-Id"))
	}
	return p
}

// outcome is what became of one event, as the API tells it.
type outcome struct {
	Line     int
	ID       string
	Status   string
	Version  *int64
	Position string
	Errors   []domain.Problem
	// Problem is set in the last line of a stream that broke off.
	Problem *httpapi.Problem
}

// customer is what the tests look at in the view of a customer.
type customer struct {
	Version  int64
	Position string
	Trade    struct{ Purchases int64 }
}

// outcomes reads the lines of a stream.
func (r *reply) outcomes() []outcome {
	r.t.Helper()
	var all []outcome
	for line := range bytes.Lines(r.body) {
		var o outcome
		if err := json.Unmarshal(line, &o); err != nil {
			r.t.Fatalf("%v: %s", err, line)
		}
		all = append(all, o)
	}
	return all
}

// appended returns how many records the log has.
func (s *server) appended() int64 {
	s.t.Helper()
	ends, err := s.log.Ends(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var n int64
	for _, end := range ends {
		n += end
	}
	return n
}

// ids numbers the events of a test process.
var ids atomic.Int64

// purchase returns an event as JSON; members replace or add to those it has.
func purchase(subject string, members ...string) string {
	ev := map[string]json.RawMessage{
		"specversion": json.RawMessage(`"1.0"`),
		"id":          json.RawMessage(fmt.Sprintf("%q", fmt.Sprintf("0199a1b2-0000-7000-8000-%012d", ids.Add(1)))),
		"source":      json.RawMessage(`"urn:test"`),
		"type":        json.RawMessage(`"purchase.recorded"`),
		"subject":     json.RawMessage(fmt.Sprintf("%q", subject)),
		"time":        json.RawMessage(`"2026-03-01T09:30:00Z"`),
		"data":        json.RawMessage(`{"amount":{"minor":12900,"currency":"CNY"},"quantity":1}`),
	}
	for i := 0; i < len(members); i += 2 {
		if members[i+1] == "" {
			delete(ev, members[i])
			continue
		}
		ev[members[i]] = json.RawMessage(members[i+1])
	}
	b, err := json.Marshal(ev)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// lead is a log whose partitions end so many records after the real ends.
type lead struct {
	*eventstore.Log
	by int64
}

// Ends returns the ends with the lead.
func (l lead) Ends(ctx context.Context) (eventstore.Positions, error) {
	ends, err := l.Log.Ends(ctx)
	for p := range ends {
		ends[p] += l.by
	}
	return ends, err
}
