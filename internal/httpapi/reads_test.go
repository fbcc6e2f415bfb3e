package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain/schemas"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/httpapi"
)

// list is what the tests look at in a page of anything.
type list struct {
	Items []struct {
		ID, Type, Stage string
		Version         int64
		Verdict         string
	}
	Next string
}

// fill appends n purchases of each customer, a day apart, and returns the position to wait for.
func (s *server) fill(n int, customers ...string) string {
	s.t.Helper()
	var events []string
	for _, c := range customers {
		for i := range n {
			events = append(events, purchase(c, "time", fmt.Sprintf(`"2026-02-%02dT09:00:00Z"`, i+1)))
		}
	}
	return s.post(batch, "["+strings.Join(events, ",")+"]").wants(http.StatusOK).header.Get("Rapport-Position")
}

func TestEveryReadReflectsThePositionItWasToldToWaitFor(t *testing.T) {
	t.Parallel()
	s := setup(t)
	after := s.fill(3, "c1", "c2", "c3", "c4")
	for _, path := range []string{"/v1/summary", "/v1/customers", "/v1/customers/c1", "/v1/customers/c1/timeline", "/v1/lifecycle", "/v1/quarantine"} {
		r := s.get(path + "?after=" + after).wants(http.StatusOK)
		at, err := eventstore.ParsePositions(r.header.Get("Rapport-Position"))
		if err != nil {
			t.Fatal(err)
		}
		until, err := eventstore.ParsePositions(after)
		if err != nil {
			t.Fatal(err)
		}
		if !at.Reached(until) {
			t.Errorf("%s reflects %s, not %s", path, at, until)
		}
	}
	var sum struct {
		Events, Customers int64
		Stages            map[string]int64
	}
	s.get("/v1/summary").into(&sum)
	if sum.Events != 12 || sum.Customers != 4 || sum.Stages["growth"] != 4 {
		t.Errorf("summary is %+v", sum)
	}
}

func TestACustomerMayBeCalledByDots(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for id, path := range map[string]string{".": "%2E", "..": "%2E%2E"} {
		var view customer
		after := s.fill(1, id)
		s.get("/v1/customers/" + path + "?after=" + after).wants(http.StatusOK).into(&view)
		if view.Version != 1 {
			t.Errorf("%q is %+v", id, view)
		}
		s.get("/v1/customers/" + path + "/timeline").wants(http.StatusOK)
	}
}

func TestAPositionThatIsNotReachedInTimeIsAProblemOfTheClientAlone(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	s := setup(t, func(o *httpapi.Options) {
		o.WaitLimit = time.Millisecond
		o.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	})
	r := s.get("/v1/summary?after=0:7")
	r.problem(http.StatusGatewayTimeout, "position-not-reached")
	if r.header.Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
	if logged.Len() > 0 {
		t.Errorf("the log has %s", logged.String())
	}
	for _, after := range []string{"7", "a:1", "0:1,0:2", "0:-1", "99999999:1", "3:0", "0:1,3:1"} {
		p := s.get("/v1/summary?after="+after).problem(http.StatusUnprocessableEntity, "invalid-request")
		if p.Errors[0].Pointer != "/query/after" {
			t.Errorf("errors are %+v", p.Errors)
		}
	}
}

func TestSilenceChangesTheAnswerAboutACustomerWhoseVersionStays(t *testing.T) {
	t.Parallel()
	s := setup(t)
	// look returns the customer's stage and the answer after another event.
	look := func(event string) (string, *reply) {
		var view struct{ Lifecycle struct{ Stage string } }
		after := s.post(one, event).wants(http.StatusAccepted).header.Get("Rapport-Position")
		r := s.get("/v1/customers/c1?after="+after, "If-None-Match", `"v1"`).wants(http.StatusOK)
		r.into(&view)
		return view.Lifecycle.Stage, r
	}
	before, _ := look(purchase("c1", "time", `"2023-01-01T09:00:00Z"`))
	// The views have no clock: it is an event of another customer that tells them of the years in between.
	later, r := look(purchase("c2", "time", `"2026-03-01T09:00:00Z"`))
	if tag := r.header.Get("ETag"); tag != `"v1"` || before != "growth" || later == before {
		t.Errorf("with the tag %s the customer is in %s, before the silence in %s", tag, later, before)
	}
	if cached := r.header.Get("Cache-Control"); cached != "no-store" {
		t.Errorf("the answer may be kept: %s", cached)
	}
}

