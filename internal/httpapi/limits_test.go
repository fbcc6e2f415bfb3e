package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// busy fails the test unless the answer says that too much is going on, and when to come again.
func (r *reply) busy() {
	r.t.Helper()
	if r.problem(http.StatusTooManyRequests, "busy"); r.header.Get("Retry-After") == "" {
		r.t.Error("there is no Retry-After")
	}
}

// held gives the front door a log that holds appends until it is released.
func held(log *blocked) func(*httpapi.Options) {
	return func(o *httpapi.Options) {
		o.Ingest = ingest.New(log, domain.DefaultPolicy, func() time.Time { return now }, ingest.Options{})
	}
}

func TestMoreRequestsThanAreAnsweredAtATimeAreRefusedForNow(t *testing.T) {
	t.Parallel()
	log := &blocked{entered: make(chan struct{}), release: make(chan struct{})}
	s := setup(t, held(log), func(o *httpapi.Options) { o.MaxRequests = 1 })
	first := make(chan *reply)
	go func() { first <- s.post(one, purchase("c1")) }()
	<-log.entered
	s.get("/v1/summary").busy()
	s.get("/no-such-page").busy()
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		s.get(path).wants(http.StatusOK)
	}
	close(log.release)
	(<-first).wants(http.StatusAccepted)
	s.get("/v1/summary").wants(http.StatusOK)
}

// heavy returns an array of events that is about so many MiB long.
func heavy(mebibytes int) string {
	events := make([]string, 16*mebibytes)
	for i := range events {
		events[i] = purchase("c1", "data", `{"amount":{"minor":1,"currency":"CNY"},"x":"`+strings.Repeat("x", 63<<10)+`"}`)
	}
	return "[" + strings.Join(events, ",") + "]"
}

func TestMoreBytesOfBodiesThanThereIsRoomForAreRefusedForNow(t *testing.T) {
	t.Parallel()
	log := &blocked{entered: make(chan struct{}), release: make(chan struct{})}
	s := setup(t, held(log), func(o *httpapi.Options) { o.MaxBodies = 1 }) // the least there is, 16 MiB
	large := "[" + purchase("c1") + strings.Repeat(" ", 13<<20) + "]"
	first := make(chan *reply)
	go func() { first <- s.post(batch, large) }()
	<-log.entered
	s.post(batch, large).busy()
	s.post(ndjson, purchase("c1")+"\n").busy()
	s.post(one, zstandard(t, purchase("c1")), "Content-Encoding", "zstd").busy()
	close(log.release)
	(<-first).wants(http.StatusOK)
	// What was taken is given back, also by those that were refused and those that break off.
	go func() {
		for range log.entered { // appends go through from here on
		}
	}()
	defer close(log.entered)
	for range 3 {
		s.post(batch, large).wants(http.StatusOK)
		s.post(batch, large[:len(large)-1]).wants(http.StatusBadRequest)
		s.post(ndjson, purchase("c1")+"\n").wants(http.StatusOK)
		s.post(one, zstandard(t, purchase("c1")), "Content-Encoding", "zstd").wants(http.StatusAccepted)
		s.post(one, "no zstd", "Content-Encoding", "zstd").wants(http.StatusBadRequest)
	}
}

// stalled is a log of which nothing comes back, as one whose broker takes connections and answers nothing.
type stalled struct {
	mu            sync.Mutex
	calls, inside int
}

func (l *stalled) Append(ctx context.Context, records []eventstore.Record) ([]eventstore.Appended, error) {
	l.add(1)
	defer l.add(-1)
	<-ctx.Done()
	out := make([]eventstore.Appended, len(records))
	for i := range out {
		out[i].Err = fmt.Errorf("%w: %w", eventstore.ErrUnknownOutcome, ctx.Err())
	}
	return out, out[0].Err
}

func (l *stalled) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside += n
	l.calls += max(n, 0)
}

// seen returns how many calls are in the log, and how many there have been.
func (l *stalled) seen() (inside, calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inside, l.calls
}

// crowd is a front door without a network, before a stalled log.
type crowd struct {
	t       *testing.T
	log     *stalled
	handler http.Handler
	answers sync.Map
	done    sync.WaitGroup
}

