package projections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/eventstore"
)

// Log is what a Runner reads.
type Log interface {
	Partitions() int
	PartitionOf(key []byte) int
	Follow(ctx context.Context, partition int, from int64, opt eventstore.FollowOptions) iter.Seq2[eventstore.Batch, error]
	Read(ctx context.Context, partition int, offsets []int64) ([]eventstore.Record, error)
}

// Runner folds every partition of a log into a store, each in a goroutine of its own.
type Runner struct {
	log      Log
	store    Store
	fold     *Fold
	bound    Bound
	progress *Progress
	outcomes *Outcomes
	logger   *slog.Logger
}

// NewRunner returns a runner that reports to progress, which may be nil.
func NewRunner(log Log, store Store, fold *Fold, bound Bound, progress *Progress, logger *slog.Logger) *Runner {
	if progress == nil {
		progress = NewProgress(log.Partitions())
	}
	return &Runner{log: log, store: store, fold: fold, bound: bound, progress: progress, logger: logger}
}

// Remember makes the runner tell outcomes, which has as many partitions as the log, what became of the records. It must
// be called before Run, and of all runners of a program by the one that serves its readers.
func (r *Runner) Remember(outcomes *Outcomes) { r.outcomes = outcomes }

// Run folds until ctx ends; it returns after every partition has stopped. A store that fails is tried again from its
// checkpoint until it works. Run ends early with ErrFenced when another writer took over, and with ErrOtherLog or an
// error of the event store when the log is not what it was.
func (r *Runner) Run(ctx context.Context) error { return r.each(ctx, r.follow) }

// RunUntil folds up to the given positions and returns, or with the first error.
func (r *Runner) RunUntil(ctx context.Context, ends eventstore.Positions) error {
	return r.each(ctx, func(ctx context.Context, p int) error { return r.partition(ctx, p, ends) })
}

func (r *Runner) each(ctx context.Context, run func(ctx context.Context, p int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for p := range r.log.Partitions() {
		group.Go(func() error {
			if err := run(ctx, p); err != nil {
				return fmt.Errorf("run projections on partition %d: %w", p, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// How long a failing store is left alone: the first time, and at most.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// follow folds a partition until ctx ends, over failures of the store.
func (r *Runner) follow(ctx context.Context, p int) error {
	pause := firstPause
	for {
		from := r.progress.Positions()[p]
		err := r.partition(ctx, p, nil)
		if ctx.Err() != nil || final(err) {
			return err
		}
		r.progress.fail(p, err)
		if r.progress.Positions()[p] > from {
			pause = firstPause
		}
		r.logger.LogAttrs(ctx, slog.LevelWarn, "views cannot be written", slog.Int("partition", p), slog.Duration("pause", pause), slog.Any("error", err))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause = min(2*pause, lastPause)
	}
}

// final reports whether trying again would only repeat the error, or do harm.
func final(err error) bool {
	for _, end := range []error{
		ErrFenced, ErrOtherLog, eventstore.ErrTrimmed, eventstore.ErrTruncated, eventstore.ErrGap, eventstore.ErrTransactional,
		eventstore.ErrCorrupt, eventstore.ErrTopicMissing, eventstore.ErrClosed,
	} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

func (r *Runner) partition(ctx context.Context, p int, ends eventstore.Positions) error {
	at, err := r.store.Claim(ctx, p)
	if err != nil {
		return err
	}
	if err := r.checkResume(ctx, at); err != nil {
		return err
	}
	if r.outcomes != nil {
		r.outcomes.resume(p, at.Next)
	}
	r.progress.Report(p, at.Next)
	opt := eventstore.FollowOptions{}
	if at.Recorded != 0 {
		opt.RecordedFloor = at.Recorded.Time()
	}
	if ends != nil {
		if at.Next >= ends[p] {
			return nil
		}
		opt.Until = ends[p]
	}
	r.logger.LogAttrs(ctx, slog.LevelDebug, "partition claimed", slog.Int("partition", p), slog.Int64("offset", at.Next), slog.Int64("epoch", at.Epoch))
	folder := NewFolder(r.fold, r.store, r.log.PartitionOf, r.bound)
	folder.Remember(r.outcomes)
	for batch, err := range r.log.Follow(ctx, p, at.Next, opt) {
		if err != nil {
			return err
		}
		if at, err = folder.Fold(ctx, at, batch.Records); err != nil {
			return err
		}
		r.progress.Report(p, at.Next)
	}
	return nil
}

// checkResume compares the record before the checkpoint with what was folded there: a topic that was made anew under
// the same name must not be folded on top of the views of the old one.
func (r *Runner) checkResume(ctx context.Context, at Checkpoint) error {
	if at.Next == 0 {
		return nil
	}
	records, err := r.log.Read(ctx, at.Partition, []int64{at.Next - 1})
	if err != nil {
		return fmt.Errorf("compare the record before the checkpoint at %d: %w", at.Next, err)
	}
	if len(records) != 1 || Fingerprint(&records[0]) != at.Last {
		return fmt.Errorf("compare the record before the checkpoint at %d: %w", at.Next, ErrOtherLog)
	}
	return nil
}
