package kafkabus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// fetchWait is how long the broker holds back an answer when there is nothing new.
	fetchWait = time.Second
	// fetchGrace is how long an answer may take beyond that.
	fetchGrace = 10 * time.Second
)

// read delivers the records of one partition from an offset on, one after the other, until ctx ends. It calls done with
// the offset to continue from after each record that was acknowledged, and with the one it begins at when offset stands
// for the oldest or newest record. A lost connection is opened again.
func (s *subscription) read(ctx context.Context, partition int, offset int64, done func(next int64)) {
	r := &partitionReader{subscription: s, partition: partition, offset: offset, done: done}
	var pause backoff
	for lost := false; ; lost = true {
		progressed, err := r.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if progressed {
			pause.reset()
			lost = false
		}
		if !lost {
			s.log.LogAttrs(ctx, slog.LevelWarn, "reading is interrupted", slog.Int("partition", partition), slog.Any("error", err))
		}
		if pause.wait(ctx) != nil {
			return
		}
	}
}

// partitionReader is the state of reading one partition.
type partitionReader struct {
	*subscription
	partition int
	// offset is that of the next record, or kafka.FirstOffset or kafka.LastOffset.
	offset int64
	// outOfRange is whether the broker said that there is no record at the offset.
	outOfRange bool
	done       func(next int64)
}

// follow reads over one connection until it breaks or ctx ends. It reports whether the broker answered a fetch.
func (r *partitionReader) follow(ctx context.Context) (progressed bool, err error) {
	conn, err := r.dial(ctx)
	if err != nil {
		return false, err
	}
	// A fetch waits for records without looking at the context; closing its connection ends it.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		if stop() {
			_ = conn.Close()
		}
	}()
	if err := r.resolve(ctx, conn); err != nil {
		return false, err
	}
	for {
		records, next, err := r.fetch(conn)
		if err != nil {
			// kafka-go leaves the rest of an answer that is an error unread, so the connection is of no use any more.
			r.outOfRange = errors.Is(err, kafka.OffsetOutOfRange)
			return progressed, err
		}
		progressed = true
		for together := range slices.Chunk(records, r.cfg.Gather) {
			if !r.pass(ctx, together) {
				return progressed, nil
			}
		}
		r.offset = max(r.offset, next)
	}
}

// dial opens a connection to the leader of the partition.
func (r *partitionReader) dial(ctx context.Context) (*kafka.Conn, error) {
	dialer := r.cfg.dialer(r.cfg.ClientID)
	var faults []error
	for _, broker := range r.cfg.Brokers {
		conn, err := dialer.DialLeader(ctx, "tcp", broker, r.topic, r.partition)
		if err == nil {
			return conn, nil
		}
		faults = append(faults, fmt.Errorf("ask %s for the leader of partition %d: %w", broker, r.partition, err))
	}
	return nil, errors.Join(faults...)
}

// resolve replaces an offset that stands for the oldest or newest record, or that is out of range, by a real one. It is
// reported at once: a group that comes back with nothing acknowledged would otherwise take the newest record of that time,
// and lose what was written in between.
func (r *partitionReader) resolve(ctx context.Context, conn *kafka.Conn) error {
	if r.offset >= 0 && !r.outOfRange {
		return nil
	}
	first, last, err := readOffsets(conn)
	if err != nil {
		return err
	}
	switch {
	case r.offset == kafka.LastOffset:
		r.offset = last
	case r.offset == kafka.FirstOffset:
		r.offset = first
	case r.offset < first || r.offset > last:
		r.log.LogAttrs(ctx, slog.LevelError, "history is gone, continuing with the oldest record", slog.Int("partition", r.partition),
			slog.Int64("offset", r.offset), slog.Int64("first", first), slog.Int64("last", last))
		r.offset = first
	}
	r.outOfRange = false
	r.done(r.offset)
	return nil
}

// readOffsets returns the offset of the first record of the partition and the one that the next record will take.
func readOffsets(conn *kafka.Conn) (first, last int64, err error) {
	if err := conn.SetDeadline(time.Now().Add(fetchGrace)); err != nil {
		return 0, 0, fmt.Errorf("read offsets: %w", err)
	}
	first, last, err = conn.ReadOffsets()
	if err != nil {
		return 0, 0, fmt.Errorf("read offsets: %w", err)
	}
	return first, last, nil
}

// fetch returns the records from the offset on, none when nothing came within fetchWait, and the offset to go on from. The
// whole answer is read before the first record is delivered, because the connection's deadline does not wait for handlers.
func (r *partitionReader) fetch(conn *kafka.Conn) (records []Record, next int64, err error) {
	if _, err := conn.Seek(r.offset, kafka.SeekAbsolute|kafka.SeekDontCheck); err != nil {
		return nil, 0, fmt.Errorf("fetch: %w", err)
	}
	deadline := time.Now().Add(fetchWait + fetchGrace)
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, 0, fmt.Errorf("fetch: %w", err)
	}
	batch := conn.ReadBatchWith(kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: r.cfg.FetchBytes, MaxWait: fetchWait})
	refused := batch.Err()
	for {
		m, err := batch.ReadMessage()
		if err != nil {
			break // Close tells a fault from the end of the batch; after records, the next fetch meets the fault again.
		}
		record := Record{
			Topic: r.topic, Partition: r.partition, Offset: m.Offset, Time: m.Time.UTC(), Key: m.Key, Value: m.Value,
		}
		for _, h := range m.Headers {
			record.Headers = append(record.Headers, Header(h))
		}
		records = append(records, record)
	}
	// Past the last record there may be offsets that compaction has emptied.
	next = batch.Offset()
	err = batch.Close()
	switch {
	case err == nil || len(records) > 0:
		return records, next, nil
	case refused == nil && errors.Is(err, kafka.RequestTimedOut) && time.Now().Before(deadline):
		return nil, next, nil // so kafka-go calls an answer without records
	default:
		return nil, 0, fmt.Errorf("fetch: %w", err)
	}
}
