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
		Query:  store, Waiter: projections.NewProgress(1), History: replay.NewReader(nil, store, fold), MaxInflated: 1 << 20,
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
