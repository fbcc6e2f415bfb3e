package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/engine"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pg"
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

var quiet = slog.New(slog.DiscardHandler)

// open opens an engine that is closed with the test.
func open(t *testing.T, c engine.Config) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// run runs the engine until stop or the end of the test.
func run(t *testing.T, e *engine.Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	stopped := false
	stop = func() {
		t.Helper()
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the engine ended with %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func catchUp(t *testing.T, e *engine.Engine) {
	t.Helper()
	if err := e.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// sameAsTheLog compares what an engine shows with a replay of its log.
func sameAsTheLog(t *testing.T, e *engine.Engine, events int64) {
	t.Helper()
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
	if views.Digest != want.Digest || views.Events != events {
		t.Errorf("%d events with digest %s, a replay of the log has %d with %s", views.Events, views.Digest, want.Events, want.Digest)
	}
}

// published returns the records of the output topic of the lifecycle.
func published(t *testing.T, e *engine.Engine) []eventstore.Record {
	t.Helper()
	log, err := eventstore.Open(t.Context(), eventstore.Config{Brokers: e.Log.Brokers(), Topic: "rapport.lifecycle", ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []eventstore.Record
	for p, end := range ends {
		offsets := make([]int64, end)
		for i := range offsets {
			offsets[i] = int64(i)
		}
		records, err := log.Read(t.Context(), p, offsets)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, records...)
	}
	return all
}

func TestTheEngineOutlivesAKilledDatabase(t *testing.T) {
	t.Parallel()
	database := pgtest.Server(t, nil)
	e := open(t, engine.Config{Log: engine.LogConfig{NoSync: true}, DatabaseURL: database.URL()})
	stop := run(t, e)
	appendTo(t, e, purchases(0, 500))
	catchUp(t, e)
	database.Kill()
	appendTo(t, e, purchases(500, 500))
	database.Start()
	catchUp(t, e)
	sameAsTheLog(t, e, 1000)
	stop()
}

func TestOutputsGoOnWhereTheTopicsEnd(t *testing.T) {
	t.Parallel()
	config := engine.Config{Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}}
	seen := make(map[string]string)
	for round := range 3 {
		e := open(t, config)
		stop := run(t, e)
		appendTo(t, e, purchases(round*1000, 1000))
		catchUp(t, e)
		records := published(t, e)
		for _, r := range records {
			var ev domain.Event
			if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
				t.Fatal(err)
			}
			switch before, known := seen[ev.ID]; {
			case !known:
				seen[strings.Clone(ev.ID)] = string(r.Value)
			case before != string(r.Value):
				t.Errorf("output %s came again with other content", ev.ID)
			}
		}
		if repeated := len(records) - len(seen); repeated > 0 {
			t.Errorf("round %d: %d outputs, %d of them repeated", round, len(seen), repeated)
		}
		stop()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// Ten customers, each started, grown and matured.
	if len(seen) < 30 {
		t.Errorf("%d outputs", len(seen))
	}
}

func TestAnotherPolicyBeginsAnEraAndTellsNothingTwice(t *testing.T) {
	t.Parallel()
	config := engine.Config{Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}}
	ids := make(map[string]int)
	eras := make(map[string]int)
	for round, document := range []string{"version: one\n", "version: two\nlifecycle:\n  maturity_occasions: 9\n", "version: two\nlifecycle:\n  maturity_occasions: 9\n"} {
		var err error
		if config.Policy, err = domain.ParsePolicy([]byte(document)); err != nil {
			t.Fatal(err)
		}
		e := open(t, config)
		stop := run(t, e)
		appendTo(t, e, purchases(round*1000, 1000))
		catchUp(t, e)
		clear(ids)
		clear(eras)
		for _, r := range published(t, e) {
			var ev domain.Event
			if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
				t.Fatal(err)
			}
			ids[strings.Clone(ev.ID)]++
			for _, x := range ev.Extensions {
				if x.Name == "sequence" {
					eras[x.Value[:6]]++
				}
			}
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("round %d: output %s came %d times", round, id, n)
			}
		}
		// The customers mature in the third round.
		if want := map[bool]int{true: 2, false: 1}[round == 2]; len(eras) != want {
			t.Errorf("round %d: outputs by era are %v", round, eras)
		}
		stop()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestViewsThatBeganWithAnotherPolicyAreRefused(t *testing.T) {
	t.Parallel()
	config := engine.Config{Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}, DatabaseURL: pgtest.Database(t)}
	e := open(t, config)
	stop := run(t, e)
	appendTo(t, e, purchases(0, 10))
	catchUp(t, e)
	stop()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := domain.ParsePolicy([]byte("version: other\nlifecycle:\n  decline_gaps: 3\n"))
	if err != nil {
		t.Fatal(err)
	}
	config.Policy = other
	if _, err := engine.Open(t.Context(), config, quiet); !errors.Is(err, engine.ErrOtherPolicy) {
		t.Errorf("got %v", err)
	}
	config.Policy = domain.DefaultPolicy()
	open(t, config)
}

// first makes the live views of the database as the first version of the program left them, which began with a policy of
// the given fingerprint.
func first(t *testing.T, databaseURL, policyDigest string) {
	t.Helper()
	pool, err := pg.Open(t.Context(), databaseURL, pg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const update = `UPDATE rapport.generations
		SET state_format = 1, layout = 'first', policy_version = 'default-1', policy_digest = $1, policy_document = '' WHERE state = 'live'`
	if tag, err := pool.Exec(t.Context(), update, policyDigest); err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("%s: %v", tag, err)
	}
}

func TestViewsOfTheFirstVersionAreTakenUpWithTheirPolicyAndNoOther(t *testing.T) {
	t.Parallel()
	const ofDefault, ofFile = "01bab4e74ab4ce68f80c79d655b0d526", "5e1f0000000000000000000000000000"
	file, err := domain.ParsePolicy([]byte("lifecycle:\n  decline_gaps: 3\n")) // without a version of its own
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		digest  string
		right   *domain.Policy
		wrong   *domain.Policy
		refusal string
	}{
		"the default":           {ofDefault, nil, file, "another policy"},
		"the default, by file":  {ofDefault, domain.DefaultPolicy(), file, "another policy"},
		"a file":                {ofFile, file, nil, "name its file"},
		"a file, not a default": {ofFile, file, domain.DefaultPolicy(), "another policy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := engine.Config{
				Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}, DatabaseURL: pgtest.Database(t), Policy: c.right,
			}
			e := open(t, config)
			stop := run(t, e)
			appendTo(t, e, purchases(0, 10))
			catchUp(t, e)
			stop()
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			first(t, config.DatabaseURL, c.digest)

			config.Policy = c.wrong
			if _, err := engine.Open(t.Context(), config, quiet); err == nil || !strings.Contains(err.Error(), c.refusal) {
				t.Errorf("with another policy: %v, want one that says %q", err, c.refusal)
			}
			config.Policy = c.right
			e = open(t, config)
			run(t, e)
			catchUp(t, e)
			if s, err := e.Views.Summary(t.Context()); err != nil || s.Events != 10 {
				t.Errorf("the views have %+v, %v", s, err)
			}
		})
	}
}

