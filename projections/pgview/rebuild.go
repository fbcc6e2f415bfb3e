package pgview

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

// RebuildLog is the log that a rebuild folds.
type RebuildLog interface {
	projections.Log
	Ends(ctx context.Context) (eventstore.Positions, error)
}

// RebuildOptions say how a rebuild works.
type RebuildOptions struct {
	// Policy is the policy that the new generation begins with. Default: that of the live one, or domain.DefaultPolicy.
	Policy *domain.Policy
	// Memory is about how many bytes the streams may take that are folded at a time. Default: 512 MiB.
	Memory int64
	// Parallel is how many partitions are loaded at a time; the memory is divided between them. Default: 2.
	Parallel int
	// Accept shows the new generation although it differs from the live one.
	Accept bool
	// Progress is told of every window of the log that was folded, by several goroutines. Default: nobody is told.
	Progress func(refold.Progress)
	// Logger gets one line per change of state. Default: none.
	Logger *slog.Logger
}

func (o RebuildOptions) withDefaults() RebuildOptions {
	if o.Memory <= 0 {
		o.Memory = 512 << 20
	}
	if o.Parallel <= 0 {
		o.Parallel = 2
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Rebuilt says what a rebuild or a rollback came to.
type Rebuilt struct {
	// Generation is the one that is live now, and Replaced the one before it, which is kept; empty when there was none.
	Generation string `json:"generation"`
	Replaced   string `json:"replaced,omitempty"`
	// Positions are where the one took the place of the other.
	Positions eventstore.Positions `json:"positions"`
	// Records is how many records of the log the new one was loaded from at first.
	Records int64 `json:"records"`
	// Exact says that the digests were compared, and not only counts: both began with the same policy.
	Exact bool `json:"exact"`
	// Differences are those that were accepted.
	Differences []refold.Difference `json:"differences"`
}

// ErrRebuildRunning says that another process is at work on a generation.
var ErrRebuildRunning = errors.New("another rebuild is running")

// DifferentError says that a new generation was not shown because it differs from the live one.
type DifferentError struct {
	Generation  string              `json:"generation"`
	Differences []refold.Difference `json:"differences"`
}

// Error counts the differences.
func (e *DifferentError) Error() string {
	return fmt.Sprintf("generation %s differs from the live one in %d places and was not shown", e.Generation, len(e.Differences))
}

// Rebuild folds the log into a new generation and shows it in place of the live one, once it is at the same positions
// and holds the same. Live writers go on until the moment of the switch, and from then on those of the new generation;
// outputs are not published. One that was begun with the same properties and not finished is gone on with: what a
// transaction had loaded stays loaded. It returns ErrRebuildRunning when another process rebuilds, and a *DifferentError
// when the new generation holds something else and options do not accept that; it exists then, and another Rebuild goes
// on with it. When the two began with different policies, differences are expected, and only counts are compared.
func Rebuild(ctx context.Context, pool *pgxpool.Pool, log RebuildLog, options RebuildOptions) (*Rebuilt, error) {
	done, err := withRebuilder(ctx, pool, log, options, func(r *rebuilder) (*Rebuilt, error) {
		if err := r.open(ctx); err != nil {
			return nil, err
		}
		if err := r.load(ctx); err != nil {
			return nil, err
		}
		if err := r.index(ctx); err != nil {
			return nil, err
		}
		return r.replace(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("rebuild the views: %w", err)
	}
	return done, nil
}

// rebuilder makes one generation.
type rebuilder struct {
	pool    *pgxpool.Pool
	log     RebuildLog
	options RebuildOptions
	id      int
	store   *Store
	// parts are the partitions, by number.
	parts []*RebuildPartition
	board board
}

// rebuildLock is the key of the advisory lock that the process holds that works on a generation.
const rebuildLock = 0x7261_7070_6f72_75 // "rapporu"

// rebuildConns is how many connections a rebuild needs.
const rebuildConns = 4

// withRebuilder calls work with a rebuilder, while no other process has one.
func withRebuilder(ctx context.Context, pool *pgxpool.Pool, log RebuildLog, options RebuildOptions, work func(*rebuilder) (*Rebuilt, error)) (*Rebuilt, error) {
	// The lock, the switch and what is read in its middle have a connection each, and two partitions are loaded at a time.
	if n := pool.Config().MaxConns; n < rebuildConns {
		return nil, fmt.Errorf("the pool has room for %d connections, %d are needed", n, rebuildConns)
	}
	if err := Migrate(ctx, pool); err != nil {
		return nil, err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	var held bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(rebuildLock)).Scan(&held); err != nil {
		return nil, fmt.Errorf("take the lock of rebuilds: %w", err)
	}
	if !held {
		return nil, ErrRebuildRunning
	}
	defer func() {
		// A connection that cannot let go of the lock is closed, which lets go of it too.
		if _, err := conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(rebuildLock)); err != nil {
			_ = conn.Conn().Close(context.WithoutCancel(ctx))
		}
	}()
	r := &rebuilder{pool: pool, log: log, options: options.withDefaults()}
	return work(r)
}

// fold returns the fold under the policy that the new generation begins with.
func (r *rebuilder) fold() *projections.Fold { return r.store.fold }

// phase notes where the rebuild is.
func (r *rebuilder) phase(ctx context.Context, phase Phase, detail string) error {
	const update = "UPDATE rapport.rebuilds SET phase = $2, detail = $3, updated_at = now() WHERE generation = $1"
	if _, err := r.pool.Exec(ctx, update, r.id, phase, detail); err != nil {
		return fmt.Errorf("note the phase of the rebuild: %w", err)
	}
	r.options.Logger.LogAttrs(ctx, slog.LevelInfo, "rebuild goes on", slog.String("generation", r.store.schema),
		slog.String("phase", string(phase)), slog.String("detail", detail))
	return nil
}
