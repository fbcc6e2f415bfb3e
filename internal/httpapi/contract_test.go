package httpapi_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/stream"
)

func TestTheDocumentIsTheOneThatWasReviewed(t *testing.T) {
	t.Parallel()
	got := feed(t, stream.Options{}, func(o *httpapi.Options) {
		o.Webhooks = deliverer(notify.NewMemory(), notify.Options{})
	}).get("/openapi.json").wants(http.StatusOK).body
	golden := filepath.Join("testdata", "openapi.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the OpenAPI document is not %s: look at the difference after go test -run %s -update", golden, t.Name())
	}
}

// contract reads the document of the server and returns how it finds operations.
func contract(t testing.TB, s *server) routers.Router {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(s.get("/openapi.json").wants(http.StatusOK).body)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	s := setup(t)
	router := contract(t, s)
	openapi3filter.RegisterBodyDecoder("application/problem+json", openapi3filter.JSONBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/schema+json", openapi3filter.JSONBodyDecoder)
	after := s.fill(5, "c1", "c2")
	s.post(one, purchase("c1", "type", `"complaint.filed"`, "data", `{"complaint_id":"k1"}`)).wants(http.StatusAccepted)
	aside, other := s.setAside("c1"), s.setAside("c2")
	s.broken.Store(true)
	stuck := s.post(one, purchase("c9", "actor", `"`+breaker+`"`)).wants(http.StatusAccepted).header.Get("Rapport-Position")
	s.get("/v1/parked?after=" + stuck).wants(http.StatusOK)
	last := s.post(one, purchase("c1", "type", `"contact.made"`, "data", `{"direction":"out","channel":"phone"}`)).header.Get("Rapport-Position")
	for _, request := range []struct{ method, target, media, body string }{
		{"GET", "/v1/summary?after=" + after, "", ""},
		{"GET", "/v1/lifecycle?from=2026-01-01", "", ""},
		{"GET", "/v1/positions", "", ""},
		{"GET", "/v1/rebuilds", "", ""},
		{"GET", "/v1/quarantine", "", ""},
		{"GET", "/v1/quarantine?status=closed", "", ""},
		{"GET", "/v1/quarantine/" + aside, "", ""},
		{"GET", "/v1/quarantine/0:99", "", ""},
		{"POST", "/v1/quarantine/" + aside + "/redrive?wait=30", "", ""},
		{"POST", "/v1/quarantine/" + aside + "/redrive", "", ""},
		{"POST", "/v1/quarantine/0:99/redrive", "", ""},
		{"POST", "/v1/quarantine/" + other + "/discard", asJSON, `{}`},
		{"POST", "/v1/quarantine/" + other + "/discard?wait=30", asJSON, `{"reason":"x"}`},
		{"GET", "/v1/quarantine/" + other, "", ""},
		{"POST", "/v1/quarantine/" + other + "/discard", asJSON, `{"reason":"x"}`},
		{"GET", "/v1/quarantine?status=all", "", ""},
		{"GET", "/v1/parked", "", ""},
		{"GET", "/v1/customers/c9", "", ""},
		{"GET", "/v1/customers/c9/explain", "", ""},
		{"GET", "/v1/customers/c9/history", "", ""},
		{"GET", "/v1/customers/c1/explain?as_of=2026-02-03T12:00:00Z", "", ""},
		{"GET", "/v1/customers/c1/explain?what=luck", "", ""},
		{"POST", "/v1/parked/c9/redrive?wait=30", "", ""},
		{"POST", "/v1/parked/c9/redrive", "", ""},
		{"POST", "/v1/parked/c1/redrive", "", ""},
		{"GET", "/v1/policies", "", ""},
		{"POST", "/v1/policies", asYAML, "version: autumn\n"},
		{"POST", "/v1/policies?wait=30", asJSON, `{"document":"version: winter\n"}`},
		{"POST", "/v1/policies", asJSON, `{"document":"version: winter\nmax_future: 1h\n"}`},
		{"POST", "/v1/policies", asYAML, "clock: sun\n"},
		{"POST", "/v1/policies", asJSON, "{"},
		{"GET", "/v1/policies", "", ""},
		{"GET", "/v1/customers?limit=1", "", ""},
		{"GET", "/v1/customers?limit=0", "", ""},
		{"GET", "/v1/customers/c1?after=" + last, "", ""},
		{"GET", "/v1/customers/c1?as_of=2026-02-03T12:00:00Z", "", ""},
		{"GET", "/v1/customers/nobody", "", ""},
		{"GET", "/v1/customers/c1/timeline?limit=3", "", ""},
		{"GET", "/healthz", "", ""},
		{"GET", "/readyz", "", ""},
		{"GET", "/asyncapi.yaml", "", ""},
		{"GET", "/schemas/purchase.recorded/v1.json", "", ""},
		{"POST", "/v1/events", one, purchase("c1")},
		{"POST", "/v1/events", one, purchase("c1", "type", `"clock.ticked"`)},
		{"POST", "/v1/events", batch, "[" + purchase("c1") + "]"},
		{"POST", "/v1/events", batch, "["},
		{"POST", "/v1/events", "text/plain", ""},
	} {
		r := s.do(request.method, request.target, strings.NewReader(request.body), "Content-Type", request.media)
		checkAnswer(t, router, request.method, request.target, r)
	}
}

// checkAnswer checks an answer against the document.
func checkAnswer(t testing.TB, router routers.Router, method, target string, r *reply) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	route, path, err := router.FindRoute(req)
	if err != nil {
		t.Errorf("%s %s: %v", method, target, err)
		return
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: path, Route: route},
		Status:                 r.status, Header: r.header, Body: io.NopCloser(bytes.NewReader(r.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s %s: %v", method, target, err)
	}
}

func TestTheDocumentLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	text := string(setup(t).get("/openapi.json").wants(http.StatusOK).body)
	for _, host := range []string{"unpkg.com", "$schema", "ErrorModel"} {
		if strings.Contains(text, host) {
			t.Errorf("the document has %s", host)
		}
	}
}
