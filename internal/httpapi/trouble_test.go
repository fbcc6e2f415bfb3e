package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/projections"
)

// away is a log that acknowledges nothing from the given call on.
type away struct {
	mu    sync.Mutex
	calls int
	from  int
}

func (l *away) Append(_ context.Context, records []eventstore.Record) ([]eventstore.Appended, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	out := make([]eventstore.Appended, len(records))
	if l.calls < l.from {
		return out, nil
	}
	for i := range out {
		out[i].Err = eventstore.ErrUnknownOutcome
	}
	return out, eventstore.ErrUnknownOutcome
}

// withLog gives the front door another log.
func withLog(log *away) func(*httpapi.Options) {
	return func(o *httpapi.Options) {
		o.Ingest = ingest.New(log, domain.DefaultPolicy, func() time.Time { return now }, ingest.Options{})
	}
}

func TestALogThatDoesNotAnswerIsAProblemThatMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	s := setup(t, withLog(&away{}))
	for media, body := range map[string]string{one: purchase("c1"), batch: "[" + purchase("c1") + "]"} {
		r := s.post(media, body)
		r.problem(http.StatusServiceUnavailable, "log-unavailable")
		if r.header.Get("Retry-After") == "" {
			t.Errorf("%s: there is no Retry-After", media)
		}
	}
}

func TestAStreamEndsWhenTheLogDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := setup(t, withLog(&away{from: 2}))
	talk := s.talk(ndjson)
	talk.send(purchase("c1") + "\n")
	if line := talk.receive(); !strings.Contains(line, `"accepted"`) {
		t.Fatalf("the first line is %s", line)
	}
	talk.send(purchase("c1") + "\n")
	if line := talk.receive(); !strings.Contains(line, `"unknown"`) {
		t.Errorf("the second line is %s", line)
	}
	// The client has not ended its request: the server does.
	if line := talk.receive(); !strings.Contains(line, "problems/log-unavailable") {
		t.Errorf("the last line is %s", line)
	}
	if rest := talk.end(); rest != "" {
		t.Errorf("then comes %s", rest)
	}
}

// blocked is a log that holds appends until it is released.
type blocked struct{ entered, release chan struct{} }

func (l *blocked) Append(_ context.Context, records []eventstore.Record) ([]eventstore.Appended, error) {
	l.entered <- struct{}{}
	<-l.release
	return make([]eventstore.Appended, len(records)), nil
}

func TestMoreEventsThanTheDoorTakesAreRefusedForNow(t *testing.T) {
	t.Parallel()
	log := &blocked{entered: make(chan struct{}), release: make(chan struct{})}
	s := setup(t, func(o *httpapi.Options) {
		o.Ingest = ingest.New(log, domain.DefaultPolicy, func() time.Time { return now }, ingest.Options{MaxInFlight: 1})
	})
	first := make(chan *reply)
	go func() { first <- s.post(one, purchase("c1")) }()
	<-log.entered
	s.post(one, purchase("c1")).problem(http.StatusTooManyRequests, "busy")
	close(log.release)
	(<-first).wants(http.StatusAccepted)
}

// broken is a Query that fails.
type broken struct{ projections.Query }

func (broken) Summary(context.Context) (*projections.Summary, error) {
	return nil, errors.New("password of the database is wrong")
}

func (broken) Lifecycle(context.Context, projections.LifecycleFilter) (*projections.LifecycleReport, error) {
	panic("password of the database is wrong")
}

func TestWhatGoesWrongIsInTheLogAndNotInTheAnswer(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	s := setup(t, func(o *httpapi.Options) {
		o.Query = broken{o.Query}
		o.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	})
	for _, path := range []string{"/v1/summary", "/v1/lifecycle"} {
		logged.Reset()
		r := s.get(path)
		p := r.problem(http.StatusInternalServerError, "internal")
		if strings.Contains(string(r.body), "password") {
			t.Errorf("%s: answer is %s", path, r.body)
		}
		if text := logged.String(); !strings.Contains(text, "password") || !strings.Contains(text, p.Instance) || strings.Count(text, "\n") != 1 {
			t.Errorf("%s: the log is %s", path, text)
		}
	}
}

func TestServeEndsWithItsContextAfterTheRequestsInFlight(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	entered := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-ctx.Done()
		w.WriteHeader(http.StatusNoContent)
	})
	done := make(chan error)
	go func() { done <- httpapi.Serve(ctx, listener, handler) }()
	s := &server{t: t, url: "http://" + listener.Addr().String(), client: &http.Client{Transport: &http.Transport{}}}
	defer s.client.CloseIdleConnections()
	answer := make(chan *reply)
	go func() { answer <- s.get("/") }()
	<-entered
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	(<-answer).wants(http.StatusNoContent)
	if err := httpapi.Serve(t.Context(), listener, handler); err == nil {
		t.Error("a closed listener can be served")
	}
}
