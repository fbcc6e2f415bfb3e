package pgview

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

// load folds what is missing of every partition and writes it into the tables.
func (r *rebuilder) load(ctx context.Context) error {
	var missing []*RebuildPartition
	for _, p := range r.parts {
		if p.SharesDone < refold.Shares {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := r.phase(ctx, PhaseLoading, ""); err != nil {
		return err
	}
	r.board.begin(r.parts)
	group, inner := errgroup.WithContext(ctx)
	watched, stop := context.WithCancel(inner)
	group.Go(func() error { return r.board.show(watched, r.pool, r.id) })
	group.Go(func() error {
		defer stop()
		loads, inner := errgroup.WithContext(inner)
		loads.SetLimit(r.options.Parallel)
		for _, p := range missing {
			loads.Go(func() error { return r.loadPartition(inner, *p) })
		}
		return loads.Wait()
	})
	return group.Wait()
}

// loadPartition folds a partition from the first share that is not done, and writes each pass in a transaction.
func (r *rebuilder) loadPartition(ctx context.Context, at RebuildPartition) error {
	options := refold.Options{
		Fold: r.fold(), From: at.SharesDone, Memory: r.options.Memory / int64(r.options.Parallel), Logger: r.options.Logger,
		Progress: func(p refold.Progress) {
			r.board.report(p)
			if r.options.Progress != nil {
				r.options.Progress(p)
			}
		},
	}
	begun, seconds := time.Now(), at.Seconds
	return refold.Partition(ctx, r.log, at.Partition, at.Pinned, options, func(ctx context.Context, pass *refold.Pass) error {
		folded := time.Now()
		seconds += folded.Sub(begun).Seconds()
		if err := r.write(ctx, pass, seconds); err != nil {
			return err
		}
		r.options.Logger.LogAttrs(ctx, slog.LevelInfo, "shares loaded", slog.Int("partition", pass.Partition),
			slog.Int("from", pass.From), slog.Int("to", pass.To), slog.Duration("folding", folded.Sub(begun)), slog.Duration("writing", time.Since(folded)))
		begun = time.Now()
		seconds += begun.Sub(folded).Seconds()
		return nil
	})
}

// write loads a pass and notes that its shares are done, in one transaction: after a crash the rebuild goes on behind it.
func (r *rebuilder) write(ctx context.Context, pass *refold.Pass, seconds float64) error {
	return pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, bulkSettings); err != nil {
			return err
		}
		digest, err := r.store.load(ctx, tx, pass, r.options.Logger)
		if err != nil {
			return err
		}
		if err := r.checkpoint(ctx, tx, pass, digest); err != nil {
			return fmt.Errorf("move the checkpoint: %w", err)
		}
		const update = `UPDATE rapport.rebuild_partitions SET shares_done = $4, seconds = $5
			WHERE generation = $1 AND partition = $2 AND shares_done = $3`
		tag, err := tx.Exec(ctx, update, r.id, pass.Partition, pass.From, pass.To, seconds)
		if err == nil && tag.RowsAffected() != 1 {
			err = projections.ErrFenced
		}
		if err != nil {
			return fmt.Errorf("note what is done: %w", err)
		}
		return nil
	})
}

// bulkSettings are those of transactions that write much. What the server had not written when it crashed is loaded anew.
const bulkSettings = `SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = 0;
	SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL maintenance_work_mem = '512MB'`

// checkpoint adds a pass to the checkpoint of its partition. With the last pass it moves to where the partition is pinned.
func (r *rebuilder) checkpoint(ctx context.Context, tx pgx.Tx, pass *refold.Pass, digest projections.Digest) error {
	add := r.store.sql(`UPDATE {g}.checkpoints SET newest = greatest(newest, $2),
		digest1 = rapport.sum64(digest1, $3), digest2 = rapport.sum64(digest2, $4) WHERE partition = $1`)
	if _, err := tx.Exec(ctx, add, pass.Partition, int64(pass.Newest()), int64(digest[0]), int64(digest[1])); err != nil {
		return err
	}
	if pass.To < refold.Shares {
		return nil
	}
	contents, err := pass.Stores()[0].Contents(0)
	if err != nil {
		return err
	}
	for _, p := range contents.Policies {
		insert := r.store.sql("INSERT INTO {g}.policies (partition, record_offset, at, version, document) VALUES ($1, $2, $3, $4, $5)")
		if _, err := tx.Exec(ctx, insert, pass.Partition, p.Offset, int64(p.At), p.Version, p.Document); err != nil {
			return err
		}
	}
	last := r.store.sql(`UPDATE {g}.checkpoints SET next_offset = $2, last = $3, recorded = $4,
			policy_offset = (SELECT max(record_offset) FROM {g}.policies p WHERE p.partition = $1)
		WHERE partition = $1`)
	_, err = tx.Exec(ctx, last, pass.Partition, pass.End, int64(pass.Last), int64(pass.Recorded))
	return err
}
