package logtest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/rapport-crm/rapport/eventstore"
)

// openOutlet opens an outlet for the time of the test.
func openOutlet(t *testing.T, cfg eventstore.Config, topics ...eventstore.OutletTopic) *eventstore.Outlet {
	t.Helper()
	outlet, err := eventstore.OpenOutlet(t.Context(), cfg, topics...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := outlet.Close(); err != nil {
			t.Error(err)
		}
	})
	return outlet
}

// mustPublish publishes records to a topic of an outlet.
func mustPublish(t *testing.T, outlet *eventstore.Outlet, topic string, records []eventstore.Record) {
	t.Helper()
	if err := outlet.Publish(t.Context(), topic, records); err != nil {
		t.Fatal(err)
	}
}

// openReader opens a topic for reading.
func openReader(t *testing.T, brokers []string, topic string) *eventstore.Log {
	t.Helper()
	return openLog(t, eventstore.Config{Brokers: brokers, Topic: topic, ReadOnly: true})
}

func testOutlet(t *testing.T, s Setup) {
	brokers := s.Brokers(t)
	cfg := eventstore.Config{Brokers: brokers, Partitions: 3}
	first, second := eventstore.OutletTopic{Name: newTopic()}, eventstore.OutletTopic{Name: newTopic()}
	outlet := openOutlet(t, cfg, first, second, first)
	for i := range 20 {
		mustPublish(t, outlet, first.Name, append(numbered("a", 2*i, 2), numbered("b", 2*i, 2)...))
	}
	mustPublish(t, outlet, second.Name, numbered("c", 0, 3))
	mustPublish(t, outlet, second.Name, nil)

	reader := openReader(t, brokers, first.Name)
	if reader.Partitions() != 3 {
		t.Errorf("%d partitions, want 3", reader.Partitions())
	}
	next := make(map[string]int)
	for partition, records := range collectAll(t, reader) {
		for _, r := range records {
			key := string(r.Key)
			if want := fmt.Sprintf("%s/%d", key, next[key]); string(r.Value) != want || partition != reader.PartitionOf(r.Key) {
				t.Fatalf("at %s: %s, want %s", r.Position(), r.Value, want)
			}
			next[key]++
		}
	}
	if next["a"] != 40 || next["b"] != 40 {
		t.Errorf("records of each key: %v, want 40", next)
	}
	// What exists is opened as it is.
	cfg.Partitions = 5
	mustPublish(t, openOutlet(t, cfg, second), second.Name, numbered("c", 3, 1))
	reader = openReader(t, brokers, second.Name)
	if got := values(collectAll(t, reader)[reader.PartitionOf([]byte("c"))]); got != "c/0 c/1 c/2 c/3" {
		t.Errorf("topic has %q", got)
	}
	wantError(t, "publish to a topic of others", outlet.Publish(t.Context(), newTopic(), nil), eventstore.ErrTopicMissing)
}

func testOutletLostAck(t *testing.T, s Setup) {
	brokers, topic, wire := s.Brokers(t), newTopic(), &wiretap{}
	cfg := eventstore.Config{Brokers: brokers, Partitions: 1, Dial: wire.dial}
	outlet := openOutlet(t, cfg, eventstore.OutletTopic{Name: topic})
	wire.loseNextAck()
	mustPublish(t, outlet, topic, numbered("k", 1, 3))
	mustPublish(t, outlet, topic, numbered("k", 4, 1))
	if got := values(collectAll(t, openReader(t, brokers, topic))[0]); got != "k/1 k/2 k/3 k/1 k/2 k/3 k/4" {
		t.Errorf("topic has %q", got)
	}
}

