package logtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
)

func testFollowBounds(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	mustAppend(t, log, numbered("k", 0, 300))
	for _, test := range []struct{ from, until int64 }{{0, 1}, {0, 300}, {1, 2}, {7, 151}, {299, 300}} {
		got := collect(t, log, 0, test.from, test.until)
		if len(got) != int(test.until-test.from) {
			t.Fatalf("from %d until %d: %d records", test.from, test.until, len(got))
		}
		for i, r := range got {
			if want := fmt.Sprintf("k/%d", test.from+int64(i)); r.Offset != test.from+int64(i) || string(r.Value) != want {
				t.Fatalf("from %d until %d: record %d is %s at %d, want %s", test.from, test.until, i, r.Value, r.Offset, want)
			}
		}
	}
	if got := collect(t, log, 0, 5, 5); len(got) != 0 {
		t.Errorf("from 5 until 5: %d records", len(got))
	}
}

func testFollowEnd(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	mustAppend(t, log, numbered("k", 0, 3))
	var got []eventstore.Record
	sent := false
	for batch, err := range log.Follow(t.Context(), 0, 3, eventstore.FollowOptions{Until: 5, MaxWait: 20 * time.Millisecond}) {
		if err != nil {
			t.Fatal(err)
		}
		if !sent {
			if len(batch.Records) != 0 || batch.HighWatermark != 3 {
				t.Fatalf("first batch has %d records and high watermark %d", len(batch.Records), batch.HighWatermark)
			}
			mustAppend(t, log, numbered("k", 3, 2))
			sent = true
		}
		for _, r := range batch.Records {
			got = append(got, clone(r))
		}
	}
	if values(got) != "k/3 k/4" {
		t.Errorf("followed %s", values(got))
	}
}

func testRecordedAt(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	for i := range 20 {
		mustAppend(t, log, numbered("k", i, 1))
	}
	records := collect(t, log, 0, 0, 20)
	for i := 1; i < len(records); i++ {
		if records[i].RecordedAt.Before(records[i-1].RecordedAt) {
			t.Errorf("offset %d was recorded at %s, before %s", i, records[i].RecordedAt, records[i-1].RecordedAt)
		}
	}
	floor := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for batch, err := range log.Follow(t.Context(), 0, 0, eventstore.FollowOptions{Until: 20, RecordedFloor: floor}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch.Records {
			if !r.RecordedAt.Equal(floor) {
				t.Fatalf("recorded at %s, want the floor", r.RecordedAt)
			}
		}
	}
}

func testOffsetsAt(t *testing.T, s Setup) {
	log := newLog(t, s, 2)
	key := []byte("k")
	p, other := log.PartitionOf(key), 1-log.PartitionOf(key)
	first := mustAppend(t, log, numbered("k", 0, 1))[0]
	later := first
	// The clock of the log moves in milliseconds.
	for later.RecordedAt.Equal(first.RecordedAt) {
		later = mustAppend(t, log, numbered("k", 0, 1))[0]
	}
	last := later.Position.Offset
	for _, test := range []struct {
		name string
		at   time.Time
		want int64
	}{
		{"before all", first.RecordedAt.Add(-time.Hour), 0},
		{"before the epoch", time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), 0},
		{"at the first", first.RecordedAt, 0},
		{"just before the last", later.RecordedAt.Add(-time.Microsecond), last},
		{"at the last", later.RecordedAt, last},
		{"just after the last", later.RecordedAt.Add(time.Microsecond), last + 1},
		{"after all", later.RecordedAt.Add(time.Hour), last + 1},
	} {
		got, err := log.OffsetsAt(t.Context(), test.at)
		if err != nil {
			t.Fatal(err)
		}
		if got[p] != test.want || got[other] != 0 {
			t.Errorf("%s: offsets %s, want %d in partition %d", test.name, got, test.want, p)
		}
	}
}

