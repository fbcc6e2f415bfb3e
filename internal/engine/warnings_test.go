package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/engine"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// upsAndDowns are those of customers who buy, complain, look at competitors and fall silent, in the order of time.
func upsAndDowns(customers, events int) []eventstore.Record {
	random := rand.New(rand.NewPCG(1, 1))
	at := domain.InstantOf(domain.Date(16_000).Time())
	types := []string{"purchase.recorded", "purchase.recorded", "purchase.recorded", "competitor.purchased", "need.changed", "price.objected", "customer.lost"}
	data := map[string]string{
		"purchase.recorded": `{"amount":{"minor":100,"currency":"CNY"}}`, "customer.lost": `{"nature":"permanent"}`,
	}
	var records []eventstore.Record
	for i := range events {
		at += domain.Instant(random.IntN(int(4 * domain.Day)))
		ev := domain.Event{
			ID: fmt.Sprint("e-", i), Source: "test", Type: types[random.IntN(len(types))], Subject: fmt.Sprint("c-", random.IntN(customers)), Time: at,
			ExpectedVersion: domain.NoExpectation, Data: []byte(`{}`),
		}
		if text := data[ev.Type]; text != "" {
			ev.Data = []byte(text)
		}
		records = append(records, eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers()})
	}
	return records
}

// churnTold is an outlet that keeps what is told about churn, by customer.
type churnTold map[string][]string

func (c churnTold) Publish(_ context.Context, outputs []projections.Output) error {
	for i := range outputs {
		if o := &outputs[i]; o.Topic == projections.TopicChurn {
			c[o.Customer] = append(c[o.Customer], o.Type+" at "+o.At.String())
		}
	}
	return nil
}

// foldedOnce returns what one fold tells about churn.
func foldedOnce(t *testing.T, records []eventstore.Record) churnTold {
	t.Helper()
	told := churnTold{}
	fold := projections.NewFold(domain.DefaultPolicy())
	folder := projections.NewFolder(fold, memview.New(fold, 1), projections.FolderOptions{PartitionOf: func([]byte) int { return 0 }, Outlet: told})
	at, err := folder.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Clone(records)
	for i := range all {
		all[i].Offset, all[i].RecordedAt = int64(i), time.Now()
	}
	if _, err := folder.Fold(t.Context(), at, all); err != nil {
		t.Fatal(err)
	}
	return told
}

// churnPublished returns what a consumer of the topic sees that drops what it has seen: outputs may come again after another
// engine has taken over, with the same sequence and the same id.
func churnPublished(t *testing.T, brokers []string) churnTold {
	t.Helper()
	log, err := eventstore.Open(t.Context(), eventstore.Config{Brokers: brokers, Topic: "rapport.churn", ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told, ids := churnTold{}, map[string]string{}
	for p, end := range ends {
		offsets := make([]int64, end)
		for i := range offsets {
			offsets[i] = int64(i)
		}
		records, err := log.Read(t.Context(), p, offsets)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			told.take(t, &r, ids)
		}
	}
	return told
}

func (c churnTold) take(t *testing.T, r *eventstore.Record, ids map[string]string) {
	t.Helper()
	const eraWidth = 1_000_000_000_000
	var o struct{ ID, Type, Time, Sequence string }
	if err := json.Unmarshal(r.Value, &o); err != nil {
		t.Fatal(err)
	}
	customer := string(r.Key)
	sequence, err := strconv.Atoi(o.Sequence)
	if err != nil {
		t.Fatal(err)
	}
	place := customer + " " + o.Sequence
	if before, seen := ids[place]; seen && before != o.ID {
		t.Errorf("%s was %s and is %s", place, before, o.ID)
	}
	ids[place] = o.ID
	switch n := sequence % eraWidth; {
	case n == len(c[customer])+1:
		at, err := domain.ParseInstant(o.Time)
		if err != nil {
			t.Fatal(err)
		}
		c[customer] = append(c[customer], o.Type+" at "+at.String())
	case n > len(c[customer])+1:
		t.Errorf("%s comes after %d", place, len(c[customer]))
	}
}

// TestThreeEnginesTellEachWarningOnce lets three engines share a log in which every event comes twice. One of them goes away
// in between.
func TestThreeEnginesTellEachWarningOnce(t *testing.T) {
	t.Parallel()
	b, err := broker.Open(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	config := engine.Config{
		Log:         engine.LogConfig{Kafka: []string{b.Addr()}, Topic: "warnings." + uuid.NewString(), Partitions: 6},
		DatabaseURL: pgtest.Database(t),
	}
	records := upsAndDowns(40, 1200)
	var engines []*engine.Engine
	stop := map[string]func(){}
	for _, name := range []string{"one", "two", "three"} {
		config.Node = name
		e := open(t, config)
		engines, stop[name] = append(engines, e), run(t, e)
	}
	for from := 0; from < len(records); from += 100 {
		part := records[from : from+100]
		appendTo(t, engines[0], part)
		appendTo(t, engines[1], part)
		if from == 600 {
			stop["three"]()
		}
	}
	for _, e := range engines[:2] {
		catchUp(t, e)
	}
	want, got := foldedOnce(t, records), churnPublished(t, []string{b.Addr()})
	warnings := 0
	for customer, told := range want {
		warnings += len(told)
		if !slices.Equal(got[customer], told) {
			t.Errorf("%s: published were\n%q\na fold tells\n%q", customer, got[customer], told)
		}
	}
	if len(got) != len(want) || warnings < 100 {
		t.Errorf("of %d customers something was told, of %d by a fold: %d outputs", len(got), len(want), warnings)
	}
	sameAsTheLog(t, engines[0], int64(len(records)))
}
