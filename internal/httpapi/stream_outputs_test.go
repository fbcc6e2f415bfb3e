package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/stream"
)

const outputTopic = "rapport.lifecycle"

// feeding is a server with a stream of outputs.
type feeding struct {
	*server
	outlet *eventstore.Outlet
	hub    *stream.Hub
	sent   int
	stop   func()
}

// feed runs a server with a stream, with change applied to its options.
func feed(t *testing.T, opts stream.Options, change ...func(*httpapi.Options)) *feeding {
	t.Helper()
	f := new(feeding)
	f.server = setup(t, append(change, func(o *httpapi.Options) {
		f.open(t, o.Records.(*eventstore.Log).Brokers(), opts)
		o.Stream = f.hub
	})...)
	// Streams end before the server is closed, as they do when the engine stops.
	t.Cleanup(f.stop)
	return f
}

// open opens the topic and runs the hub until stop.
func (f *feeding) open(t *testing.T, brokers []string, opts stream.Options) {
	t.Helper()
	var err error
	cfg := eventstore.Config{Brokers: brokers, Partitions: 1}
	if f.outlet, err = eventstore.OpenOutlet(t.Context(), cfg, eventstore.OutletTopic{Name: outputTopic}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, f.outlet) })
	if f.hub, err = stream.Open(t.Context(), cfg, []string{outputTopic}, opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, f.hub) })
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- f.hub.Run(ctx) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the hub ended with %v", err)
		}
	})
	t.Cleanup(f.stop)
}

// publish publishes n outputs of customers c0, c1 and c2 in turn.
func (f *feeding) publish(n int) {
	f.t.Helper()
	records := make([]eventstore.Record, n)
	for i := range records {
		ev := domain.Event{
			ID: fmt.Sprint("o", f.sent), Source: "rapport", Type: "lifecycle.started", Subject: fmt.Sprint("c", f.sent%3),
			Time: domain.InstantOf(now), ExpectedVersion: domain.NoExpectation, Data: []byte(`{"to":"prospect"}`),
		}
		records[i] = eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
		f.sent++
	}
	if err := f.outlet.Publish(f.t.Context(), outputTopic, records); err != nil {
		f.t.Fatal(err)
	}
}

// listener reads a stream.
type listener struct {
	t     *testing.T
	lines *bufio.Scanner
	res   *http.Response
}

func (f *feeding) listen(t *testing.T, query string, headers ...string) *listener {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/v1/stream?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := f.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("the stream begins with %d %v", res.StatusCode, res.Header)
	}
	return &listener{t: t, lines: bufio.NewScanner(res.Body), res: res}
}

// until returns the lines up to the one that begins as given.
func (l *listener) until(start string) []string {
	l.t.Helper()
	var lines []string
	for l.lines.Scan() {
		lines = append(lines, l.lines.Text())
		if strings.HasPrefix(l.lines.Text(), start) {
			return lines
		}
	}
	l.t.Fatalf("the stream ends without %q: %q, %v", start, lines, l.lines.Err())
	return nil
}

func TestAStreamSendsOutputsAndResumesAfterTheLastID(t *testing.T) {
	t.Parallel()
	f := feed(t, stream.Options{})
	f.publish(5)
	one := f.listen(t, "topic=lifecycle&customer=c1,c2")
	if got := one.until("id:"); !slices.Equal(got, []string{"retry: 3000", "id: 1-5"}) {
		t.Errorf("the stream begins with %q", got)
	}
	f.publish(3)
	got := one.until("data:")
	got = append(got, one.until("data:")...)
	// Outputs 5 and 7 are of c2 and c1; 6 is of c0.
	want := []string{"", "id: 1-6", "event: lifecycle.started", data(5, 2), "", "id: 1-8", "event: lifecycle.started", data(7, 1)}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := one.res.Body.Close(); err != nil {
		t.Error(err)
	}
	f.publish(1)
	for _, again := range []*listener{f.listen(t, "", "Last-Event-ID", "1-8"), f.listen(t, "last_event_id=1-8")} {
		again.until("id: 1-8")
		again.until("id: 1-9")
	}
}

