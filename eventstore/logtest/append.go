package logtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/eventstore"
)

func testAppendFollow(t *testing.T, s Setup) {
	log := newLog(t, s, 3)
	var records []eventstore.Record
	for i := range 500 {
		records = append(records, eventstore.Record{Key: fmt.Appendf(nil, "customer-%d", i%40), Value: fmt.Appendf(nil, "value %d", i)})
	}
	before := time.Now().Add(-time.Minute)
	appended := mustAppend(t, log, records)
	all := collectAll(t, log)
	for i, a := range appended {
		if want := log.PartitionOf(records[i].Key); a.Position.Partition != want {
			t.Fatalf("record %d is in partition %d, want %d", i, a.Position.Partition, want)
		}
		got := all[a.Position.Partition][a.Position.Offset]
		if !bytes.Equal(got.Key, records[i].Key) || !bytes.Equal(got.Value, records[i].Value) {
			t.Fatalf("at %s: %s=%s, want %s=%s", a.Position, got.Key, got.Value, records[i].Key, records[i].Value)
		}
		if got.Position() != a.Position {
			t.Fatalf("record at %s says it is at %s", a.Position, got.Position())
		}
		if !got.RecordedAt.Equal(a.RecordedAt) || got.RecordedAt.Before(before) || got.RecordedAt.Location() != time.UTC {
			t.Fatalf("at %s: recorded at %s, acknowledged as %s", a.Position, got.RecordedAt, a.RecordedAt)
		}
	}
	if n := len(all[0]) + len(all[1]) + len(all[2]); n != len(records) {
		t.Errorf("%d records in the log, want %d", n, len(records))
	}
}