func TestEnginesShareThePartitionsAndTakeOver(t *testing.T) {
	t.Parallel()
	config := engine.Config{
		Log:         engine.LogConfig{Kafka: []string{kafkatest.Broker(t)}, Topic: "engines." + uuid.NewString(), Partitions: 6},
		DatabaseURL: pgtest.Database(t), NoOutputs: true,
	}
	config.Node = "one"
	one := open(t, config)
	run(t, one)
	appendTo(t, one, purchases(0, 1000))
	catchUp(t, one)
	config.Node = "two"
	two := open(t, config)
	stop := run(t, two)
	for n := 1000; len(owners(t, one)) < 2; n += 10 {
		appendTo(t, two, purchases(n, 10))
		catchUp(t, two)
		catchUp(t, one)
	}
	stop()
	for n := 100_000; len(owners(t, one)) > 1; n += 10 {
		appendTo(t, one, purchases(n, 10))
		catchUp(t, one)
	}
	views, err := one.Views.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sameAsTheLog(t, one, views.Events)
}

// owners returns the engines that have folded each partition last.
func owners(t *testing.T, e *engine.Engine) map[string]int {
	t.Helper()
	partitions, err := e.Views.Partitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	owners := make(map[string]int)
	for _, p := range partitions {
		owners[p.Owner]++
	}
	return owners
}
