package pgview

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

const (
	// nearRecords is how many records the new generation may be behind when the live one is held: they are folded within
	// the time for which live writers wait.
	nearRecords = 5000
	// switchPause is the time between two attempts to switch, at first; it doubles up to lastSwitchPause.
	switchPause     = 200 * time.Millisecond
	lastSwitchPause = 5 * time.Second
	// catchUpWindow is how much of a partition is fetched at a time to catch up.
	catchUpWindow = 1 << 20
)

// errLater says that the live generation cannot be replaced at this moment.
var errLater = errors.New("the live generation cannot be replaced yet")

// replace lets the generation follow the live one, compares the two at the same positions and shows it.
func (r *rebuilder) replace(ctx context.Context) (*Rebuilt, error) {
	if err := r.phase(ctx, PhaseCatchingUp, ""); err != nil {
		return nil, err
	}
	for pause := switchPause; ; {
		behind, err := r.catchUp(ctx)
		if err != nil {
			return nil, fmt.Errorf("catch up: %w", err)
		}
		if behind <= nearRecords {
			done, err := r.swap(ctx)
			if !errors.Is(err, errLater) {
				return done, r.noteDifferent(ctx, err)
			}
			r.options.Logger.LogAttrs(ctx, slog.LevelInfo, "the switch waits", slog.Duration("pause", pause), slog.Any("error", err))
			pause = min(2*pause, lastSwitchPause)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// catchUp folds what the live generation has folded by now, and returns how many records it has folded meanwhile.
func (r *rebuilder) catchUp(ctx context.Context) (behind int64, err error) {
	target, err := r.target(ctx)
	if err != nil {
		return 0, err
	}
	if err := r.follow(ctx, target); err != nil {
		return 0, err
	}
	if target, err = r.target(ctx); err != nil {
		return 0, err
	}
	at, err := readPositions(ctx, r.pool, r.store.schema)
	if err != nil {
		return 0, err
	}
	for p := range target {
		behind += max(target[p]-at[p], 0)
	}
	return behind, nil
}

// target returns where the live generation is, or the ends of the log when there is none that can be followed.
func (r *rebuilder) target(ctx context.Context) (eventstore.Positions, error) {
	live, err := r.live(ctx)
	if err != nil {
		return nil, err
	}
	at, err := r.livePositions(ctx, live)
	if err != nil || at != nil {
		return at, err
	}
	return r.log.Ends(ctx)
}

// follow folds the log into the generation up to the given positions. No outputs are published.
func (r *rebuilder) follow(ctx context.Context, target eventstore.Positions) error {
	runner := projections.NewRunner(r.log, r.store, r.fold(), projections.RunnerOptions{
		WindowBytes: catchUpWindow, Logger: r.options.Logger,
	})
	return runner.RunUntil(ctx, target)
}

// swap shows the generation in place of the live one, in one transaction. Live writers wait from the moment at which
// their positions are held; the generation is folded up to exactly those, and compared. It returns errLater when the
// live generation is in the middle of a control record, behind, or too far ahead.
func (r *rebuilder) swap(ctx context.Context) (*Rebuilt, error) {
	if err := r.phase(ctx, PhaseSwitching, ""); err != nil {
		return nil, err
	}
	done := &Rebuilt{Generation: r.store.schema, Differences: []refold.Difference{}}
	for _, p := range r.parts {
		done.Records += p.Pinned
	}
	err := underLock(ctx, r.pool, func(tx pgx.Tx) error {
		held, err := hold(ctx, tx)
		if err != nil {
			return fmt.Errorf("hold the live generation: %w", err)
		}
		// Live writers wait. Should this program stand still, the server lets them go on.
		if _, err := tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = "+holdIdle); err != nil {
			return fmt.Errorf("hold the live generation: %w", err)
		}
		done.Replaced, done.Positions = held.Name, held.positions
		if held.Name != "" && held.Partitions == r.log.Partitions() {
			if err := r.meetSoon(ctx, held); err != nil {
				return err
			}
			c := &generationComparison{tx: tx, live: held, store: r.store}
			if done.Differences, err = c.run(ctx); err != nil {
				return fmt.Errorf("compare with generation %s: %w", held.Name, err)
			}
			done.Exact = c.exact()
			if len(done.Differences) > 0 && !r.options.Accept {
				return &DifferentError{Generation: r.store.schema, Differences: done.Differences}
			}
		}
		return r.show(ctx, tx, len(done.Differences) == 0)
	})
	if err != nil {
		return nil, err
	}
	if done.Positions == nil || done.Replaced == "" {
		done.Positions, err = readPositions(ctx, r.pool, r.store.schema)
	}
	return done, err
}

// show makes the generation the live one and notes that the rebuild is done. It returns errLater when analysts read the
// views for long: the lock on them is not waited for as long as live writers would notice, nor so long that the server
// looks for a deadlock with a query over several views and ends that.
func (r *rebuilder) show(ctx context.Context, tx pgx.Tx, equal bool) error {
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '500ms'"); err != nil {
		return err
	}
	const ready = "UPDATE rapport.generations SET state = 'building' WHERE id = $1 AND state = 'loading'"
	if _, err := tx.Exec(ctx, ready, r.id); err != nil {
		return err
	}
	err := r.store.generation.show(ctx, tx, r.store.schema, equal)
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && server.Code == lockNotAvailable {
		return fmt.Errorf("%w: its views are being read: %w", errLater, err)
	}
	if err != nil {
		return fmt.Errorf("show it: %w", err)
	}
	const done = "UPDATE rapport.rebuilds SET phase = 'done', detail = '', updated_at = now() WHERE generation = $1"
	_, err = tx.Exec(ctx, done, r.id)
	return err
}

// lockNotAvailable is the SQLSTATE of a lock that was not granted in time.
const lockNotAvailable = "55P03"

// How long live writers wait at most for a rebuild that folds the last records, and for one that stands still.
const (
	holdTime = 10 * time.Second
	holdIdle = "'20s'"
)

// meetSoon is meet with a limit, after which the live generation is let go and errLater returned.
func (r *rebuilder) meetSoon(ctx context.Context, live *heldGeneration) error {
	limited, cancel := context.WithTimeout(ctx, holdTime)
	defer cancel()
	err := r.meet(limited, live)
	if err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: the last records were not folded within %s: %w", errLater, holdTime, err)
	}
	return err
}

