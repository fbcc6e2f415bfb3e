package logtest

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
)

func testRestart(t *testing.T, s Setup) {
	if s.Restartable == nil {
		t.Skip("this broker cannot be restarted")
	}
	brokers, stop, start := s.Restartable(t)
	log := openLog(t, newConfig(t, brokers, 1))
	mustAppend(t, log, numbered("k", 0, 50))
	var got []eventstore.Record
	restarted := false
	for batch, err := range log.Follow(t.Context(), 0, 0, eventstore.FollowOptions{Until: 100, MaxWait: 50 * time.Millisecond}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch.Records {
			got = append(got, clone(r))
		}
		if !restarted {
			restarted = true
			stop(t)
			start(t)
			// The first append may find the connection that the restart ended, and not know what became of it.
			writer := openLog(t, eventstore.Config{Brokers: brokers, Topic: log.Topic()})
			mustAppend(t, writer, numbered("k", 50, 50))
		}
	}
	if want := values(numbered("k", 0, 100)); values(got) != want {
		t.Errorf("followed %s", values(got))
	}
}

func testAppendRestart(t *testing.T, s Setup) {
	if s.Restartable == nil {
		t.Skip("this broker cannot be restarted")
	}
	brokers, stop, start := s.Restartable(t)
	log := openLog(t, newConfig(t, brokers, 1))
	mustAppend(t, log, numbered("k", 0, 1))
	stop(t)
	start(t)
	_, err := log.Append(t.Context(), numbered("k", 1, 1))
	for errors.Is(err, eventstore.ErrUnknownOutcome) {
		_, err = log.Append(t.Context(), numbered("k", 1, 1))
	}
	if err != nil {
		t.Fatal(err)
	}
	var stream eventstore.Stream
	for _, r := range collectAll(t, log)[0] {
		if verdict, _ := judge(&stream, r); verdict == eventstore.Conflict {
			t.Errorf("offset %d is a conflict", r.Offset)
		}
	}
	if stream.Version() != 2 {
		t.Errorf("the stream has version %d, want 2", stream.Version())
	}
}

func testLostAck(t *testing.T, s Setup) {
	cfg := newConfig(t, s.Brokers(t), 1)
	wire := &wiretap{}
	cfg.Dial = wire.dial
	log := openLog(t, cfg)
	mustAppend(t, log, numbered("k", 0, 1))

	wire.loseNextAck()
	appended, err := log.Append(t.Context(), numbered("k", 1, 2))
	wantError(t, "append", err, eventstore.ErrUnknownOutcome)
	for _, a := range appended {
		wantError(t, "record", a.Err, eventstore.ErrUnknownOutcome)
	}
	mustAppend(t, log, numbered("k", 1, 2))
	records := collectAll(t, log)[0]
	if got := values(records); got != "k/0 k/1 k/2 k/1 k/2" {
		t.Fatalf("log has %s: the first attempt reached the broker", got)
	}
	var stream eventstore.Stream
	var verdicts []eventstore.Verdict
	for _, r := range records {
		verdict, _ := judge(&stream, r)
		verdicts = append(verdicts, verdict)
	}
	if stream.Version() != 3 || verdicts[3] != eventstore.Duplicate || verdicts[4] != eventstore.Duplicate {
		t.Errorf("version %d, verdicts %v", stream.Version(), verdicts)
	}
}

// judge judges a record whose value is its id and content, and accepts it if that is the verdict.
func judge(stream *eventstore.Stream, r eventstore.Record) (eventstore.Verdict, eventstore.Reason) {
	hash := fnv.New64a()
	hash.Write(r.Value)
	id := hash.Sum64()
	verdict, reason := stream.Judge(id, id, -1)
	if verdict == eventstore.Accepted {
		stream.Accept(id, id, r.Offset)
	}
	return verdict, reason
}

func testCancelFollow(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	ctx, cancel := context.WithCancel(t.Context())
	batches := 0
	for batch, err := range log.Follow(ctx, 0, 0, eventstore.FollowOptions{MaxWait: time.Hour}) {
		if err != nil {
			wantError(t, "follow", err, context.Canceled)
			break
		}
		if batches++; batches > 1 {
			t.Fatalf("%d batches within an hour's wait, the last with %d records", batches, len(batch.Records))
		}
		// The follower now asks for more and waits: the end of the context has to end the wait.
		go cancel()
	}
	cancel()
}

