package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/internal/engine"
	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// The load of BenchmarkEdges: events of a second, each of a new customer, whose life starts with it; among how many
// organisation units; webhooks, of a unit each; and clients of the stream, ten of each unit.
const (
	edgeRate    = 2000
	edgeBeat    = 20 * time.Millisecond
	edgeUnits   = 100
	edgeClients = 10 * edgeUnits
)

// BenchmarkEdges runs a whole engine that takes 2,000 events a second over HTTP, finds out as much, and tells 100 webhooks and
// 1,000 clients of the stream, each of what concerns its unit. One webhook of the hundred never answers. It reports how long
// it took from the append to the arrival, the memory of the process, all receivers included, and the processor time of the
// process by event. Run it for 10 s with -benchtime 20000x.
func BenchmarkEdges(b *testing.B) {
	for _, store := range []struct {
		name     string
		database func(b *testing.B) string
	}{
		{"file", func(*testing.B) string { return "" }},
		{"postgresql", func(b *testing.B) string { b.Helper(); return pgtest.Database(b) }},
	} {
		b.Run(store.name, func(b *testing.B) { runEdges(b, store.database(b)) })
	}
}

func runEdges(b *testing.B, database string) {
	b.Helper()
	hooks, streams := new(waits), new(waits)
	receiver := receivers(b, hooks.receive)
	e, err := engine.Open(b.Context(), engine.Config{
		Log: engine.LogConfig{Data: b.TempDir()}, DatabaseURL: database,
		Webhooks: notify.Options{AllowHTTP: true, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Drain: time.Second},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			b.Error(err)
		}
	}()
	listener, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(b.Context())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx, listener) }()
	for i := range edgeUnits {
		body := fmt.Sprintf(`{"url":"http://127.0.1.%d:%d/%d","org_unit":"u-%d","types":["lifecycle.started"]}`, i+1, receiver, i, i)
		post(b, url+"/v1/webhooks", "application/json", []byte(body))
	}
	clients := listenAll(b, ctx, url, streams)
	emitEvents(b, url, "warm", edgeUnits) // engines begin to read for webhooks when there is one
	await(hooks, streams, edgeUnits)
	hooks.reset()
	streams.reset()
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	emitEvents(b, url, "c", b.N)
	await(hooks, streams, b.N)
	b.StopTimer()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	stop()
	if err := <-served; err != nil && !errors.Is(err, context.Canceled) {
		b.Error(err)
	}
	clients.Wait()
	cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-us/event")
	b.ReportMetric(float64(memory.HeapInuse>>20), "heap-MiB")
	hooks.report(b, "hook")
	streams.report(b, "sse")
}

// await returns once the outputs of n events have arrived.
func await(hooks, streams *waits, n int) {
	for hooks.n.Load() < int64(n-(n+edgeUnits-1)/edgeUnits) || streams.n.Load() < int64(n*edgeClients/edgeUnits) {
		time.Sleep(10 * time.Millisecond)
	}
}

// receivers runs a server that is found at every loopback address, as if it were many hosts, and returns its port.
func receivers(b *testing.B, receive http.HandlerFunc) (port int) {
	b.Helper()
	listener, err := new(net.ListenConfig).Listen(b.Context(), "tcp4", "0.0.0.0:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: receive}}
	server.Start()
	b.Cleanup(server.Close)
	return listener.Addr().(*net.TCPAddr).Port
}

// waits are the times from appends to arrivals.
type waits struct {
	mu   sync.Mutex
	took []time.Duration
	n    atomic.Int64
}

func (w *waits) add(occurred time.Time) {
	took := time.Since(occurred)
	w.mu.Lock()
	w.took = append(w.took, took)
	w.mu.Unlock()
	w.n.Add(1)
}

func (w *waits) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took = nil
	w.n.Store(0)
}

func (w *waits) report(b *testing.B, name string) {
	b.Helper()
	if len(w.took) == 0 {
		return // the one event of a first round is for the webhook that never answers
	}
	slices.Sort(w.took)
	for _, part := range []int{50, 99} {
		at := w.took[(len(w.took)-1)*part/100]
		b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprintf("%s-p%d-ms", name, part))
	}
}

// receive takes a delivery at once, except on the first address, where it never answers.
func (w *waits) receive(answer http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/0" {
		_, _ = io.Copy(io.Discard, r.Body) // nobody hears of it
		<-r.Context().Done()
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		answer.WriteHeader(http.StatusBadRequest)
		return
	}
	w.add(occurred(body))
}

// occurred returns when an output took effect, which is when its event was appended. Reading no more than that keeps the
// receivers from taking the processors of the engine.
func occurred(output []byte) time.Time {
	_, rest, _ := bytes.Cut(output, []byte(`"time":"`))
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return time.Time{}
	}
	return at
}

// listenAll opens the streams and returns once each has sent its first id.
func listenAll(b *testing.B, ctx context.Context, url string, got *waits) *sync.WaitGroup {
	b.Helper()
	var open, running sync.WaitGroup
	transport := &http.Transport{MaxConnsPerHost: 0, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10}
	b.Cleanup(transport.CloseIdleConnections)
	fault := make(chan error, edgeClients)
	for i := range edgeClients {
		open.Add(1)
		running.Go(func() {
			opened := sync.OnceFunc(open.Done)
			defer opened()
			if err := listen(ctx, transport, fmt.Sprintf("%s/v1/stream?org_unit=u-%d", url, i%edgeUnits), opened, got); err != nil && ctx.Err() == nil {
				fault <- err
			}
		})
	}
	open.Wait()
	select {
	case err := <-fault:
		b.Fatal(err)
	default:
	}
	return &running
}

func listen(ctx context.Context, transport http.RoundTripper, url string, opened func(), got *waits) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the stream is answered with %s", answer.Status)
	}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		switch line := lines.Bytes(); {
		case bytes.HasPrefix(line, []byte("data: ")):
			got.add(occurred(line))
		case bytes.HasPrefix(line, []byte("id: ")):
			opened()
		}
	}
	return lines.Err()
}

// emitEvents appends events of as many new customers at the rate of the benchmark, by requests of equal size that do not wait for one another.
func emitEvents(b *testing.B, url, prefix string, total int) {
	b.Helper()
	beat := time.NewTicker(edgeBeat)
	defer beat.Stop()
	var requests sync.WaitGroup
	for n := 0; n < total; {
		var body []byte
		for end := min(total, n+int(edgeRate*edgeBeat/time.Second)); n < end; n++ {
			ev := domain.Event{
				ID: fmt.Sprint(prefix, "-", n), Source: "bench", Type: "lead.captured", Subject: fmt.Sprint(prefix, "-", n), Time: domain.InstantOf(time.Now()),
				OrgUnit: fmt.Sprint("u-", n%edgeUnits), ExpectedVersion: domain.NoExpectation, Data: []byte(`{"source":"fair"}`),
			}
			body = wire.Encode(append(body, ','), &ev)
		}
		body[0] = '['
		body = append(body, ']')
		requests.Go(func() { post(b, url+"/v1/events", "application/cloudevents-batch+json", body) })
		<-beat.C
	}
	requests.Wait()
}

// post makes a request that must succeed.
func post(b *testing.B, url, media string, body []byte) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Content-Type", media)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 || strings.Contains(string(text), `"invalid"`) {
		b.Errorf("%s is answered with %s: %.200s", url, answer.Status, text)
	}
}
