package refold

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Log is what partitions are folded from.
type Log interface {
	PartitionOf(key []byte) int
	Follow(ctx context.Context, partition int, from int64, opt eventstore.FollowOptions) iter.Seq2[eventstore.Batch, error]
	Read(ctx context.Context, partition int, offsets []int64) ([]eventstore.Record, error)
}

// Options say how a partition is folded.
type Options struct {
	// Fold is the fold under the policy with which the views begin. Required.
	Fold *projections.Fold
	// At is "now" in what the stores of a pass answer. Default: the newest occurred_at of each.
	At domain.Instant
	// From is the first share that is folded; those below were folded before. Default: the first of all.
	From int
	// Memory is about how many bytes the streams of a pass may take. Default: no bound.
	Memory int64
	// Only selects the streams by their id. Default: all.
	Only func(id []byte) bool
	// Trusted takes records as those of a posting list; see projections.FolderOptions.
	Trusted bool
	// WindowBytes is how much is fetched at a time, as stored. Default: 1 MiB, so that a share gets a fair number of records
	// at once.
	WindowBytes int
	// Progress is told of every window that was folded. Default: nobody is told.
	Progress func(Progress)
	// Logger gets one line per change of state. Default: none.
	Logger *slog.Logger

	// copies lets batches work on copies of the customers, so that one in which the fold panics can be done again.
	copies bool
}

func (o Options) withDefaults() Options {
	if o.WindowBytes == 0 {
		o.WindowBytes = defaultWindow
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Progress says how far a pass is.
type Progress struct {
	Partition int
	// From and To are the shares of the pass; those below From are done.
	From, To int
	// Next of the End records of the partition were read in this pass.
	Next, End int64
}

// Done returns the part of the whole partition that is done, 0 to 1. It can go down when shares are given up, and when a
// pass is begun anew.
func (p Progress) Done() float64 {
	if p.End == 0 {
		return 1
	}
	return (float64(p.From) + float64(p.To-p.From)*float64(p.Next)/float64(p.End)) / Shares
}

const defaultWindow = 1 << 20

// Partition folds the records of a partition before end, pass by pass, and hands each pass to take when all of them were
// read; the passes are in order of their shares and cover all of them from o.From on. The streams of a pass may be
// forgotten when take returns.
func Partition(ctx context.Context, log Log, partition int, end int64, o Options, take func(context.Context, *Pass) error) error {
	o = o.withDefaults()
	to := Shares
	for from := o.From; from < Shares; {
		pass, err := readPass(ctx, &o, log, partition, end, from, to)
		if errors.Is(err, projections.ErrTorn) {
			// The fold panicked on a customer, which is rare enough to read the records twice then.
			o.copies = true
			pass, err = readPass(ctx, &o, log, partition, end, from, to)
		}
		if err != nil {
			return err
		}
		if err := take(ctx, pass); err != nil {
			return pass.wrap(err)
		}
		// About as many shares will fit the next time.
		width := pass.To - pass.From
		from, to = pass.To, min(pass.To+width+width/8+1, Shares)
	}
	return nil
}

// readPass folds the records before end into shares.
func readPass(ctx context.Context, o *Options, log Log, partition int, end int64, from, to int) (*Pass, error) {
	pass, err := newPass(ctx, o, log, partition, end, from, to)
	if err != nil {
		return nil, fmt.Errorf("fold partition %d anew: %w", partition, err)
	}
	if err := pass.read(ctx, log); err != nil {
		return nil, pass.wrap(err)
	}
	return pass, nil
}

// Stream folds the records of one stream, and the control records that may have changed it, in order of offset: those of
// its posting list. The pass that it returns holds this stream alone.
func Stream(ctx context.Context, log Log, partition int, id string, list []eventstore.Record, o Options) (*Pass, error) {
	o = o.withDefaults()
	o.Trusted, o.Memory, o.copies = true, 0, true
	share := ShareOf(id)
	pass, err := newPass(ctx, &o, log, partition, 0, share, share+1)
	if err != nil {
		return nil, fmt.Errorf("fold stream %q anew: %w", id, err)
	}
	if err := pass.fold(ctx, list); err != nil {
		return nil, fmt.Errorf("fold stream %q anew: %w", id, err)
	}
	return pass, nil
}
