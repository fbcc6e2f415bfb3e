package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/rapport-crm/rapport/domain/schemas"
)

// addOperations registers what the surroundings of the program ask for.
func (a *api) addOperations() {
	a.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, []byte(`{"status":"ok"}`))
	})
	a.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := a.Ready(r.Context()); err != nil {
			kindNotReady.problem(err.Error()).write(w, r)
			return
		}
		writeJSON(w, []byte(`{"status":"ready"}`))
	})
	a.mux.Handle("GET /metrics", a.Metrics.Handler())
	a.describeOperations()
}

// addSchemas registers the JSON Schemas of the event types. A version never changes once it is published.
func (a *api) addSchemas() {
	a.mux.HandleFunc("GET /schemas/{type}/{version}", func(w http.ResponseWriter, r *http.Request) {
		schema, ok := schema(r.PathValue("type"), r.PathValue("version"))
		if !ok {
			kindNotFound.problem("There is no such schema.").write(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/schema+json")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		_, _ = w.Write(schema)
	})
}

// schema returns the schema of a file name such as v1.json.
func schema(typ, file string) ([]byte, bool) {
	digits, ok := strings.CutSuffix(strings.TrimPrefix(file, "v"), ".json")
	version, err := strconv.Atoi(digits)
	if !ok || err != nil || "v"+strconv.Itoa(version)+".json" != file {
		return nil, false
	}
	return schemas.Lookup(typ, version)
}

// writeJSON answers with a JSON document that is ready.
func writeJSON(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n'))
}
