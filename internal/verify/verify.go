// Package verify recomputes views from the log and compares. It is the oracle of the end-to-end tests, and what an
// operator asks when the views are in doubt.
package verify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

// Log is the log that the views were folded from.
type Log interface {
	projections.Log
	Ends(ctx context.Context) (eventstore.Positions, error)
}

// Options say how views are verified.
type Options struct {
	// Memory is about how many bytes the streams may take that are held at a time. Default: 512 MiB.
	Memory int64
	// Sample is how many customers are compared, chosen by a hash of their ids; 0 compares the whole.
	Sample int
	// Progress is told of every window of the log that was folded, by two goroutines. Default: nobody is told.
	Progress func(refold.Progress)
	// Logger gets one line per change of state. Default: none.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Memory <= 0 {
		o.Memory = 512 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// ErrMoving says that the views changed while they were read, each time that was tried.
var ErrMoving = errors.New("the views change faster than they can be read")

// ErrAhead says that the views reflect records that the log does not have.
var ErrAhead = errors.New("the views are ahead of the log; it is not the one they were folded from, or was cut off")

// parallel is how many partitions are folded at a time. The memory is divided between them.
const parallel = 2

// foldAll folds every partition of the log up to the given positions and hands each pass to visit, from several
// goroutines.
func foldAll(ctx context.Context, log Log, ends eventstore.Positions, options refold.Options, visit func(context.Context, *refold.Pass) error) error {
	if err := check(ctx, log, ends); err != nil {
		return err
	}
	options.Memory /= parallel
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for p, end := range ends {
		group.Go(func() error { return refold.Partition(ctx, log, p, end, options, visit) })
	}
	return group.Wait()
}

// check refuses positions that the log cannot have.
func check(ctx context.Context, log Log, at eventstore.Positions) error {
	ends, err := log.Ends(ctx)
	if err != nil {
		return err
	}
	if len(ends) != len(at) {
		return fmt.Errorf("the views have %d partitions and the log has %d: %w", len(at), len(ends), ErrAhead)
	}
	if !ends.Reached(at) {
		return fmt.Errorf("the views are at %s and the log ends at %s: %w", at, ends, ErrAhead)
	}
	return nil
}

// whole sums what passes hold.
type whole struct {
	// digest is that of the customers alone.
	digest  projections.Digest
	rollups projections.Rollups
	policy  projections.PublishedPolicy
	fold    *projections.Fold
}

// add adds the passes of shares, as of the "now" of their stores.
func (w *whole) add(pass *refold.Pass) error {
	for _, store := range pass.Stores() {
		st := store.Standing()
		w.digest = w.digest.Add(st.Digest).Sub(st.Rollups.Digest())
		w.rollups.Add(&st.Rollups)
		contents, err := store.Contents(0)
		if err != nil {
			return err
		}
		if n := len(contents.Policies); n > 0 && contents.Policies[n-1].At > w.policy.At {
			w.policy, w.fold = contents.Policies[n-1], contents.Fold
		}
	}
	return nil
}

// standing returns the whole as of an instant and a place in the log.
func (w *whole) standing(base *projections.Fold, asOf domain.Instant, at eventstore.Positions) *projections.Standing {
	policy := base.Policy()
	if w.fold != nil {
		policy = w.fold.Policy()
	}
	return &projections.Standing{
		AsOf: asOf, Positions: at, Rollups: w.rollups, Digest: w.digest.Add(w.rollups.Digest()), Policy: policy,
	}
}

func equalPositions(a, b eventstore.Positions) bool { return slices.Equal(a, b) }
