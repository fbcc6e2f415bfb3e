package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/user"
	"slices"
	"strings"
	"sync"
	"testing"
)

// ordered is a server that gives each path an answer of its own and remembers the orders it was given.
type ordered struct {
	url    string
	mu     sync.Mutex
	orders []string
}

// reply is the answer to the requests for one path.
type reply struct {
	status int
	body   string
}

// orders starts a server that answers as the table of method and path says.
func orders(t *testing.T, answers map[string]reply) *ordered {
	t.Helper()
	o := new(ordered)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the order: %v", err)
		}
		if r.Method != http.MethodGet {
			o.mu.Lock()
			what := strings.TrimPrefix(r.Method+" ", "POST ") + r.URL.Path
			o.orders = append(o.orders, strings.Join([]string{what, r.URL.Query().Get("actor"), r.Header.Get("Prefer"), r.Header.Get("Content-Type"), string(body)}, "|"))
			o.mu.Unlock()
		}
		a, known := answers[r.Method+" "+r.URL.RequestURI()]
		if !known {
			a, known = answers[r.Method+" "+r.URL.Path]
		}
		if !known {
			t.Errorf("unexpected: %s %s", r.Method, r.URL.RequestURI())
		}
		kind := "application/json"
		if a.status >= 400 {
			kind = "application/problem+json"
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(a.status)
		if _, err := io.WriteString(w, a.body); err != nil {
			t.Errorf("answer: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

// got returns the orders in the order in which they came.
func (o *ordered) got() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.orders)
}

func (o *ordered) wants(t *testing.T, want ...string) {
	t.Helper()
	if got := o.got(); !slices.Equal(got, want) {
		t.Errorf("the server was given the orders\n%q, want\n%q", got, want)
	}
}

func TestWhoGivesAnOrderIsTheUserOfTheSystemUnlessSomebodyElseIsNamed(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{{nil, me.Username}, {[]string{"--actor", "employee:e1"}, "employee:e1"}} {
		server := orders(t, map[string]reply{"POST /v1/parked/c-1/redrive": {200, `{"position":"0:9","parked":false}`}})
		if got := execute(t, append([]string{"redrive", "c-1", "--url", server.url}, c.args...)...); got.code != exitDone {
			t.Errorf("the run shows %+v", got)
		}
		server.wants(t, "/v1/parked/c-1/redrive|"+c.want+"|wait=5||")
	}
}

func TestRedriveListsWhatIsParked(t *testing.T) {
	t.Parallel()
	server := answer(t, json.RawMessage(`{"items":[{"partition":1,"customer":"c-1","position":"1:17","parked_at":"2026-03-01T09:30:00Z",
		"error":"runtime error: index out of range\ngoroutine 1\n\tfile.go:7","queue":12}]}`))
	got := execute(t, "redrive", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "parked", got.stdout)
}

func TestRedriveTellsWhatBecameOfEveryStream(t *testing.T) {
	t.Parallel()
	server := orders(t, map[string]reply{
		"GET /v1/parked":                {200, `{"items":[{"customer":"c-1"},{"customer":"c/2"},{"customer":"c-3"}]}`},
		"POST /v1/parked/c-1/redrive":   {200, `{"position":"0:9","parked":false}`},
		"POST /v1/parked/c/2/redrive":   {200, `{"position":"1:4","parked":true}`},
		"POST /v1/parked/c-3/redrive":   {202, `{"position":"2:4"}`},
		"POST /v1/parked/other/redrive": {404, `{"title":"There is no such thing"}`},
	})
	got := execute(t, "redrive", "--all", "--actor", "e", "--url", server.url)
	if got.code != exitFailed || !strings.Contains(got.stderr, "1 of 3 streams still") {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "redrive", got.stdout)
	got = execute(t, "redrive", "other", "c-1", "--actor", "e", "--json", "--url", server.url)
	want := `{"results":[{"customer":"c-1","position":"0:9","parked":false}]}` + "\n"
	if got.code != exitNotFound || got.stdout != want || !strings.Contains(got.stderr, "other: There is no such thing") {
		t.Errorf("the run shows %+v", got)
	}
}

func TestRedrivingAllReadsEveryPageOfTheParked(t *testing.T) {
	t.Parallel()
	server := orders(t, map[string]reply{
		"GET /v1/parked?limit=500":            {200, `{"items":[{"customer":"c-1"}],"next":"two"}`},
		"GET /v1/parked?cursor=two&limit=500": {200, `{"items":[{"customer":"c-2"}]}`},
		"GET /v1/parked?cursor=two&limit=1":   {200, `{"items":[{"customer":"c-2"}],"next":"three"}`},
		"POST /v1/parked/c-1/redrive":         {200, `{"position":"0:9","parked":false}`},
		"POST /v1/parked/c-2/redrive":         {200, `{"position":"1:9","parked":false}`},
	})
	if got := execute(t, "redrive", "--all", "--actor", "e", "--url", server.url); got.code != exitDone {
		t.Errorf("the run shows %+v", got)
	}
	server.wants(t, "/v1/parked/c-1/redrive|e|wait=5||", "/v1/parked/c-2/redrive|e|wait=5||")
	got := execute(t, "redrive", "--limit", "1", "--cursor", "two", "--url", server.url)
	if got.code != exitDone || !strings.Contains(got.stderr, "three") {
		t.Errorf("the list shows %+v", got)
	}
	if got := execute(t, "redrive", "--limit", "1", "c-1", "--url", server.url); got.code != exitUsage {
		t.Errorf("a page of one id shows %+v", got)
	}
}

func TestAServerThatIsAwayEndsTheOrders(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	got := execute(t, "redrive", "c-1", "c-2", "--url", server.URL)
	if got.code != exitFailed || strings.Contains(got.stderr, "c-2") || !strings.Contains(got.stderr, "rapport serve") {
		t.Errorf("the run shows %+v", got)
	}
}
