package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/engine"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
)

// purchases returns n purchases of ten customers, from the given number on.
func purchases(from, n int) []eventstore.Record {
	records := make([]eventstore.Record, n)
	for i := range records {
		ev := domain.Event{
			ID: fmt.Sprint("p-", from+i), Source: "test", Type: "purchase.recorded", Subject: fmt.Sprint("c-", (from+i)%10),
			Time: domain.InstantOf(domain.Date(20_000).Time()) + domain.Instant(from+i)*domain.Hour, ExpectedVersion: domain.NoExpectation,
			Data: []byte(`{"amount":{"minor":100,"currency":"CNY"}}`),
		}
		records[i] = eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
	}
	return records
}

func appendTo(t *testing.T, e *engine.Engine, records []eventstore.Record) {
	t.Helper()
	if _, err := e.Log.Append(t.Context(), records); err != nil {
		t.Fatal(err)
	}
}

func TestTheEngineOutlivesAKilledDatabase(t *testing.T) {
	t.Parallel()
	database := pgtest.Server(t, nil)
	quiet := slog.New(slog.DiscardHandler)
	e, err := engine.Open(t.Context(), engine.Config{Log: engine.LogConfig{NoSync: true}, DatabaseURL: database.URL()}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()

	appendTo(t, e, purchases(0, 500))
	if err := e.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	database.Kill()
	appendTo(t, e, purchases(500, 500))
	database.Start()
	if err := e.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}

	views, err := e.Views.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	replayed, err := replay.Whole(t.Context(), e.Log, domain.DefaultPolicy(), projections.Bound{}, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	want, err := replayed.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if views.Digest != want.Digest || views.Events != 1000 {
		t.Errorf("%d events with digest %s, a replay of the log has %s", views.Events, views.Digest, want.Digest)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the engine ended with %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
