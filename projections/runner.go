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

// RunnerOptions say how a Runner works. The zero value of each field is a documented default.
type RunnerOptions struct {
	// Bound leaves out part of the log. Default: nothing is left out.
	Bound Bound
	// Owner names the runner as the writer of its partitions. Default: empty.
	Owner string
	// Shared says that other runners work on other partitions and may take over: a runner that finds itself replaced
	// claims the partition again, as long as it is told to run it. Default: it ends with ErrFenced.
	Shared bool
	// Outlet takes the outputs. Default: none are made.
	Outlet Outlet
	// Register takes the states of customers. Default: none are made.
	Register Register
	// Outcomes is told what became of the records. It has as many partitions as the log. Default: nobody is told.
	Outcomes *Outcomes
	// Progress is told how far the partitions were folded. Default: nobody is told.
	Progress *Progress
	// WindowBytes is how much of a partition is fetched, as stored, and folded in one batch at most. Default: that of the
	// log.
	WindowBytes int
	// Drain is how long the batch at hand may take after the runner was told to stop. Default: 5 s.
	Drain time.Duration
	// Logger gets one line per change of state. Default: none.
	Logger *slog.Logger
}

// Runner folds partitions of a log into a store, each in a goroutine of its own.
type Runner struct {
	log     Log
	store   Store
	fold    *Fold
	options RunnerOptions
	// large has room for the large batches that are folded at a time, so that catching up with many partitions does not
	// take memory for all of them.
	large chan struct{}
}

const (
	// largeBatch is the number of records from which a batch is large, and largeBatches how many of them are folded at a
	// time.
	largeBatch   = 8192
	largeBatches = 4
)

// NewRunner returns a runner. It starts nothing.
func NewRunner(log Log, store Store, fold *Fold, options RunnerOptions) *Runner {
	if options.Progress == nil {
		options.Progress = NewProgress(log.Partitions())
	}
	if options.Drain <= 0 {
		options.Drain = drainTime
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Runner{log: log, store: store, fold: fold, options: options, large: make(chan struct{}, largeBatches)}
}

// Run folds every partition until ctx ends; see RunPartitions.
func (r *Runner) Run(ctx context.Context) error { return r.RunPartitions(ctx, r.all()) }

// RunPartitions folds the given partitions until ctx ends; it returns after every one of them has stopped. The batch at
// hand then is finished, for which there are some seconds. A store that fails is tried again from its checkpoint until it
// works. It ends early with ErrFenced when another writer took over and the runner is not shared, and with ErrOtherLog or
// an error of the event store when the log is not what it was.
func (r *Runner) RunPartitions(ctx context.Context, partitions []int) error {
	return r.RunPartitionsUntil(ctx, partitions, nil)
}

// RunUntil folds every partition up to the given positions and returns, or with the first error.
func (r *Runner) RunUntil(ctx context.Context, ends eventstore.Positions) error {
	return r.each(ctx, r.all(), func(ctx context.Context, p int) error { return r.partition(ctx, p, ends) })
}

// RunPartitionsUntil is RunPartitions up to the given positions, and returns nil when they are reached.
func (r *Runner) RunPartitionsUntil(ctx context.Context, partitions []int, ends eventstore.Positions) error {
	return r.each(ctx, partitions, func(ctx context.Context, p int) error { return r.follow(ctx, p, ends) })
}

func (r *Runner) all() []int {
	partitions := make([]int, r.log.Partitions())
	for p := range partitions {
		partitions[p] = p
	}
	return partitions
}

func (r *Runner) each(ctx context.Context, partitions []int, run func(ctx context.Context, p int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range partitions {
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

// follow folds a partition until ctx ends, over failures of the store and, when it is shared, of other writers.
func (r *Runner) follow(ctx context.Context, p int, ends eventstore.Positions) error {
	if r.options.Shared && r.options.Outcomes != nil {
		defer r.options.Outcomes.release(p)
	}
	pause := firstPause
	for {
		from := r.options.Progress.Positions()[p]
		err := r.partition(ctx, p, ends)
		if err == nil || ctx.Err() != nil || final(err) || errors.Is(err, ErrFenced) && !r.options.Shared {
			return err
		}
		if !errors.Is(err, ErrFenced) {
			r.options.Progress.fail(p, err)
		}
		if r.options.Progress.Positions()[p] > from {
			pause = firstPause
		}
		r.options.Logger.LogAttrs(ctx, slog.LevelWarn, "partition is tried again", slog.Int("partition", p), slog.Duration("pause", pause), slog.Any("error", err))
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
		ErrOtherLog, ErrTorn, eventstore.ErrTrimmed, eventstore.ErrTruncated, eventstore.ErrGap, eventstore.ErrTransactional,
		eventstore.ErrCorrupt, eventstore.ErrTopicMissing, eventstore.ErrClosed,
	} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

func (r *Runner) partition(ctx context.Context, p int, ends eventstore.Positions) error {
	folder := NewFolder(r.fold, r.store, FolderOptions{
		PartitionOf: r.log.PartitionOf, Bound: r.options.Bound, Owner: r.options.Owner, Outcomes: r.options.Outcomes,
		Outlet: r.options.Outlet, Register: r.options.Register, Records: r.log,
	})
	at, err := folder.Claim(ctx, p)
	if err != nil {
		return err
	}
	if err := r.checkResume(ctx, at); err != nil {
		return err
	}
	r.options.Progress.Report(p, at.Next)
	opt := eventstore.FollowOptions{WindowBytes: r.options.WindowBytes}
	if at.Recorded != 0 {
		opt.RecordedFloor = at.Recorded.Time()
	}
	if ends != nil {
		if at.Next >= ends[p] {
			return nil
		}
		opt.Until = ends[p]
	}
	r.options.Logger.LogAttrs(ctx, slog.LevelDebug, "partition claimed", slog.Int("partition", p), slog.Int64("offset", at.Next), slog.Int64("epoch", at.Epoch))
	work, done := drained(ctx, r.options.Drain)
	defer done()
	for batch, err := range r.log.Follow(ctx, p, at.Next, opt) {
		if err != nil {
			return err
		}
		if at, err = r.batch(work, folder, at, batch.Records); err != nil {
			return err
		}
		r.options.Progress.Report(p, at.Next)
	}
	return nil
}

// batch folds the records, when it is their turn.
func (r *Runner) batch(ctx context.Context, folder *Folder, at Checkpoint, records []eventstore.Record) (Checkpoint, error) {
	if len(records) >= largeBatch {
		select {
		case r.large <- struct{}{}:
			defer func() { <-r.large }()
		case <-ctx.Done():
			return at, ctx.Err()
		}
	}
	return folder.Fold(ctx, at, records)
}

// drainTime is the Drain of a runner that is given none.
const drainTime = 5 * time.Second

// drained returns a context that ends some time after ctx does, so that what is under way then can be finished.
func drained(ctx context.Context, patience time.Duration) (context.Context, func()) {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(patience):
			cancel(context.Cause(ctx))
		case <-work.Done():
		}
	})
	return work, func() {
		stop()
		cancel(nil)
	}
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