func testCancelAppend(t *testing.T, s Setup) {
	cfg := newConfig(t, s.Brokers(t), 1)
	wire := &wiretap{}
	cfg.Dial = wire.dial
	log := openLog(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	appended, err := log.Append(ctx, numbered("k", 0, 1))
	wantError(t, "append with an ended context", err, context.Canceled)
	if errors.Is(appended[0].Err, eventstore.ErrUnknownOutcome) {
		t.Error("append with an ended context has an unknown outcome")
	}

	// An append in flight whose context ends is unknown; one that waits behind it was not sent.
	held, release := wire.holdNextAck()
	ctx, cancel = context.WithCancel(t.Context())
	inFlight, queued := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := log.Append(ctx, numbered("k", 1, 1))
		inFlight <- err
	}()
	<-held
	queuedCtx, cancelQueued := context.WithCancel(t.Context())
	go func() {
		_, err := log.Append(queuedCtx, numbered("k", 2, 1))
		queued <- err
	}()
	cancelQueued()
	err = <-queued
	wantError(t, "queued append", err, context.Canceled)
	if errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Error("the queued append has an unknown outcome")
	}
	cancel()
	err = <-inFlight
	wantError(t, "append in flight", err, eventstore.ErrUnknownOutcome)
	wantError(t, "append in flight", err, context.Canceled)
	release()
	mustAppend(t, log, numbered("k", 3, 1))
	if got := values(collectAll(t, log)[0]); got != "k/1 k/3" {
		t.Errorf("log has %q", got)
	}
}

func testClose(t *testing.T, s Setup) {
	log, err := eventstore.Open(t.Context(), newConfig(t, s.Brokers(t), 1))
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, log, numbered("k", 0, 1))
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		for _, err := range log.Follow(t.Context(), 0, 1, eventstore.FollowOptions{MaxWait: time.Hour}) {
			if first {
				close(started)
				first = false
			}
			if err != nil {
				ended <- err
			}
		}
	}()
	<-started
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "follower", <-ended, eventstore.ErrClosed)
	_, err = log.Append(t.Context(), numbered("k", 1, 1))
	wantError(t, "append", err, eventstore.ErrClosed)
	if errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Error("append after close has an unknown outcome")
	}
	_, err = log.Read(t.Context(), 0, []int64{0})
	wantError(t, "read", err, eventstore.ErrClosed)
	_, err = log.Ends(t.Context())
	wantError(t, "ends", err, eventstore.ErrClosed)
}

// wiretap dials connections on which the acknowledgement of the next append can be lost or held back.
type wiretap struct {
	mu   sync.Mutex
	lose bool
	hold *hold
	// every is how many acknowledgements come to one that is lost, 0 for none, and seen counts them.
	every, seen int
}

// hold keeps one acknowledgement back.
type hold struct{ reached, released chan struct{} }

func (w *wiretap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &tappedConn{Conn: conn, tap: w, fresh: true}, nil
}

// loseNextAck cuts the connection of the next append when its acknowledgement has arrived.
func (w *wiretap) loseNextAck() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lose = true
}

// loseEveryAck loses one of n acknowledgements from now on.
func (w *wiretap) loseEveryAck(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.every = n
}

// holdNextAck keeps the acknowledgement of the next append back until release is called; held is closed when it has
// arrived.
func (w *wiretap) holdNextAck() (held <-chan struct{}, release func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hold = &hold{reached: make(chan struct{}), released: make(chan struct{})}
	released := w.hold.released
	return w.hold.reached, func() { close(released) }
}

// take returns, and disarms, what is to happen to the acknowledgement that has arrived.
func (w *wiretap) take() (lose bool, held *hold) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lose, held = w.lose, w.hold
	w.lose, w.hold = false, nil
	if w.every > 0 {
		w.seen++
		lose = lose || w.seen%w.every == 0
	}
	return lose, held
}

// tappedConn recognises produce requests. A connection carries one request at a time.
type tappedConn struct {
	net.Conn
	tap *wiretap
	// fresh means that the next write begins a request, and produced that the request under way appends.
	fresh, produced bool
}

func (c *tappedConn) Write(b []byte) (int, error) {
	// A request begins with its length, in four bytes, and the key of its API, in two; 0 is Produce.
	if c.fresh && len(b) >= 6 {
		c.fresh = false
		c.produced = b[4] == 0 && b[5] == 0
	}
	return c.Conn.Write(b)
}

func (c *tappedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.fresh = true
	if err != nil || !c.produced {
		return n, err
	}
	c.produced = false
	lose, held := c.tap.take()
	if held != nil {
		close(held.reached)
		<-held.released
	}
	if lose {
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Conn.Close())
	}
	return n, nil
}
