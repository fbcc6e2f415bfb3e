package engine_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/rapport-crm/rapport/internal/engine"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// served is an engine that answers HTTP.
type served struct {
	t    *testing.T
	url  string
	stop func()
}

// serveHTTP opens an engine and serves it until stop or the end of the test.
func serveHTTP(t *testing.T, c engine.Config) *served {
	t.Helper()
	e, err := engine.Open(t.Context(), c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- e.Serve(ctx, listener) }()
	s := &served{t: t, url: "http://" + listener.Addr().String()}
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the engine ended with %v", err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

// ask sends a request and returns the answer, which must have the status.
func (s *served) ask(status int, method, path, media, body string) []byte {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		s.t.Fatalf("%s %s: %d, want %d: %s, %v", method, path, res.StatusCode, status, content, err)
	}
	return content
}

// read reads a document.
func (s *served) read(path string, into any) {
	s.t.Helper()
	if err := json.Unmarshal(s.ask(http.StatusOK, "GET", path, "", ""), into); err != nil {
		s.t.Fatal(err)
	}
}

// subscribe adds a webhook for the start of customers and returns its id and its secret.
func (s *served) subscribe(url string) (id, secret string) {
	s.t.Helper()
	var made struct{ ID, Secret string }
	body := fmt.Sprintf(`{"url":%q,"types":["lifecycle.started"]}`, url)
	if err := json.Unmarshal(s.ask(http.StatusCreated, "POST", "/v1/webhooks", "application/json", body), &made); err != nil {
		s.t.Fatal(err)
	}
	return made.ID, made.Secret
}

