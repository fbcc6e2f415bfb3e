package verify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

func TestMain(m *testing.M) {
	// The broker's client leaves idle connections to their own timeouts.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/segmentio/kafka-go.(*conn).run"))
}

const partitions = 3

// fold is under the default policy.
var fold = viewtest.DefaultFold()

// history makes a log of random events with ticks and a policy between them.
func history(t *testing.T, seed uint64, events, customers int) *eventstore.Log {
	t.Helper()
	log := logtest.Embedded(t, partitions)
	random := rand.New(rand.NewPCG(seed, 1))
	records := viewtest.Generate(seed, events, customers).Partition(1)[0]
	for i := 0; len(records) > 0; i++ {
		n := min(len(records), 1+random.IntN(200))
		if _, err := log.Append(t.Context(), records[:n]); err != nil {
			t.Fatal(err)
		}
		at := domain.InstantOf(time.Date(2024, 1, 1+40*i, 0, 0, 0, 0, time.UTC))
		control(t, log, i, "clock.ticked", domain.ClockTicked{At: at})
		if i == 2 {
			control(t, log, i, "policy.published", domain.PolicyPublished{Version: "p2", Document: "version: p2\nlifecycle: {maturity_tenure_days: 2, termination_days: 90}\n"})
		}
		records = records[n:]
	}
	return log
}

// control appends a control record to every partition.
func control(t *testing.T, log *eventstore.Log, n int, typ string, data any) {
	t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	for p := range partitions {
		ev := domain.Event{
			ID: fmt.Sprint(typ, n, "-", p), Source: "rapport", Type: typ, Subject: domain.ControlSubject, Data: text,
			Time: domain.InstantOf(time.Date(2024, 1, 1, 0, 0, n, 0, time.UTC)), ExpectedVersion: domain.NoExpectation,
		}
		record := eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
		if _, err := log.AppendTo(t.Context(), p, []eventstore.Record{record}); err != nil {
			t.Fatal(err)
		}
	}
}

// live folds the log into the memory store.
func live(t *testing.T, log *eventstore.Log) *memview.Store {
	t.Helper()
	store := memview.New(fold, partitions)
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := projections.NewRunner(log, store, fold, projections.RunnerOptions{}).RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	return store
}

// tampered is views whose answers are changed on their way out.
type tampered struct {
	*memview.Store
	summary func(*projections.Summary)
	page    func(*projections.CustomerPage)
}

func (v tampered) Summary(ctx context.Context) (*projections.Summary, error) {
	s, err := v.Store.Summary(ctx)
	if err == nil && v.summary != nil {
		changed := *s
		v.summary(&changed)
		return &changed, nil
	}
	return s, err
}

func (v tampered) Customers(ctx context.Context, filter projections.CustomerFilter) (*projections.CustomerPage, error) {
	filter.Limit = 7 // so that there are several pages
	page, err := v.Store.Customers(ctx, filter)
	if err == nil && v.page != nil {
		v.page(page)
	}
	return page, err
}
