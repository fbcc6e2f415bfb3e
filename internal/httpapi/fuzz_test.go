package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// checking is a log that panics unless a reader accepts what it is given, with which the answer becomes 500.
type checking struct{}

func (checking) Append(_ context.Context, records []eventstore.Record) ([]eventstore.Appended, error) {
	var ev domain.Event
	for i := range records {
		r := &records[i]
		if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
			panic(fmt.Sprintf("a record cannot be read: %v: %s", err, r.Value))
		}
		if _, _, err := domain.NewDecoder().DecodeEvent(&ev); err != nil {
			panic(fmt.Sprintf("an invalid event was appended: %v: %s", err, r.Value))
		}
	}
	return make([]eventstore.Appended, len(records)), nil
}

// FuzzEvents sends bodies of any kind in every form: the answer is always one that the API describes, and nothing
// invalid reaches the log.
func FuzzEvents(f *testing.F) {
	for _, media := range []string{one, batch, ndjson, "application/json"} {
		f.Add(media, "", purchase("c1"))
		f.Add(media, "", "["+purchase("c1")+",7]")
		f.Add(media, "", purchase("c1")+"\n\n{}\r\n"+purchase("c1"))
		f.Add(media, "gzip", gzipped(f, purchase("c1")))
		f.Add(media, "zstd", zstandard(f, purchase("c1")))
		f.Add(media, "gzip", gzipped(f, purchase("c1"))[:40])
	}
	for _, test := range refused {
		if len(test.event) < 4096 {
			f.Add(one, "", test.event)
		}
	}
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, 1)
	handler, err := httpapi.New(httpapi.Options{
		Ingest: ingest.New(checking{}, domain.DefaultPolicy, func() time.Time { return now }, ingest.Options{}),
		Query:  store, Waiter: projections.NewProgress(1), History: replay.NewReader(nil, store, func() *projections.Fold { return fold }), MaxInflated: 1 << 20,
		Logger: slog.New(slog.NewTextHandler(f.Output(), nil)),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, media, coding, body string) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/events", strings.NewReader(body))
		req.Header.Set("Content-Type", media)
		req.Header.Set("Content-Encoding", coding)
		req.Header.Set("Ce-Specversion", "1.0")
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, req)
		switch rec.Code {
		case 200, 202, 400, 413, 415, 422:
		default:
			t.Errorf("status is %d: %s", rec.Code, rec.Body)
		}
		for line := range strings.Lines(rec.Body.String()) {
			if !json.Valid([]byte(line)) {
				t.Errorf("the answer is not JSON: %s", line)
			}
		}
	})
}

// untouched are decisions that must not be asked for by a body that is not understood. Whatever is decided is a document
// or a reason that the writer would take.
type untouched struct{ *control.Writer }

func (untouched) Publish(_ context.Context, document []byte, _ string) (*control.Published, error) {
	policy, err := domain.ParsePolicy(document)
	if err != nil {
		return nil, err
	}
	return &control.Published{Version: policy.Version, Positions: []eventstore.Position{{}}}, nil
}

func (untouched) Discard(_ context.Context, at eventstore.Position, reason, _ string) (eventstore.Position, error) {
	if strings.TrimSpace(reason) == "" {
		panic("a record is discarded without a reason")
	}
	return at, nil
}

// FuzzOrders sends bodies of any kind to the routes on which people decide something: the answer is always one that the
// API describes.
func FuzzOrders(f *testing.F) {
	for _, body := range []string{
		`{"reason":"x"}`, `{"reason":"x","actor":"employee:e1"}`, `{"reason":7}`, `{"reason":"x"}}`, `{"a/b~":null}`, `[]`, ``, `null`,
		`{"document":"version: a\n"}`, `{"document":""}`,
	} {
		f.Add("/v1/quarantine/0:1/discard", asJSON, body)
		f.Add("/v1/policies", asJSON, body)
	}
	for _, body := range []string{"version: a\n", "clock: sun\n", "[", "- 1", "a: &a [*a]", "lifecycle: {decline_gaps: 3}\n"} {
		f.Add("/v1/policies", asYAML, body)
	}
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, 1)
	handler, err := httpapi.New(httpapi.Options{
		Ingest: ingest.New(checking{}, domain.DefaultPolicy, func() time.Time { return now }, ingest.Options{}),
		Query:  store, Waiter: projections.NewProgress(1), Control: &untouched{}, Logger: slog.New(slog.NewTextHandler(f.Output(), nil)),
		History: replay.NewReader(nil, store, func() *projections.Fold { return fold }),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, media, body string) {
		if path != "/v1/policies" {
			path = "/v1/quarantine/0:1/discard"
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		req.Header.Set("Content-Type", media)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, req)
		switch rec.Code {
		case 201, 202, 400, 409, 413, 415, 422:
		default:
			t.Errorf("status is %d: %s", rec.Code, rec.Body)
		}
		if !json.Valid(rec.Body.Bytes()) {
			t.Errorf("the answer is not JSON: %s", rec.Body)
		}
	})
}
