package eventstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/internal/broker"
)

// openTestLog returns a log of one partition on an embedded broker of its own.
func openTestLog(t testing.TB, opts broker.Options, partitions int) *Log {
	t.Helper()
	b, err := broker.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Brokers: []string{b.Addr()}, Partitions: partitions}
	if err := CreateTopic(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(l.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestConcurrentAppendsShareARequest(t *testing.T) {
	t.Parallel()
	l := openTestLog(t, broker.Options{}, 1)
	lane := &l.lanes[0]
	// As if a request were under way: what is appended meanwhile is queued.
	if !l.begin() {
		t.Fatal("log is closed")
	}
	lane.mu.Lock()
	lane.running = true
	lane.mu.Unlock()
	const callers = 50
	var group errgroup.Group
	offsets := make([]int64, callers)
	for i := range callers {
		group.Go(func() error {
			appended, err := l.Append(t.Context(), []Record{{Key: []byte("k"), Value: []byte(strconv.Itoa(i))}})
			offsets[i] = appended[0].Position.Offset
			return err
		})
	}
	for queued := 0; queued < callers; runtime.Gosched() {
		lane.mu.Lock()
		queued = len(lane.queue)
		lane.mu.Unlock()
	}
	lane.run(t.Context())
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}

	res, err := l.fetch(t.Context(), fetchWindow{maxBytes: 1 << 20, maxWait: time.Second}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := follow(0, res.records)
	if err != nil {
		t.Fatal(err)
	}
	if batch, _, _ := nextBatch(res.records); batch.count() != callers {
		t.Errorf("the first batch has %d records, want %d", batch.count(), callers)
	}
	for i, offset := range offsets {
		if got := string(f.decoder.records[offset].Value); got != strconv.Itoa(i) {
			t.Errorf("caller %d was told offset %d, which has the record of caller %s", i, offset, got)
		}
	}
}

func TestRecordsAfterAFailedOneAreNotSent(t *testing.T) {
	t.Parallel()
	l := openTestLog(t, broker.Options{}, 1)
	lane := &l.lanes[0]
	p := &pending{done: make(chan struct{}), records: make([]*Record, 3), results: make([]Appended, 3)}
	p.encoded = 1
	other := &pending{done: make(chan struct{}), records: make([]*Record, 1), results: make([]Appended, 1), encoded: 1}
	lane.queue = []*pending{p}
	lane.settle([]share{{p: other, from: 0, to: 1}, {p: p, from: 0, to: 1}}, 0, time.Time{}, ErrUnknownOutcome)
	<-p.done
	<-other.done
	if !errors.Is(p.results[0].Err, ErrUnknownOutcome) || !errors.Is(other.results[0].Err, ErrUnknownOutcome) {
		t.Errorf("records of the request: %v, %v", p.results[0].Err, other.results[0].Err)
	}
	for _, r := range p.results[1:] {
		if !errors.Is(r.Err, ErrNotSent) || errors.Is(r.Err, ErrUnknownOutcome) {
			t.Errorf("record after the failed one: %v", r.Err)
		}
	}
	if len(lane.queue) != 0 {
		t.Error("a failed call stays in the queue")
	}
}

func TestOutcomesOfFailedRequestsAreToldApart(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for _, test := range []struct {
		err     error
		unknown bool
	}{
		{kafka.RequestTimedOut, true},
		{kafka.NotEnoughReplicasAfterAppend, true},
		{kafka.Unknown, true},
		{io.ErrUnexpectedEOF, true},
		{context.DeadlineExceeded, true},
		{&net.OpError{Op: "read", Err: errors.New("reset")}, true},
		{fmt.Errorf("wrapped: %w", kafka.NotEnoughReplicas), false},
		{kafka.NotLeaderForPartition, false},
		{kafka.InvalidRecord, false},
		{kafka.TopicAuthorizationFailed, false},
		{dial, false},
	} {
		l := &lane{log: &Log{}}
		if got := errors.Is(l.outcome(test.err), ErrUnknownOutcome); got != test.unknown {
			t.Errorf("%v: unknown is %t", test.err, got)
		}
	}
	l := &lane{log: &Log{maxRecord: 5}}
	if err := l.outcome(kafka.MessageSizeTooLarge); !errors.Is(err, ErrTooLarge) || errors.Is(err, ErrUnknownOutcome) {
		t.Errorf("a batch that the broker finds too large: %v", err)
	}
}
