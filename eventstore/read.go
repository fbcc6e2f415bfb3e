package eventstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
)

const (
	// runGap is the largest distance between two offsets that are read in one go. Records between them are fetched and
	// dropped, which costs less than another request.
	runGap = 128
	// runBytes is what a record is taken to need when the window of a run is chosen.
	runBytes = 512
	// maxReadBytes bounds the window of a run.
	maxReadBytes = 1 << 20
	// readers bounds the requests of one Read that are in flight.
	readers = 4
)

// Read returns the records of a partition at the given offsets, which must ascend. Offsets close to one another are
// fetched together, and distant ones concurrently. RecordedAt is each record's own timestamp. The records are the
// caller's. An offset outside the log gives an error that is ErrTrimmed or ErrTruncated.
func (l *Log) Read(ctx context.Context, partition int, offsets []int64) ([]Record, error) {
	if partition < 0 || partition >= len(l.partitions) {
		return nil, fmt.Errorf("read partition %d of %s: %w", partition, l.cfg, ErrTopicMissing)
	}
	for i := 1; i < len(offsets); i++ {
		if offsets[i] <= offsets[i-1] {
			return nil, fmt.Errorf("read partition %d of %s: offset %d comes after %d", partition, l.cfg, offsets[i], offsets[i-1])
		}
	}
	runs := splitRuns(offsets)
	found := make([][]Record, len(runs))
	var taken atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(readers, len(runs)) {
		group.Go(func() error {
			r := reader{log: l, decoder: decoder{partition: partition}}
			for {
				i := int(taken.Add(1)) - 1
				if i >= len(runs) {
					return nil
				}
				var err error
				if found[i], err = r.read(ctx, runs[i]); err != nil {
					return err
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("read partition %d of %s: %w", partition, l.cfg, err)
	}
	return slices.Concat(found...), nil
}

// splitRuns splits ascending offsets where two are further apart than runGap.
func splitRuns(offsets []int64) [][]int64 {
	var runs [][]int64
	start := 0
	for i := 1; i <= len(offsets); i++ {
		if i == len(offsets) || offsets[i]-offsets[i-1] > runGap {
			runs = append(runs, offsets[start:i])
			start = i
		}
	}
	return runs
}

// reader fetches runs one after another into the same buffers.
type reader struct {
	log     *Log
	buf     []byte
	decoder decoder
}

// read returns copies of the records of one run.
func (r *reader) read(ctx context.Context, run []int64) ([]Record, error) {
	records := make([]Record, 0, len(run))
	for len(run) > 0 {
		// A window of one byte makes the broker return exactly one batch, however large.
		window := min(1+int(run[len(run)-1]-run[0])*runBytes, maxReadBytes)
		res, err := r.fetch(ctx, fetchWindow{partition: r.decoder.partition, offset: run[0], maxBytes: window, maxWait: time.Millisecond})
		if err != nil {
			return nil, err
		}
		before := len(run)
		r.decoder.reset()
		if run, err = r.decoder.pick(res.records, run); err != nil {
			return nil, err
		}
		if len(run) == before {
			if res.highWatermark <= run[0] {
				return nil, &TruncatedError{Partition: r.decoder.partition, Offset: run[0], End: res.highWatermark}
			}
			return nil, fmt.Errorf("offset %d: no record came: %w", run[0], ErrGap)
		}
		for i := range r.decoder.records {
			records = append(records, r.decoder.records[i].clone())
		}
	}
	return records, nil
}

// pick decodes the records at the offsets of run that are in set and returns the offsets that are not.
func (d *decoder) pick(set []byte, run []int64) ([]int64, error) {
	for len(set) > 0 && len(run) > 0 {
		batch, rest, err := nextBatch(set)
		if err != nil {
			return nil, err
		}
		if batch.data == nil {
			break
		}
		set = rest
		if batch.last() < run[0] {
			continue
		}
		if base := batch.base(); base > run[0] {
			return nil, &GapError{Partition: d.partition, Want: run[0], Got: base}
		}
		_, err = d.decode(batch, func(offset int64) bool {
			if len(run) == 0 || offset != run[0] {
				return false
			}
			run = run[1:]
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return run, nil
}

// fetch repeats a fetch that failed because a broker is away, a few times.
func (r *reader) fetch(ctx context.Context, win fetchWindow) (*fetchResponse, error) {
	var pause backoff
	for attempt := 1; ; attempt++ {
		res, err := r.log.fetch(ctx, win, r.buf)
		if err == nil {
			r.buf = res.buf
			return res, nil
		}
		// The exchange that failed may still be reading into the buffer.
		r.buf = nil
		switch {
		case errors.Is(err, kafka.OffsetOutOfRange):
			return nil, r.log.outOfRange(ctx, win.partition, win.offset)
		case !isTransient(err) || ctx.Err() != nil || attempt == maxAttempts:
			return nil, err
		}
		if err := pause.wait(ctx); err != nil {
			return nil, err
		}
	}
}
