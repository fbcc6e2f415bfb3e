package notify

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// serve starts a receiver on a loopback address.
func serve(t *testing.T, start func(*httptest.Server), h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(server)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// breakOff closes the connection after the given text was sent.
func breakOff(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

func answer(code int, header, value, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// trouble is a receiver and what its delivery must look like after one request.
type trouble struct {
	url     string
	status  Status
	code    int
	error   string
	excerpt string
	// wait is the least time until the next request.
	wait time.Duration
}

// troubles starts one receiver for each way to fail. hits counts the requests that reach a place no redirect may lead to.
func troubles(t *testing.T, hits *atomic.Int32) map[string]trouble {
	t.Helper()
	// The server notices that the client has gone once the request was read.
	hang := func(r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	plain := func(h http.HandlerFunc) string { return serve(t, (*httptest.Server).Start, h).URL }
	inside := plain(func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	gone := httptest.NewServer(nil)
	gone.Close()
	return map[string]trouble{
		"takes it":       {url: plain(answer(204, "", "", "")), status: Delivered, code: 204},
		"talks a lot":    {url: plain(answer(200, "", "", strings.Repeat("€", 100_000))), status: Delivered, code: 200, excerpt: strings.Repeat("€", 341) + "\ufffd"},
		"talks nonsense": {url: plain(answer(200, "", "", "a\x00b\xffc")), status: Delivered, code: 200, excerpt: "ab\ufffdc"},
		"fails":          {url: plain(answer(500, "", "", "out of memory")), status: Pending, code: 500, error: "answered 500", excerpt: "out of memory", wait: 4 * time.Second},
		"refuses":        {url: plain(answer(404, "", "", "")), status: Pending, code: 404, error: "answered 404", wait: 4 * time.Second},
		"hangs":          {url: plain(func(_ http.ResponseWriter, r *http.Request) { hang(r) }), status: Pending, error: "no complete answer in time", wait: 4 * time.Second},
		"hangs mid-body": {url: plain(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			_, _ = io.WriteString(w, "so far")
			_ = http.NewResponseController(w).Flush()
			hang(r)
		}), status: Pending, code: 200, error: "no complete answer in time", excerpt: "so far", wait: 4 * time.Second},
		"closes":                    {url: plain(breakOff("")), status: Pending, error: "EOF", wait: 4 * time.Second},
		"closes mid-body":           {url: plain(breakOff("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")), status: Pending, code: 200, error: "read answer: unexpected EOF", excerpt: "half", wait: 4 * time.Second},
		"is no HTTP":                {url: plain(breakOff("SSH-2.0-x\r\n")), status: Pending, error: "malformed HTTP", wait: 4 * time.Second},
		"sends headers without end": {url: plain(answer(200, "X-Long", strings.Repeat("x", 1<<20), "")), status: Pending, error: "exceeded", wait: 4 * time.Second},
		"is gone":                   {url: plain(answer(410, "", "", "")), status: Dead, code: 410, error: "answered 410"},
		"is busy":                   {url: plain(answer(429, "Retry-After", "600", "")), status: Pending, code: 429, error: "answered 429", wait: 599 * time.Second},
		"is busy until a date": {url: plain(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			w.WriteHeader(503)
		}), status: Pending, code: 503, error: "answered 503", wait: 59 * time.Minute},
		"redirects inside":       {url: plain(answer(301, "Location", inside, "")), status: Pending, code: 301, error: "redirects are not followed", wait: 4 * time.Second},
		"has a bad certificate":  {url: serve(t, (*httptest.Server).StartTLS, func(http.ResponseWriter, *http.Request) { hits.Add(1) }).URL, status: Pending, error: "certificate", wait: 4 * time.Second},
		"is not there":           {url: gone.URL, status: Pending, error: "connection refused", wait: 4 * time.Second},
		"is a name that is not":  {url: "http://receiver.invalid/", status: Pending, error: "receiver.invalid", wait: 4 * time.Second},
		"is a metadata service":  {url: "http://169.254.169.254/latest/meta-data", status: Pending, error: "address 169.254.169.254 is not allowed", wait: 4 * time.Second},
		"is within the network":  {url: "http://10.1.2.3/", status: Pending, error: "address 10.1.2.3 is not allowed", wait: 4 * time.Second},
		"is a mapped IPv4 place": {url: "http://[::ffff:10.1.2.3]/", status: Pending, error: "address 10.1.2.3 is not allowed", wait: 4 * time.Second},
	}
}

func TestEveryTroubleOfAReceiverIsHandledAsDocumentedAndStandsInTheJournal(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	cases := troubles(t, &hits)
	store := NewMemory()
	for id, c := range cases {
		s := Subscription{ID: id, URL: c.url, Secrets: []Secret{{Key: NewKey()}}}
		if err := store.Subscribe(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	channel := gochannel.NewGoChannel(gochannel.Config{Persistent: true}, watermill.NopLogger{})
	attempted := make(chan Delivery, 2*len(cases))
	d := NewDeliverer(store, fromChannel(channel), Options{
		Topics: []string{topic}, Timeout: 2 * time.Second, AllowPrivate: loopback, Attempted: func(d Delivery) { attempted <- d },
	})
	if err := channel.Publish(topic, output("ann", 1, time.Now())); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx) })
	for range cases {
		got := <-attempted
		checkTrouble(t, store, got.ID, cases[got.Subscription])
	}
	cancel()
	running.Wait()
	if n := hits.Load(); n != 0 {
		t.Errorf("%d requests went where none may go", n)
	}
	if s, err := store.Subscription(t.Context(), "is gone"); err != nil || s.Disabled != DisabledGone {
		t.Errorf("the endpoint that is gone is disabled as %q, %v", s.Disabled, err)
	}
}

func checkTrouble(t *testing.T, store Store, id string, want trouble) {
	t.Helper()
	d, err := store.Delivery(t.Context(), id)
	if err != nil || len(d.Log) != 1 {
		t.Fatalf("the journal has %+v, %v", d, err)
	}
	a := d.Log[0]
	if d.Status != want.status || a.Status != want.code || a.Excerpt != want.excerpt ||
		!strings.Contains(a.Error, want.error) || (a.Error == "") != (want.error == "") {
		t.Errorf("%q: the delivery is %s after %+v, want %+v", d.Subscription, d.Status, a, want)
	}
	if strings.Contains(a.Error, "http://") {
		t.Errorf("%q: the error %q shows the URL", d.Subscription, a.Error)
	}
	if d.Status == Pending && d.NextAttempt.Sub(a.At) < want.wait {
		t.Errorf("%q: the next request is %s after the first, want at least %s", d.Subscription, d.NextAttempt.Sub(a.At), want.wait)
	}
}

func TestARequestIsSignedWithEveryActiveSecretOverTheBodyThatIsSent(t *testing.T) {
	t.Parallel()
	type received struct {
		header http.Header
		body   []byte
	}
	requests := make(chan received, 1)
	server := serve(t, (*httptest.Server).StartTLS, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		requests <- received{r.Header.Clone(), body}
	})
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c := newClient(Options{AllowPrivate: loopback, RootCAs: roots}.withDefaults())
	defer c.close()

	now := time.Now()
	s := Subscription{ID: "a", URL: server.URL, Secrets: []Secret{{Key: NewKey(), CreatedAt: now}}}
	first := s.Secrets[0].Key
	second := s.Rotate(now, time.Hour)
	ended := Secret{Key: NewKey(), ExpiresAt: now.Add(-time.Second)}
	s.Secrets = append(s.Secrets, ended)
	d := Delivery{ID: "2c1f6a0e", Body: []byte(`{"specversion":"1.0"}`)}
	if a := c.send(t.Context(), &s, &d); a.Error != "" || a.Status != 200 {
		t.Fatalf("the attempt is %+v", a)
	}
	got := <-requests
	if string(got.body) != string(d.Body) || got.header.Get(HeaderID) != d.ID ||
		got.header.Get("Content-Type") != "application/cloudevents+json; charset=UTF-8" {
		t.Errorf("received %q with %v", got.body, got.header)
	}
	for _, key := range []Key{first, second} {
		if err := Verify([]Key{key}, got.header, got.body, time.Now()); err != nil {
			t.Errorf("an active key: %v", err)
		}
	}
	if err := Verify([]Key{ended.Key}, got.header, got.body, time.Now()); err == nil {
		t.Error("a key that has ended still signs")
	}
}

func TestWithoutLeaveLoopbackIsNotReached(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	server := serve(t, (*httptest.Server).Start, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	c := newClient(Options{}.withDefaults())
	defer c.close()
	// The name is resolved first and then refused, as an address is.
	named := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for _, url := range []string{server.URL, named} {
		s := Subscription{URL: url, Secrets: []Secret{{Key: NewKey()}}}
		if a := c.send(t.Context(), &s, &Delivery{ID: "1"}); !strings.Contains(a.Error, "is not allowed") || hits.Load() != 0 {
			t.Errorf("%s: the attempt is %+v after %d hits", url, a, hits.Load())
		}
	}
}

func TestAPauseIsReadInBothFormsAndBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		code int
		text string
		want time.Duration
	}{
		{429, "90", 90 * time.Second},
		{503, "90", 90 * time.Second},
		{503, "Sun, 01 Mar 2026 10:00:00 GMT", 30 * time.Minute},
		{503, "Sun, 01 Mar 2026 09:00:00 GMT", 0},
		{503, "Mon, 01 Mar 2027 10:00:00 GMT", 24 * time.Hour},
		{429, "2000000000", 24 * time.Hour},
		{429, "99999999999999999999", 0},
		{429, "-1", 0},
		{429, "soon", 0},
		{429, "", 0},
		{500, "90", 0},
	} {
		res := &http.Response{StatusCode: c.code, Header: http.Header{"Retry-After": {c.text}}}
		if got := retryAfter(res, now); got != c.want {
			t.Errorf("%d with %q asks for %s, want %s", c.code, c.text, got, c.want)
		}
	}
}