// purchase appends a purchase of a customer over HTTP.
func (s *served) purchase(customer string, at time.Time) {
	s.t.Helper()
	event := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"test","type":"purchase.recorded","subject":%q,"time":%q,"data":{"amount":{"minor":100,"currency":"CNY"}}}`,
		uuid.NewString(), customer, at.UTC().Format(time.RFC3339))
	s.ask(http.StatusAccepted, "POST", "/v1/events", "application/cloudevents+json", event)
}

// delivery is what the tests look at in a delivery.
type delivery struct {
	ID, Customer, Status, Reason string
	Attempts                     int
	HeldUntil                    *time.Time `json:"held_until"`
	Log                          []struct {
		At     time.Time
		Status int
		Error  string
	}
}

// deliveries returns the deliveries to a webhook with their logs.
func (s *served) deliveries(webhook string) []delivery {
	s.t.Helper()
	var page struct{ Items []delivery }
	s.read("/v1/deliveries?limit=500&webhook="+webhook, &page)
	for i := range page.Items {
		s.read("/v1/deliveries/"+page.Items[i].ID, &page.Items[i])
	}
	return page.Items
}

// patience bounds the wait for something that must happen. No test passes because it has run out.
const patience = 2 * time.Minute

// until waits for something that comes about by itself.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not in %s", what, patience)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// impatient are settings with which what takes days takes moments, and loopback may be reached. A request is given as long
// as a receiver on a busy machine may need.
func impatient() notify.Options {
	return notify.Options{
		AllowHTTP: true, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Poll: 20 * time.Millisecond,
		Timeout: 10 * time.Second, BreakerPause: 50 * time.Millisecond, Schedule: notify.Schedule{Delays: []time.Duration{50 * time.Millisecond}},
	}
}

// once answers the first request as it says, and 204 from then on.
func once(first http.HandlerFunc) http.HandlerFunc {
	var asked atomic.Bool
	return func(w http.ResponseWriter, r *http.Request) {
		if asked.CompareAndSwap(false, true) {
			first(w, r)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func receive(t *testing.T, start func(*httptest.Server), answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = slog.NewLogLogger(quiet.Handler(), slog.LevelDebug)
	start(server)
	t.Cleanup(server.Close)
	return server
}

// hostileReceiver is one that does its worst, and what becomes of a delivery to it.
type hostileReceiver struct {
	answer http.HandlerFunc
	// status and error are those of the first request in the journal.
	status int
	error  string
	// state is that of the delivery in the end, reason why it is dead.
	state, reason string
}

// newHostile returns receivers that do what receivers do.
func newHostile() map[string]hostileReceiver {
	return map[string]hostileReceiver{
		"fails": {
			answer: once(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }),
			status: 500, error: "answered 500", state: "delivered",
		},
		"hangs": {
			answer: once(func(_ http.ResponseWriter, r *http.Request) {
				// Only then does the server see the client leave.
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}), error: "no complete answer in time", state: "delivered",
		},
		"closes within its answer": {
			answer: once(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				w.WriteHeader(http.StatusOK)
				_, _ = io.WriteString(w, "half")
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}), status: 200, error: "read answer", state: "delivered",
		},
		"is gone": {
			answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, status: 410, error: "answered 410", state: "dead", reason: "gone",
		},
		"asks for a second": {
			answer: once(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
			}), status: 429, error: "answered 429", state: "delivered",
		},
		"leads inside": {
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://10.1.2.3/")
				w.WriteHeader(http.StatusMovedPermanently)
			}, status: 301, error: "redirects are not followed", state: "pending",
		},
	}
}

func TestAnEventAppendedOverHTTPReachesReceiversThatDoTheirWorst(t *testing.T) {
	t.Parallel()
	verified := make(chan error, 10) // more than the requests that may come
	var secret atomic.Pointer[string]
	good := receive(t, (*httptest.Server).StartTLS, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		library, err := standardwebhooks.NewWebhook(*secret.Load())
		if err == nil {
			err = library.Verify(body, r.Header)
		}
		verified <- err
	})
	foreign := receive(t, (*httptest.Server).StartTLS, func(http.ResponseWriter, *http.Request) { t.Error("a request came in spite of the certificate") })
	options := impatient()
	options.RootCAs = x509.NewCertPool()
	options.RootCAs.AddCert(good.Certificate())

	s := serveHTTP(t, engine.Config{Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}, Webhooks: options})
	goodID, key := s.subscribe(good.URL)
	secret.Store(&key)
	// The name in the certificate is not that of the server.
	foreignID, _ := s.subscribe(strings.Replace(foreign.URL, "127.0.0.1", "localhost", 1))
	hostile, ids := newHostile(), make(map[string]string)
	for name, h := range hostile {
		ids[name], _ = s.subscribe(receive(t, (*httptest.Server).Start, h.answer).URL)
	}
	s.ask(http.StatusUnprocessableEntity, "POST", "/v1/webhooks", "application/json", `{"url":"https://169.254.169.254/"}`)

	s.purchase("c-old", time.Now().AddDate(-1, 0, 0))
	s.purchase("c-1", time.Now())
	if err := <-verified; err != nil {
		t.Errorf("the official library: %v", err)
	}
	for name, h := range hostile {
		var got []delivery
		until(t, name, func() bool {
			got = s.deliveries(ids[name])
			return len(got) == 1 && got[0].Status == h.state && len(got[0].Log) > 0
		})
		d := got[0]
		if first := d.Log[0]; d.Customer != "c-1" || d.Reason != h.reason || first.Status != h.status || !strings.Contains(first.Error, h.error) {
			t.Errorf("%q: the journal has %+v, want %+v", name, d, h)
		}
		if pause := d.Log[len(d.Log)-1].At.Sub(d.Log[0].At); name == "asks for a second" && pause < time.Second {
			t.Errorf("the next request came after %s", pause)
		}
	}
	until(t, "the certificate", func() bool {
		d := s.deliveries(foreignID)
		return len(d) == 1 && d[0].Attempts > 0 && d[0].Status == "pending" && strings.Contains(d[0].Log[0].Error, "certificate")
	})
	if d := s.deliveries(goodID); len(d) != 1 || d[0].Status != "delivered" || d[0].Attempts != 1 {
		t.Errorf("the good endpoint has %+v", d)
	}
	s.ask(http.StatusOK, "GET", "/readyz", "", "")
	// The old purchase may lie in another partition than the new one, and be looked at after it.
	for _, want := range []string{
		"rapport_webhook_quiet_total " + fmt.Sprint(len(hostile)+2), "rapport_webhook_filed_total " + fmt.Sprint(len(hostile)+2),
		`rapport_webhook_endpoint{state="disabled",webhook="` + ids["is gone"] + `"} 1`, `rapport_webhook_pending{webhook="` + foreignID + `"} 1`,
		`rapport_webhook_requests_total{result="delivered"}`,
	} {
		until(t, want, func() bool { return strings.Contains(string(s.ask(http.StatusOK, "GET", "/metrics", "", "")), want) })
	}
}

// seen is what a receiver that drops repetitions has taken.
type seen struct {
	mu sync.Mutex
	// customers are the customers by the id of the delivery.
	customers map[string]string
	refuse    atomic.Bool
}

// receiver starts a receiver.
func (s *seen) receiver(t *testing.T) *httptest.Server {
	t.Helper()
	s.customers = make(map[string]string)
	return receive(t, (*httptest.Server).Start, func(w http.ResponseWriter, r *http.Request) {
		var event struct{ Subject string }
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			t.Error(err)
		}
		if s.refuse.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		id := r.Header.Get(notify.HeaderID)
		if before, known := s.customers[id]; known && before != event.Subject {
			t.Errorf("delivery %s came again about another customer", id)
		}
		s.customers[id] = event.Subject
	})
}

// has reports whether every customer of the given number was taken, each by one id. Those of other tests on the same
// topics have names of another beginning.
func (s *seen) has(t *testing.T, beginning string, n int) bool {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make(map[string]int)
	for _, customer := range s.customers {
		if strings.HasPrefix(customer, beginning) {
			ids[customer]++
		}
	}
	for customer, times := range ids {
		if times > 1 {
			t.Fatalf("customer %s came by %d ids", customer, times)
		}
	}
	return len(ids) == n
}

func TestWhatWaitsOutlivesARestartOfAnEngineWithoutADatabase(t *testing.T) {
	t.Parallel()
	var taken seen
	taken.refuse.Store(true)
	receiver := taken.receiver(t)
	config := engine.Config{Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}, Webhooks: impatient()}
	s := serveHTTP(t, config)
	id, _ := s.subscribe(receiver.URL)
	for n := range 20 {
		s.purchase(fmt.Sprint("c-", n), time.Now())
	}
	until(t, "the deliveries", func() bool { return len(s.deliveries(id)) == 20 })
	s.stop()
	taken.refuse.Store(false)
	s = serveHTTP(t, config)
	for n := range 10 {
		s.purchase(fmt.Sprint("d-", n), time.Now())
	}
	until(t, "the receiver", func() bool { return taken.has(t, "", 30) })
}

func TestEnginesOnOneDatabaseDeliverOnceTogetherAndTakeOver(t *testing.T) {
	t.Parallel()
	var taken seen
	receiver := taken.receiver(t)
	config := engine.Config{
		Log:         engine.LogConfig{Kafka: []string{kafkatest.Broker(t)}, Topic: "webhooks." + uuid.NewString(), Partitions: 4},
		DatabaseURL: pgtest.Database(t), Webhooks: impatient(),
	}
	mine := uuid.NewString()
	config.Node = "one"
	one := serveHTTP(t, config)
	one.subscribe(receiver.URL)
	config.Node = "two"
	two := serveHTTP(t, config)
	for n := range 20 {
		one.purchase(fmt.Sprint(mine, "-one-", n), time.Now())
		two.purchase(fmt.Sprint(mine, "-two-", n), time.Now())
	}
	until(t, "both", func() bool { return taken.has(t, mine, 40) })
	one.stop()
	for n := range 20 {
		two.purchase(fmt.Sprint(mine, "-left-", n), time.Now())
	}
	until(t, "the one that is left", func() bool { return taken.has(t, mine, 60) })
}