// newCrowd returns a crowd before a door that lets so many events in.
func newCrowd(t *testing.T, inFlight int) *crowd {
	t.Helper()
	c := &crowd{t: t, log: new(stalled)}
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, 1)
	handler, err := httpapi.New(httpapi.Options{
		Ingest: ingest.New(c.log, domain.DefaultPolicy, func() time.Time { return now }, ingest.Options{MaxInFlight: inFlight}),
		Query:  store, Waiter: projections.NewProgress(1), MaxBodies: 16 << 20, MaxRequests: 1 << 20,
		History: replay.NewReader(nil, store, func() *projections.Fold { return fold }), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.handler = handler
	return c
}

// send lets n clients send a body each at the same time.
func (c *crowd) send(n int, media string, body func() io.Reader) {
	for range n {
		c.done.Go(func() {
			req := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, "/v1/events", body())
			req.Header.Set("Content-Type", media)
			rec := httptest.NewRecorder()
			c.handler.ServeHTTP(rec, req)
			c.answers.Store(rec, nil)
		})
	}
}

// count returns how many clients were answered with each status. Every answer that is no success says when to come
// again, and none says that an event was appended.
func (c *crowd) count() map[int]int {
	c.t.Helper()
	counts := make(map[int]int)
	c.answers.Range(func(key, _ any) bool {
		rec := key.(*httptest.ResponseRecorder)
		counts[rec.Code]++
		if rec.Code >= 400 && rec.Header().Get("Retry-After") == "" {
			c.t.Errorf("an answer with %d has no Retry-After", rec.Code)
		}
		if text := rec.Body.String(); strings.Contains(text, `"accepted"`) || strings.Contains(text, `"position"`) {
			c.t.Errorf("an answer says that something was appended: %s", text)
		}
		return true
	})
	return counts
}

func TestAStalledLogIsAnsweredWithAProblemAfterTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 64)
		began := time.Now()
		c.send(500, one, func() io.Reader { return strings.NewReader(purchase("c1")) })
		synctest.Wait()
		if inside, _ := c.log.seen(); inside != 64 || c.count()[429] != 436 || len(c.count()) != 1 {
			t.Errorf("at once: %v, with %d in the log", c.count(), inside)
		}
		c.done.Wait()
		if counts := c.count(); counts[503] != 64 || counts[429] != 436 || time.Since(began) != 20*time.Second {
			t.Errorf("after %s: %v", time.Since(began), counts)
		}
		// There is room again afterwards.
		c.send(1, one, func() io.Reader { return strings.NewReader(purchase("c1")) })
		c.done.Wait()
		if inside, calls := c.log.seen(); inside != 0 || calls != 65 || c.count()[503] != 65 {
			t.Errorf("then: %v, %d calls of the log", c.count(), calls)
		}
	})
}

// endless is a stream of events that never ends.
type endless struct {
	line []byte
	at   int
	read *atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.line[e.at:])
	e.at = (e.at + n) % len(e.line)
	e.read.Add(int64(n))
	return n, nil
}

func TestAStalledLogStopsStreamsAndMemoryStaysFlat(t *testing.T) { //nolint:paralleltest // it measures the heap
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 1<<16)
		before, routines := heap(), runtime.NumGoroutine()
		// 300 MiB of batches and endless streams come at once.
		body := heavy(1)
		c.send(300, batch, func() io.Reader { return strings.NewReader(body) })
		var read atomic.Int64
		line := []byte(purchase("c1", "data", `{"amount":{"minor":1,"currency":"CNY"},"x":"`+strings.Repeat("x", 60<<10)+`"}`) + "\n")
		c.send(50, ndjson, func() io.Reader { return &endless{line: line, read: &read} })
		synctest.Wait()
		if grown := heap() - before; grown > 100<<20 {
			t.Errorf("the heap has grown by %d MiB", grown>>20)
		}
		if inside, _ := c.log.seen(); runtime.NumGoroutine()-routines > 2*inside {
			t.Errorf("%d goroutines for %d requests in the log", runtime.NumGoroutine()-routines, inside)
		}
		if n := read.Load(); n > 100<<20 {
			t.Errorf("%d MiB of the streams were read", n>>20)
		}
		c.done.Wait()
		counts := c.count()
		if counts[429] < 300 || counts[429]+counts[503]+counts[200] != 350 || counts[503] == 0 {
			t.Errorf("the answers are %v", counts)
		}
	})
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAStalledLogIsAProblemForAClientOnTheNetworkToo(t *testing.T) {
	t.Parallel()
	log := new(stalled)
	s := setup(t, func(o *httpapi.Options) {
		o.Ingest = ingest.New(log, domain.DefaultPolicy, time.Now, ingest.Options{})
		o.AppendLimit = time.Millisecond
	})
	for media, body := range map[string]string{one: purchase("c1"), batch: "[" + purchase("c1") + "]"} {
		r := s.post(media, body)
		if r.problem(http.StatusServiceUnavailable, "log-unavailable"); r.header.Get("Retry-After") == "" {
			t.Errorf("%s: there is no Retry-After", media)
		}
	}
	lines := s.post(ndjson, purchase("c1")+"\n").wants(http.StatusOK).outcomes()
	if len(lines) != 2 || lines[0].Status != "unknown" || lines[1].Problem == nil || lines[1].Problem.Status != http.StatusServiceUnavailable {
		t.Errorf("the stream is answered with %+v", lines)
	}
}