// meet folds the generation up to exactly where the live one is held.
func (r *rebuilder) meet(ctx context.Context, live *heldGeneration) error {
	if live.sweeping {
		return fmt.Errorf("%w: it is in the middle of a published policy", errLater)
	}
	at, err := readPositions(ctx, r.pool, r.store.schema)
	if err != nil {
		return err
	}
	var behind int64
	for p := range at {
		if at[p] > live.positions[p] {
			return fmt.Errorf("%w: partition %d is at %d there and at %d here", errLater, p, live.positions[p], at[p])
		}
		behind += live.positions[p] - at[p]
	}
	if behind > 2*nearRecords {
		return fmt.Errorf("%w: by %d records", errLater, behind)
	}
	return r.follow(ctx, live.positions)
}

// noteDifferent notes that the generation was not shown, when that is what err says, and returns err.
func (r *rebuilder) noteDifferent(ctx context.Context, err error) error {
	if different, ok := errors.AsType[*DifferentError](err); ok {
		return errors.Join(err, r.phase(ctx, PhaseDifferent, fmt.Sprintf("%d differences", len(different.Differences))))
	}
	return err
}

// heldGeneration is the live generation while its writers wait.
type heldGeneration struct {
	Generation
	positions eventstore.Positions
	sweeping  bool
}

// hold keeps the live generation as it is until the transaction ends: claims wait for its row, commits for those of
// its checkpoints, in this order as a claim takes them. The name is empty when no generation is live.
func hold(ctx context.Context, tx pgx.Tx) (*heldGeneration, error) {
	live := new(heldGeneration)
	const row = `SELECT schema_name, state_format, layout, partitions, policy_digest FROM rapport.generations WHERE state = 'live' FOR UPDATE`
	err := tx.QueryRow(ctx, row).Scan(&live.Name, &live.StateFormat, &live.Layout, &live.Partitions, &live.PolicyDigest)
	if errors.Is(err, pgx.ErrNoRows) {
		return live, nil
	}
	if err != nil {
		return nil, err
	}
	// Tables of other versions of the program may have no column sweep.
	query := "SELECT next_offset, coalesce(to_jsonb(c)->>'sweep', '') <> '' FROM " + live.Name + ".checkpoints c ORDER BY partition FOR UPDATE"
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	var next int64
	var sweeping bool
	_, err = pgx.ForEachRow(rows, []any{&next, &sweeping}, func() error {
		live.positions = append(live.positions, next)
		live.sweeping = live.sweeping || sweeping
		return nil
	})
	return live, err
}