func testOutletOrder(t *testing.T, s Setup) {
	brokers, topic, wire := s.Brokers(t), newTopic(), &wiretap{}
	// Several batches to a call, so that the lost acknowledgement is one in the middle too.
	cfg := eventstore.Config{Brokers: brokers, Partitions: 2, Dial: wire.dial, BatchBytes: 300}
	outlet := openOutlet(t, cfg, eventstore.OutletTopic{Name: topic})
	random := rand.New(rand.NewPCG(3, 4))
	const keys, calls = 4, 20
	sent := make([]int, keys)
	wire.loseEveryAck(4)
	for range calls {
		var records []eventstore.Record
		for range 1 + random.IntN(40) {
			key := random.IntN(keys)
			records = append(records, numbered(fmt.Sprint(key), sent[key], 1)...)
			sent[key]++
		}
		mustPublish(t, outlet, topic, records)
	}
	// A consumer that drops what is not newer than the last it saw must see every record, in order.
	repeated := 0
	seen := make([]int, keys)
	for _, records := range collectAll(t, openReader(t, brokers, topic)) {
		for _, r := range records {
			var key, sequence int
			if _, err := fmt.Sscanf(string(r.Value), "%d/%d", &key, &sequence); err != nil {
				t.Fatal(err)
			}
			switch {
			case sequence < seen[key]:
				repeated++
			case sequence > seen[key]:
				t.Fatalf("at %s: %s comes before %d/%d", r.Position(), r.Value, key, seen[key])
			default:
				seen[key]++
			}
		}
	}
	for key := range keys {
		if seen[key] != sent[key] {
			t.Errorf("key %d: %d records in the topic, want %d", key, seen[key], sent[key])
		}
	}
	if repeated == 0 {
		t.Error("no record is repeated: no acknowledgement was lost")
	}
}

func testOutletOutage(t *testing.T, s Setup) {
	brokers, topic, line := s.Brokers(t), newTopic(), newLine()
	cfg := eventstore.Config{Brokers: brokers, Partitions: 1, Dial: line.dial, AppendTimeout: 100 * time.Millisecond}
	outlet := openOutlet(t, cfg, eventstore.OutletTopic{Name: topic})
	mustPublish(t, outlet, topic, numbered("k", 0, 1))
	line.cut()
	published := make(chan error, 1)
	go func() { published <- outlet.Publish(t.Context(), topic, numbered("k", 1, 2)) }()
	// A request that ends by its time limit shows that the outage was met.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	wantError(t, "publish during the outage", outlet.Publish(ctx, topic, numbered("other", 0, 1)), context.DeadlineExceeded)
	line.restore()
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	records := collectAll(t, openReader(t, brokers, topic))[0]
	if got := values(records[len(records)-2:]); got != "k/1 k/2" {
		t.Errorf("topic ends with %q", got)
	}
}

func testOutletRefused(t *testing.T, s Setup) {
	brokers, topic := s.Brokers(t), newTopic()
	outlet := openOutlet(t, eventstore.Config{Brokers: brokers, Partitions: 1}, eventstore.OutletTopic{Name: topic})
	records := append(numbered("k", 0, 1), eventstore.Record{Value: []byte("no key")})
	wantError(t, "record without key", outlet.Publish(t.Context(), topic, records), eventstore.ErrEmptyKey)
	records[1] = eventstore.Record{Key: []byte("k"), Value: bytes.Repeat([]byte("z"), 2<<20)}
	wantError(t, "large record", outlet.Publish(t.Context(), topic, records), eventstore.ErrTooLarge)
	if records := collectAll(t, openReader(t, brokers, topic))[0]; len(records) != 0 {
		t.Errorf("topic has %q", values(records))
	}
	for _, unfit := range []eventstore.OutletTopic{{}, {Name: newTopic(), Retention: -time.Second}} {
		if _, err := eventstore.OpenOutlet(t.Context(), eventstore.Config{Brokers: brokers}, unfit); err == nil {
			t.Errorf("%+v is taken", unfit)
		}
	}
}

func testOutletEnd(t *testing.T, s Setup) {
	brokers, topic, line := s.Brokers(t), newTopic(), newLine()
	cfg := eventstore.Config{Brokers: brokers, Partitions: 1, Dial: line.dial}
	outlet, err := eventstore.OpenOutlet(t.Context(), cfg, eventstore.OutletTopic{Name: topic})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, "publish with an ended context", outlet.Publish(ended, topic, numbered("k", 0, 1)), context.Canceled)
	line.cut()
	published := make(chan error, 1)
	go func() { published <- outlet.Publish(t.Context(), topic, numbered("k", 1, 1)) }()
	if err := outlet.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "publish", <-published, eventstore.ErrClosed)
}