func TestACustomerIsShownAsOfAnInstant(t *testing.T) {
	t.Parallel()
	s := setup(t)
	after := s.fill(5, "c1")
	var view customer
	r := s.get("/v1/customers/c1?as_of=2026-02-03T12:00:00Z&after=" + after).wants(http.StatusOK)
	r.into(&view)
	if view.Trade.Purchases != 3 || r.header.Get("ETag") != "" {
		t.Errorf("as of the third day: %s", r.body)
	}
	r = s.get("/v1/customers/c1?known_at=2020-01-01T00:00:00Z")
	r.problem(http.StatusNotFound, "not-found")
	if r.header.Get("Rapport-Position") == "" {
		t.Error("not found, but as of which position?")
	}
}

func TestPagesFollowEachOtherWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	s := setup(t)
	after := s.fill(7, "c1", "c2", "c3")
	for path, want := range map[string]string{
		"/v1/customers?sort=id":                                         "c1 c2 c3",
		"/v1/customers?text=C2":                                         "c2",
		"/v1/customers?stage=decline":                                   "",
		"/v1/customers/c1/timeline?order=asc":                           "1 2 3 4 5 6 7",
		"/v1/customers/c1/timeline":                                     "7 6 5 4 3 2 1",
		"/v1/customers/c1/timeline?type=order.placed,purchase.recorded": "7 6 5 4 3 2 1",
		"/v1/customers/c1/timeline?type=order.placed":                   "",
	} {
		var got []string
		cursor := ""
		for range 20 {
			join := "?"
			if strings.Contains(path, "?") {
				join = "&"
			}
			var l list
			s.get(path + join + "limit=2&after=" + after + "&cursor=" + url.QueryEscape(cursor)).wants(http.StatusOK).into(&l)
			for _, item := range l.Items {
				if strings.Contains(path, "timeline") {
					got = append(got, fmt.Sprint(item.Version))
				} else {
					got = append(got, item.ID)
				}
			}
			if cursor = l.Next; cursor == "" {
				break
			}
		}
		if list := strings.Join(got, " "); list != want || cursor != "" {
			t.Errorf("%s is %q, want %q", path, list, want)
		}
	}
}

func TestAParameterThatCannotBeUsedIsNamed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for path, want := range map[string]string{
		"/v1/customers?limit=0":                       "/query/limit min",
		"/v1/customers?limit=501":                     "/query/limit max",
		"/v1/customers?limit=ten":                     "/query/limit type",
		"/v1/customers?stage=none":                    "/query/stage oneof",
		"/v1/customers?sort=name":                     "/query/sort oneof",
		"/v1/customers?cursor=x":                      "/query/cursor format",
		"/v1/customers?color=red":                     "/query/color unknown",
		"/v1/quarantine?cursor=x":                     "/query/cursor format",
		"/v1/summary?limit=1":                         "/query/limit unknown",
		"/v1/lifecycle?from=yesterday":                "/query/from format",
		"/v1/lifecycle?from=2026-03-01&to=2026-02-01": "/query/to min",
		"/v1/customers/c1?as_of=now":                  "/query/as_of format",
		"/v1/customers/" + strings.Repeat("x", 257):   "/path/id length",
		"/v1/customers/c1/timeline?order=up":          "/query/order oneof",
	} {
		p := s.get(path).problem(http.StatusUnprocessableEntity, "invalid-request")
		if len(p.Errors) != 1 || p.Errors[0].Pointer+" "+p.Errors[0].Rule != want {
			t.Errorf("%s: errors are %+v, want %s", path, p.Errors, want)
		}
	}
	p := s.do(http.MethodPost, "/v1/events?dry_run=1", strings.NewReader("{}"), "Content-Type", one).problem(http.StatusUnprocessableEntity, "invalid-request")
	if p.Errors[0].Pointer != "/query/dry_run" {
		t.Errorf("errors are %+v", p.Errors)
	}
}

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.get("/v1/customers/nobody").problem(http.StatusNotFound, "not-found")
	s.get("/v1/customers/nobody/timeline").problem(http.StatusNotFound, "not-found")
	s.get("/v1/nothing").problem(http.StatusNotFound, "not-found")
	s.get("/").problem(http.StatusNotFound, "not-found")
	r := s.do(http.MethodDelete, "/v1/events", nil)
	r.problem(http.StatusMethodNotAllowed, "method-not-allowed")
	if got := r.header.Get("Allow"); got != http.MethodPost {
		t.Errorf("Allow is %q", got)
	}
	for _, media := range []string{"text/plain", "application/json", "application/cloudevents+avro", "nonsense;", ""} {
		s.post(media, purchase("c1")).problem(http.StatusUnsupportedMediaType, "unsupported-media-type")
	}
	s.post("text/plain", "{}", "Ce-Specversion", "1.0").problem(http.StatusUnsupportedMediaType, "unsupported-media-type")
	s.post(one, purchase("c1"), "Sec-Fetch-Site", "cross-site").problem(http.StatusForbidden, "cross-origin")
}