func testOrder(t *testing.T, s Setup) {
	log := newLog(t, s, 2)
	const writers, each = 8, 40
	var group errgroup.Group
	for w := range writers {
		group.Go(func() error {
			key := "writer-" + strconv.Itoa(w)
			for first := 0; first < each; first += 4 {
				if _, err := log.Append(t.Context(), numbered(key, first, 4)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	next := make(map[string]int)
	for _, records := range collectAll(t, log) {
		for _, r := range records {
			key := string(r.Key)
			if want := fmt.Sprintf("%s/%d", key, next[key]); string(r.Value) != want {
				t.Fatalf("at %s: %s, want %s", r.Position(), r.Value, want)
			}
			next[key]++
		}
	}
	for w := range writers {
		if n := next["writer-"+strconv.Itoa(w)]; n != each {
			t.Errorf("writer %d has %d records in the log, want %d", w, n, each)
		}
	}
}

func testManyRecords(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	filler := strings.Repeat("abcdefghij", 60)
	var records []eventstore.Record
	for i := range 5000 {
		records = append(records, eventstore.Record{Key: []byte("k"), Value: fmt.Appendf(nil, "%d %s", i, filler)})
	}
	for i, a := range mustAppend(t, log, records) {
		if a.Position.Offset != int64(i) {
			t.Fatalf("record %d is at offset %d", i, a.Position.Offset)
		}
	}
	for _, window := range []int{1, 1000, 64 << 10, 4 << 20} {
		opt := eventstore.FollowOptions{Until: int64(len(records)), WindowBytes: window}
		next := 0
		for batch, err := range log.Follow(t.Context(), 0, 0, opt) {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range batch.Records {
				if !bytes.Equal(r.Value, records[next].Value) || r.Offset != int64(next) {
					t.Fatalf("window %d: offset %d has %.20s, want %.20s at %d", window, r.Offset, r.Value, records[next].Value, next)
				}
				next++
			}
		}
		if next != len(records) {
			t.Errorf("window %d: %d records, want %d", window, next, len(records))
		}
	}
}

func testAppendTo(t *testing.T, s Setup) {
	log := newLog(t, s, 3)
	for partition := range log.Partitions() {
		appended, err := log.AppendTo(t.Context(), partition, numbered("tick", 10*partition, 2))
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range appended {
			if want := (eventstore.Position{Partition: partition, Offset: int64(i)}); a.Position != want || a.RecordedAt.IsZero() {
				t.Errorf("record %d for partition %d: %+v", i, partition, a)
			}
		}
	}
	for partition, records := range collectAll(t, log) {
		if want := values(numbered("tick", 10*partition, 2)); values(records) != want {
			t.Errorf("partition %d has %q, want %q", partition, values(records), want)
		}
	}
	for _, partition := range []int{-1, 3} {
		appended, err := log.AppendTo(t.Context(), partition, numbered("tick", 0, 1))
		wantError(t, fmt.Sprintf("append to partition %d of 3", partition), err, eventstore.ErrTopicMissing)
		wantError(t, fmt.Sprintf("record for partition %d of 3", partition), appended[0].Err, eventstore.ErrTopicMissing)
	}
	_, err := log.AppendTo(t.Context(), 0, []eventstore.Record{{Value: []byte("no key")}})
	wantError(t, "append without a key", err, eventstore.ErrEmptyKey)
}

func testAppendToOrder(t *testing.T, s Setup) {
	log := newLog(t, s, 2)
	partition := log.PartitionOf([]byte("k"))
	for i := 0; i < 30; i += 2 {
		mustAppend(t, log, numbered("k", i, 1))
		if _, err := log.AppendTo(t.Context(), partition, numbered("k", i+1, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := values(collectAll(t, log)[partition]), values(numbered("k", 0, 30)); got != want {
		t.Errorf("log has %q, want %q", got, want)
	}
}

func testHeaders(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	records := []eventstore.Record{
		{Key: []byte{0, 255}, Value: nil},
		{Key: []byte("a"), Value: []byte{}, Headers: []eventstore.Header{{Key: "ce_id", Value: []byte("1")}, {Key: "ce_id", Value: []byte("2")}}},
		{Key: []byte("b"), Value: []byte("x"), Headers: []eventstore.Header{{Key: "", Value: nil}, {Key: "n", Value: bytes.Repeat([]byte("y"), 300)}}},
	}
	mustAppend(t, log, records)
	got := collect(t, log, 0, 0, int64(len(records)))
	for i, r := range got {
		want := records[i]
		if !bytes.Equal(r.Key, want.Key) || !bytes.Equal(r.Value, want.Value) {
			t.Errorf("record %d: %q=%q, want %q=%q", i, r.Key, r.Value, want.Key, want.Value)
		}
		same := slices.EqualFunc(r.Headers, want.Headers, func(a, b eventstore.Header) bool {
			return a.Key == b.Key && bytes.Equal(a.Value, b.Value)
		})
		if !same {
			t.Errorf("record %d: headers %q, want %q", i, r.Headers, want.Headers)
		}
	}
}

func testRefused(t *testing.T, s Setup) {
	log := newLog(t, s, 2)
	appended, err := log.Append(t.Context(), []eventstore.Record{
		{Key: []byte("a"), Value: []byte("first")},
		{Value: []byte("no key")},
		{Key: []byte("a"), Value: bytes.Repeat([]byte("z"), 2<<20)},
		{Key: []byte("a"), Value: []byte("second")},
	})
	wantError(t, "append", err, eventstore.ErrEmptyKey)
	wantError(t, "record without key", appended[1].Err, eventstore.ErrEmptyKey)
	wantError(t, "large record", appended[2].Err, eventstore.ErrTooLarge)
	large, ok := errors.AsType[*eventstore.TooLargeError](appended[2].Err)
	if !ok || large.Size < 2<<20 || large.Limit <= 0 || large.Limit > 1<<20 {
		t.Errorf("large record: %+v", large)
	}
	if appended[0].Err != nil || appended[3].Err != nil {
		t.Fatalf("fit records: %v, %v", appended[0].Err, appended[3].Err)
	}
	if got := values(collectAll(t, log)[log.PartitionOf([]byte("a"))]); got != "first second" {
		t.Errorf("log has %q", got)
	}
	// A record just below the limit is taken, also when it does not compress.
	noise := make([]byte, large.Limit-100)
	state := uint32(1)
	for i := range noise {
		state = state*1664525 + 1013904223
		noise[i] = byte(state >> 24)
	}
	mustAppend(t, log, []eventstore.Record{{Key: []byte("a"), Value: noise}})
}

func testPartitionOf(t *testing.T, s Setup) {
	log := newLog(t, s, 12)
	// hash is org.apache.kafka.common.utils.Utils.murmur2, as listed in Kafka's own UtilsTest.
	for _, test := range []struct {
		key  string
		hash int32
	}{
		{"21", -973932308},
		{"foobar", -790332482},
		{"a-little-bit-long-string", -985981536},
		{"a-little-bit-longer-string", -1486304829},
		{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
		{"abc", 479470107},
	} {
		if got, want := log.PartitionOf([]byte(test.key)), int(test.hash&0x7fffffff)%12; got != want {
			t.Errorf("key %q goes to partition %d, want %d", test.key, got, want)
		}
	}
}