func testOutletRetention(t *testing.T, s Setup) {
	brokers := s.Brokers(t)
	kept, deleted := eventstore.OutletTopic{Name: newTopic()}, eventstore.OutletTopic{Name: newTopic(), Retention: time.Hour}
	openOutlet(t, eventstore.Config{Brokers: brokers}, kept, deleted)
	retention := "3600000"
	if s.Trim == nil {
		retention = "-1"
	}
	for topic, want := range map[string]string{kept.Name: "-1", deleted.Name: retention} {
		res, err := newClient(t, brokers).DescribeConfigs(t.Context(), &kafka.DescribeConfigsRequest{
			Resources: []kafka.DescribeConfigRequestResource{{
				ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{"retention.ms"},
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Resources[0].ConfigEntries[0].ConfigValue; got != want {
			t.Errorf("retention.ms is %s, want %s", got, want)
		}
	}
}

func testOutletForeign(t *testing.T, s Setup) {
	if s.CreateTopic == nil {
		t.Skip("this broker makes no topics with a retention")
	}
	brokers, topic := s.Brokers(t), newTopic()
	s.CreateTopic(t, brokers, topic, "retention.ms", "3600000")
	cfg := eventstore.Config{Brokers: brokers, Partitions: 7, MinInSync: 2}
	mustPublish(t, openOutlet(t, cfg, eventstore.OutletTopic{Name: topic}), topic, numbered("k", 0, 2))
	reader := openReader(t, brokers, topic)
	if got := values(collectAll(t, reader)[0]); got != "k/0 k/1" {
		t.Errorf("topic has %q", got)
	}
	appended, err := reader.Append(t.Context(), numbered("k", 2, 1))
	if err == nil || appended[0].Err == nil {
		t.Error("a log that is open for reading takes records")
	}
	ends, err := reader.Ends(t.Context())
	if err != nil || ends[0] != 2 {
		t.Errorf("topic ends at %s, %v", ends, err)
	}
}

func testReadOnlyTrimmed(t *testing.T, s Setup) {
	if s.Trim == nil || s.CreateTopic == nil {
		t.Skip("this broker cannot be trimmed")
	}
	brokers, topic := s.Brokers(t), newTopic()
	s.CreateTopic(t, brokers, topic, "retention.ms", "3600000")
	mustPublish(t, openOutlet(t, eventstore.Config{Brokers: brokers}, eventstore.OutletTopic{Name: topic}), topic, numbered("k", 0, 1))
	reader := openReader(t, brokers, topic)
	outlet := openOutlet(t, eventstore.Config{Brokers: brokers}, eventstore.OutletTopic{Name: topic})
	for i := range 5 {
		mustPublish(t, outlet, topic, numbered("k", 1+i, 1))
	}
	s.Trim(t, brokers, topic, 0, 4)
	err := firstError(t.Context(), reader, 0, 1, eventstore.FollowOptions{})
	wantError(t, "follow", err, eventstore.ErrTrimmed)
	if got := values(collect(t, reader, 0, 4, 6)); got != "k/4 k/5" {
		t.Errorf("after the trim: %s", got)
	}
}

func testCompacted(t *testing.T, s Setup) {
	if s.CreateTopic == nil {
		t.Skip("this broker makes no compacted topics")
	}
	cfg := eventstore.Config{Brokers: s.Brokers(t), Partitions: 2}
	states := eventstore.OutletTopic{Name: newTopic(), Compact: true}
	outlet := openOutlet(t, cfg, states)
	for _, want := range []bool{true, false} {
		if empty, err := outlet.Empty(t.Context(), states.Name); err != nil || empty != want {
			t.Errorf("the topic is empty: %v, want %v: %v", empty, want, err)
		}
		mustPublish(t, outlet, states.Name, numbered("a", 0, 1))
	}
	openOutlet(t, cfg, states)
	_, err := eventstore.Open(t.Context(), eventstore.Config{Brokers: cfg.Brokers, Topic: states.Name})
	wantError(t, "open it as an event log", err, eventstore.ErrUnfitTopic)

	kept := eventstore.OutletTopic{Name: newTopic()}
	openOutlet(t, cfg, kept)
	kept.Compact = true
	_, err = eventstore.OpenOutlet(t.Context(), cfg, kept)
	wantError(t, "open a topic that keeps every record as a compacted one", err, eventstore.ErrUnfitTopic)
}