func testRead(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	const n = 3000
	for first := 0; first < n; first += 500 {
		mustAppend(t, log, numbered("k", first, 500))
	}
	for i := range 50 {
		mustAppend(t, log, numbered("k", n+i, 1))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, keep := range []float64{0.001, 0.02, 0.5, 1} {
		var offsets []int64
		for offset := range int64(n + 50) {
			if random.Float64() < keep || offset == n+49 {
				offsets = append(offsets, offset)
			}
		}
		got, err := log.Read(t.Context(), 0, offsets)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(offsets) {
			t.Fatalf("%d records, want %d", len(got), len(offsets))
		}
		for i, r := range got {
			if r.Offset != offsets[i] || string(r.Value) != fmt.Sprintf("k/%d", offsets[i]) {
				t.Fatalf("record %d is %s at %d, want offset %d", i, r.Value, r.Offset, offsets[i])
			}
		}
	}
	if got, err := log.Read(t.Context(), 0, nil); err != nil || len(got) != 0 {
		t.Errorf("read of nothing: %d records, %v", len(got), err)
	}
}

func testReadOutside(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	mustAppend(t, log, numbered("k", 0, 3))
	for _, offsets := range [][]int64{{2, 3}, {50}} {
		_, err := log.Read(t.Context(), 0, offsets)
		wantError(t, fmt.Sprint(offsets), err, eventstore.ErrTruncated)
	}
	if _, err := log.Read(t.Context(), 0, []int64{1, 1}); err == nil {
		t.Error("a repeated offset is no error")
	}
	_, err := log.Read(t.Context(), 1, []int64{0})
	wantError(t, "partition 1 of 1", err, eventstore.ErrTopicMissing)
}

func testBounds(t *testing.T, s Setup) {
	log := newLog(t, s, 3)
	for i := range 10 {
		mustAppend(t, log, numbered(fmt.Sprintf("key-%d", i), 0, i))
	}
	starts, err := log.Starts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(starts, eventstore.Positions{0, 0, 0}) {
		t.Errorf("starts are %s", starts)
	}
	for partition, records := range collectAll(t, log) {
		if int64(len(records)) != ends[partition] {
			t.Errorf("partition %d has %d records, and ends at %d", partition, len(records), ends[partition])
		}
	}
	if ends[0]+ends[1]+ends[2] != 45 {
		t.Errorf("ends are %s", ends)
	}
}

func testTrimmed(t *testing.T, s Setup) {
	if s.Trim == nil {
		t.Skip("this broker cannot be trimmed")
	}
	brokers := s.Brokers(t)
	cfg := newConfig(t, brokers, 1)
	log := openLog(t, cfg)
	for i := range 10 {
		mustAppend(t, log, numbered("k", i, 1))
	}
	s.Trim(t, brokers, cfg.Topic, 0, 4)

	err := firstError(t.Context(), log, 0, 2, eventstore.FollowOptions{})
	wantError(t, "follow", err, eventstore.ErrTrimmed)
	if trimmed, ok := errors.AsType[*eventstore.TrimmedError](err); !ok || trimmed.Start != 4 || trimmed.Offset != 2 {
		t.Errorf("follow: %+v", trimmed)
	}
	_, err = log.Read(t.Context(), 0, []int64{3, 5})
	wantError(t, "read", err, eventstore.ErrTrimmed)
	if got := values(collect(t, log, 0, 4, 6)); got != "k/4 k/5" {
		t.Errorf("after the trim: %s", got)
	}
	starts, err := log.Starts(t.Context())
	if err != nil || !slices.Equal(starts, eventstore.Positions{4}) {
		t.Errorf("starts are %s, %v", starts, err)
	}
}

func testRecreated(t *testing.T, s Setup) {
	if s.DeleteTopic == nil {
		t.Skip("topics of this broker cannot be deleted")
	}
	brokers := s.Brokers(t)
	cfg := newConfig(t, brokers, 1)
	log := openLog(t, cfg)
	mustAppend(t, log, numbered("k", 0, 10))
	s.DeleteTopic(t, brokers, cfg.Topic)
	if err := eventstore.CreateTopic(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	again := openLog(t, cfg)
	mustAppend(t, again, numbered("k", 0, 3))

	err := firstError(t.Context(), log, 0, 10, eventstore.FollowOptions{})
	wantError(t, "follow", err, eventstore.ErrTruncated)
	if truncated, ok := errors.AsType[*eventstore.TruncatedError](err); !ok || truncated.End != 3 || truncated.Offset != 10 {
		t.Errorf("follow: %+v", truncated)
	}
}

func testDeleted(t *testing.T, s Setup) {
	if s.DeleteTopic == nil {
		t.Skip("topics of this broker cannot be deleted")
	}
	brokers := s.Brokers(t)
	cfg := newConfig(t, brokers, 1)
	log := openLog(t, cfg)
	mustAppend(t, log, numbered("k", 0, 1))
	s.DeleteTopic(t, brokers, cfg.Topic)
	err := firstError(t.Context(), log, 0, 1, eventstore.FollowOptions{})
	wantError(t, "follow", err, eventstore.ErrTopicMissing)
}