// data is the line with the n-th output.
func data(n, customer int) string {
	return fmt.Sprintf(`data: {"specversion":"1.0","id":"o%d","source":"rapport","type":"lifecycle.started","subject":"c%d","time":%q,"data":{"to":"prospect"}}`,
		n, customer, now.Format(time.RFC3339))
}

func TestASilentStreamBeats(t *testing.T) {
	t.Parallel()
	f := feed(t, stream.Options{}, func(o *httpapi.Options) { o.StreamHeartbeat = time.Millisecond })
	one := f.listen(t, "customer=nobody")
	one.until(": heartbeat")
	f.publish(4)
	one.until("id: 1-4")
	one.until(": heartbeat")
}

func TestAStreamEndsWithAWordWhenTheServerStops(t *testing.T) {
	t.Parallel()
	f := feed(t, stream.Options{})
	one := f.listen(t, "")
	one.until("id:")
	f.stop()
	one.until(": closing")
	for one.lines.Scan() {
		if one.lines.Text() != "" {
			t.Errorf("after the end comes %q", one.lines.Text())
		}
	}
	f.get("/v1/stream").problem(http.StatusServiceUnavailable, "not-ready")
}

// stuck is a client that does not read until it is let go.
type stuck struct {
	*httptest.ResponseRecorder
	waiting, free chan struct{}
	once          sync.Once
}

// Write blocks the first output.
func (s *stuck) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "data:") {
		s.once.Do(func() {
			close(s.waiting)
			<-s.free
		})
	}
	return s.ResponseRecorder.Write(b)
}

func TestASlowClientIsDroppedWithAWord(t *testing.T) {
	t.Parallel()
	f := feed(t, stream.Options{RingOutputs: 16})
	w := &stuck{ResponseRecorder: httptest.NewRecorder(), waiting: make(chan struct{}), free: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/stream?last_event_id=1", nil))
	}()
	f.publish(1)
	<-w.waiting
	quick := f.listen(t, "last_event_id=1")
	for range 10 {
		f.publish(10)
		for range 10 {
			quick.until("data:")
		}
	}
	quick.until("data:")
	close(w.free)
	<-done
	if got := w.Body.String(); !strings.HasSuffix(got, "\n\n: dropped: outputs came faster than they were read; resume with Last-Event-ID\n\n") {
		t.Errorf("the stream ends with %q", got)
	}
}

func TestAStreamRefusesWhatItCannotGive(t *testing.T) {
	t.Parallel()
	f := feed(t, stream.Options{MaxClients: 1})
	for _, query := range []string{"topics=x", "topic=rapport.events", "type=purchase.recorded", "last_event_id=7", "last_event_id=1-9", "customer=%zz"} {
		f.get("/v1/stream?"+query).problem(http.StatusUnprocessableEntity, "invalid-request")
	}
	f.listen(t, "").until("id:")
	f.get("/v1/stream").problem(http.StatusTooManyRequests, "busy")
	setup(t).get("/v1/stream").problem(http.StatusNotFound, "not-found")
}

func TestTheContractOfTheOutputsIsServed(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) { o.Version, o.Brokers = "1.2.3", []string{"kafka.example.com:9092"} })
	answer := s.get("/asyncapi.yaml").wants(http.StatusOK)
	var document struct {
		AsyncAPI string
		Info     struct{ Version string }
		Servers  map[string]struct{ Host string }
	}
	if err := yaml.Unmarshal(answer.body, &document); err != nil || document.AsyncAPI != "3.0.0" || document.Info.Version != "1.2.3" ||
		document.Servers["broker1"].Host != "kafka.example.com:9092" {
		t.Errorf("served %+v, %v", document, err)
	}
	for _, typ := range domain.Outputs() {
		for version := 1; version <= typ.Version; version++ {
			s.get(fmt.Sprintf("/schemas/%s/v%d.json", typ.Name, version)).wants(http.StatusOK)
		}
	}
}