func TestAnIDChosenByTheClientIsKeptWhenItIsFit(t *testing.T) {
	t.Parallel()
	s := setup(t)
	if got := s.get("/healthz", "X-Request-Id", "trace-1.a_B").wants(http.StatusOK).header.Get("X-Request-Id"); got != "trace-1.a_B" {
		t.Errorf("id is %q", got)
	}
	for _, id := range []string{"a b", "<x>", strings.Repeat("x", 65)} {
		if got := s.get("/healthz", "X-Request-Id", id).header.Get("X-Request-Id"); got == id || got == "" {
			t.Errorf("id %q became %q", id, got)
		}
	}
}

func TestSchemasMayBeKeptForEver(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := s.get("/schemas/purchase.recorded/v1.json").wants(http.StatusOK)
	want, _ := schemas.Lookup("purchase.recorded", 1)
	if string(r.body) != string(want) || !strings.Contains(r.header.Get("Cache-Control"), "immutable") {
		t.Errorf("the schema is %v %s", r.header, r.body)
	}
	for _, path := range []string{"purchase.recorded/v2.json", "nothing.known/v1.json", "purchase.recorded/v01.json", "purchase.recorded/1.json", "..%2Fpurchase.recorded/v1.json"} {
		s.get("/schemas/"+path).problem(http.StatusNotFound, "not-found")
	}
}

func TestTheSurroundingsSeeHowTheProgramIs(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) {
		o.Ready = func(context.Context) error { return errors.New("views are at 0:1 of 0:7") }
	})
	s.get("/healthz").wants(http.StatusOK)
	if p := s.get("/readyz").problem(http.StatusServiceUnavailable, "not-ready"); !strings.Contains(p.Detail, "0:7") {
		t.Errorf("detail is %q", p.Detail)
	}
	s.get("/v1/summary?after=" + s.fill(1, "c1")).wants(http.StatusOK)
	s.post(ndjson, "{}\n{}\n").wants(http.StatusOK)
	text := string(s.get("/metrics").wants(http.StatusOK).body)
	for _, want := range []string{
		`rapport_ingest_events_total{result="accepted"} 1`,
		`rapport_ingest_events_total{result="invalid"} 2`,
		`rapport_http_requests_total{code="200",route="GET /v1/summary"} 1`,
		`rapport_http_requests_total{code="503",route="GET /readyz"} 1`,
		`rapport_projection_lag_records{partition="2"} 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the metrics do not have %s", want)
		}
	}
	var at struct {
		Positions, Ends, Lag map[string]int64
	}
	s.get("/v1/positions").wants(http.StatusOK).into(&at)
	if len(at.Positions) != 3 || len(at.Ends) != 3 || len(at.Lag) != 3 {
		t.Errorf("positions are %+v", at)
	}
}

func TestQuarantineShowsWhatOtherProducersWroteWrongly(t *testing.T) {
	t.Parallel()
	s := setup(t)
	appended, err := s.log.Append(t.Context(), []eventstore.Record{{Key: []byte("c1"), Value: []byte("not an event"),
		Headers: []eventstore.Header{{Key: "content-type", Value: []byte("application/cloudevents+json")}}}})
	if err != nil {
		t.Fatal(err)
	}
	var l list
	s.get("/v1/quarantine?after=" + appended[0].Position.String()).wants(http.StatusOK).into(&l)
	if len(l.Items) != 1 || l.Items[0].Verdict != "quarantined" {
		t.Errorf("quarantine is %+v", l)
	}
}

func TestOtherPathsAreTheFallbacks(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) {
		o.Fallback = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	})
	s.get("/dashboard").wants(http.StatusTeapot)
	s.do(http.MethodPut, "/v1/summary", nil).problem(http.StatusMethodNotAllowed, "method-not-allowed")
}

func TestAnAPIWithoutItsPartsIsRefused(t *testing.T) {
	t.Parallel()
	_, err := httpapi.New(httpapi.Options{})
	if err == nil || !strings.Contains(err.Error(), "Query") || !strings.Contains(err.Error(), "Ingest") {
		t.Errorf("error is %v", err)
	}
}
