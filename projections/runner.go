package projections

import (
	"context"
	"fmt"
	"iter"
	"log/slog"

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

// Run folds until ctx ends or a partition fails; it returns after every partition has stopped.
func (r *Runner) Run(ctx context.Context) error { return r.run(ctx, nil) }

// RunUntil folds up to the given positions and returns.
func (r *Runner) RunUntil(ctx context.Context, ends eventstore.Positions) error {
	return r.run(ctx, ends)
}

func (r *Runner) run(ctx context.Context, ends eventstore.Positions) error {
	group, ctx := errgroup.WithContext(ctx)
	for p := range r.log.Partitions() {
		group.Go(func() error {
			if err := r.partition(ctx, p, ends); err != nil {
				return fmt.Errorf("run projections on partition %d: %w", p, err)
			}
			return nil
		})
	}
	return group.Wait()
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
