package eventstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	defaultWindowBytes = 256 << 10
	defaultMaxWait     = 500 * time.Millisecond
	// missingGrace is how long a follower waits for a topic that the brokers say they do not have: a broker that just
	// started may not know it yet.
	missingGrace = 5 * time.Second
)

// FollowOptions are the options of Follow.
type FollowOptions struct {
	// Until ends the follower before this offset. Default: 0, it goes on for ever.
	Until int64
	// WindowBytes is how much is fetched at a time, as stored; it is several times as much when decompressed. Windows
	// that do not fit the processor's caches are read more slowly. Default: 256 KiB.
	WindowBytes int
	// MaxWait is how long a fetch waits at the end of the log before an empty batch is yielded. A record that arrives
	// earlier ends the wait at once. Default: 500 ms.
	MaxWait time.Duration
	// RecordedFloor is the least RecordedAt that the follower returns. A follower that resumes from a checkpoint gives
	// the RecordedAt of the record before it, so that times do not decrease across the restart. Default: no floor.
	RecordedFloor time.Time
}

// Batch is some consecutive records of one partition. It is empty when the end of the log was reached: the follower
// then yields an empty batch at once for the first fetch and after each MaxWait that brought no record.
type Batch struct {
	Partition int
	// Records are in order of offset and without gaps. They, and the bytes they refer to, are valid until the next
	// batch is asked for.
	Records []Record
	// HighWatermark is the offset that the next record of the partition takes, as of this batch. A follower whose last
	// record is the one before it has caught up.
	HighWatermark int64
}

// Follow returns the records of a partition from the offset from on, in order, each exactly once. The loss of a broker
// is waited out. The sequence ends before opt.Until, or with an error as its last pair: ctx's error, ErrClosed, or one
// that is ErrTrimmed, ErrTruncated, ErrGap, ErrTransactional, ErrCorrupt or ErrTopicMissing. Breaking out of the loop is
// safe. Each sequence is for one goroutine; any number of them may run at the same time.
func (l *Log) Follow(ctx context.Context, partition int, from int64, opt FollowOptions) iter.Seq2[Batch, error] {
	if opt.WindowBytes <= 0 {
		opt.WindowBytes = defaultWindowBytes
	}
	if opt.MaxWait <= 0 {
		opt.MaxWait = defaultMaxWait
	}
	return func(yield func(Batch, error) bool) {
		if partition < 0 || partition >= len(l.partitions) {
			yield(Batch{}, fmt.Errorf("follow partition %d of %s: %w", partition, l.cfg, ErrTopicMissing))
			return
		}
		f := &follower{log: l, opt: opt, next: from, latest: opt.RecordedFloor, decoder: decoder{partition: partition}}
		for opt.Until == 0 || f.next < opt.Until {
			batch, err := f.poll(ctx)
			if err != nil {
				yield(Batch{}, fmt.Errorf("follow partition %d of %s: %w", partition, l.cfg, err))
				return
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// follower is the state of one Follow sequence.
type follower struct {
	log *Log
	opt FollowOptions
	// next is the offset due.
	next int64
	// latest is the greatest RecordedAt so far.
	latest  time.Time
	started bool
	buf     []byte
	decoder decoder
}

// poll returns the next batch, which is empty when the log had nothing within the wait.
func (f *follower) poll(ctx context.Context) (Batch, error) {
	win := fetchWindow{partition: f.decoder.partition, offset: f.next, maxBytes: f.opt.WindowBytes, maxWait: f.opt.MaxWait}
	if !f.started {
		// The first fetch does not wait, so that a follower that starts at the end learns it at once.
		win.maxWait = time.Millisecond
	}
	res, err := f.fetch(ctx, win)
	if err != nil {
		return Batch{}, err
	}
	f.started = true
	f.buf = res.buf
	f.decoder.reset()
	if err := f.decode(res); err != nil {
		return Batch{}, err
	}
	return Batch{Partition: f.decoder.partition, Records: f.decoder.records, HighWatermark: res.highWatermark}, nil
}

// decode reads the batches of res from f.next on.
func (f *follower) decode(res *fetchResponse) error {
	if res.logStart > f.next {
		return &TrimmedError{Partition: f.decoder.partition, Offset: f.next, Start: res.logStart}
	}
	from, until := f.next, f.opt.Until
	want := func(offset int64) bool { return offset >= from && (until == 0 || offset < until) }
	for set := res.records; len(set) > 0; {
		batch, rest, err := nextBatch(set)
		if err != nil {
			return err
		}
		if batch.data == nil {
			break
		}
		set = rest
		if batch.last() < f.next {
			continue
		}
		if base := batch.base(); base > f.next {
			return &GapError{Partition: f.decoder.partition, Want: f.next, Got: base}
		}
		if f.next, err = f.decoder.decode(batch, want); err != nil {
			return err
		}
		if until != 0 && f.next >= until {
			break
		}
	}
	for i := range f.decoder.records {
		r := &f.decoder.records[i]
		if r.RecordedAt.Before(f.latest) {
			r.RecordedAt = f.latest
		}
		f.latest = r.RecordedAt
	}
	return nil
}

// fetch repeats a fetch until it succeeds or fails for good.
func (f *follower) fetch(ctx context.Context, win fetchWindow) (*fetchResponse, error) {
	var (
		pause    backoff
		failures int
		// missing is when the brokers began to say that they do not have the topic.
		missing time.Time
	)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		res, err := f.log.fetch(ctx, win, f.buf)
		if err == nil {
			if failures > 0 {
				f.log.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "log is reachable again",
					slog.String("topic", f.log.cfg.Topic), slog.Int("partition", win.partition), slog.Int("failures", failures))
			}
			return res, nil
		}
		// The exchange that failed may still be reading into the buffer.
		f.buf = nil
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, kafka.OffsetOutOfRange) {
			return nil, f.log.outOfRange(ctx, win.partition, win.offset)
		}
		if !isTransient(err) {
			return nil, err
		}
		if failures++; failures == 1 {
			f.log.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "log is out of reach",
				slog.String("topic", f.log.cfg.Topic), slog.Int("partition", win.partition), slog.Any("error", err))
		}
		switch {
		case !isMissing(err):
			missing = time.Time{}
		case missing.IsZero():
			missing = time.Now()
		case time.Since(missing) > missingGrace:
			return nil, fmt.Errorf("%w: %w", ErrTopicMissing, err)
		}
		if err := pause.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// isMissing reports whether err says that the topic or the partition does not exist.
func isMissing(err error) bool {
	return errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition)
}

// outOfRange returns the error for an offset that the broker refused.
func (l *Log) outOfRange(ctx context.Context, partition int, offset int64) error {
	bounds, err := l.listOffsets(ctx, []int{partition}, kafka.FirstOffset, kafka.LastOffset)
	if err != nil {
		return fmt.Errorf("offset %d is out of range: %w", offset, err)
	}
	start, end := bounds[kafka.FirstOffset][partition], bounds[kafka.LastOffset][partition]
	if offset < start {
		return &TrimmedError{Partition: partition, Offset: offset, Start: start}
	}
	return &TruncatedError{Partition: partition, Offset: offset, End: end}
}