// lag is what a test says the lag is, on a clock of its own.
type lag struct {
	records, asked, clock atomic.Int64
	err                   error
}

func (l *lag) limit(records int64) func(*httpapi.Options) {
	return func(o *httpapi.Options) {
		o.MaxLag = records
		o.Now = func() time.Time { return now.Add(time.Duration(l.clock.Load()) * time.Second) }
		o.Lag = func(context.Context) (int64, error) {
			l.asked.Add(1)
			return l.records.Load(), l.err
		}
	}
}

// set changes the lag and lets the last answer about it grow old.
func (l *lag) set(records int64) {
	l.records.Store(records)
	l.clock.Add(1)
}

func TestEventsAreRefusedWhileTheViewsLagTooFarBehind(t *testing.T) {
	t.Parallel()
	l := new(lag)
	s := setup(t, l.limit(10))
	s.post(one, purchase("c1")).wants(http.StatusAccepted)
	s.post(one, purchase("c1")).wants(http.StatusAccepted)
	if n := l.asked.Load(); n != 1 {
		t.Errorf("the lag was asked for %d times, which costs a request each", n)
	}
	l.set(11)
	for media, body := range map[string]string{one: purchase("c1"), batch: "[" + purchase("c1") + "]", ndjson: purchase("c1") + "\n"} {
		r := s.post(media, body)
		if r.problem(http.StatusServiceUnavailable, "views-behind"); r.header.Get("Retry-After") != "5" {
			t.Errorf("%s: Retry-After is %q", media, r.header.Get("Retry-After"))
		}
	}
	if n := s.appended(); n != 2 {
		t.Errorf("the log has %d records", n)
	}
	s.get("/v1/summary").wants(http.StatusOK)
	l.set(10)
	s.post(one, purchase("c1")).wants(http.StatusAccepted)
}

func TestAStreamEndsWhenTheViewsFallBehind(t *testing.T) {
	t.Parallel()
	l := new(lag)
	s := setup(t, l.limit(10))
	talk := s.talk(ndjson)
	talk.send(purchase("c1") + "\n")
	if line := talk.receive(); !strings.Contains(line, `"accepted"`) {
		t.Fatalf("the first line is %s", line)
	}
	l.set(11)
	talk.send(purchase("c1") + "\n")
	if line := talk.receive(); !strings.Contains(line, `"unknown"`) {
		t.Errorf("the second line is %s", line)
	}
	if line := talk.receive(); !strings.Contains(line, "problems/views-behind") {
		t.Errorf("the last line is %s", line)
	}
	talk.end()
	if n := s.appended(); n != 1 {
		t.Errorf("the log has %d records", n)
	}
}

func TestEventsAreTakenWhenNobodyKnowsTheLag(t *testing.T) {
	t.Parallel()
	l := &lag{err: errors.New("database is away")}
	l.records.Store(99)
	s := setup(t, l.limit(10))
	s.post(one, purchase("c1")).wants(http.StatusAccepted)
	unlimited := new(lag)
	unlimited.records.Store(99)
	s = setup(t, unlimited.limit(0))
	s.post(one, purchase("c1")).wants(http.StatusAccepted)
	if unlimited.asked.Load() != 0 {
		t.Error("the lag is asked for without a limit")
	}
}

func TestTheLagIsThatOfTheViewsUnlessSomebodyKnowsBetter(t *testing.T) {
	t.Parallel()
	for by, status := range map[int64]int{3: http.StatusAccepted, 4: http.StatusServiceUnavailable} {
		s := setup(t, func(o *httpapi.Options) { o.MaxLag = 9 })
		s = s.with(func() time.Time { return now }, s.outcomes, func(o *httpapi.Options) { o.Ends = lead{s.log, by} })
		s.post(one, purchase("c1")).wants(status)
	}
	if _, err := httpapi.New(httpapi.Options{MaxLag: 1}); err == nil || !strings.Contains(err.Error(), "MaxLag") {
		t.Errorf("a limit that nobody can check: %v", err)
	}
}

func TestAClientThatDoesNotReadItsAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	ended := make(chan error)
	s := setup(t, func(o *httpapi.Options) {
		o.BodyPatience = 10 * time.Millisecond
		o.Fallback = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					ended <- err
					return
				}
			}
		})
	})
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, conn)
	if _, err := io.WriteString(conn, "GET /page HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if err := <-ended; !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("it ended with %v", err)
	}
}
