package pgview

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Partitions returns where each partition stands. The index customers_due has the first timer of a partition.
func (s *Store) Partitions(ctx context.Context) ([]projections.PartitionView, error) {
	var views []projections.PartitionView
	err := s.read(ctx, func(tx pgx.Tx, now moment) error {
		query := s.sql(`SELECT p.partition, p.next_offset, p.recorded, p.newest, p.owner, p.epoch,
				coalesce((SELECT min(c.next_due) FROM {g}.customers c WHERE c.partition = p.partition AND c.next_due > 0), 0)
			FROM {g}.checkpoints p ORDER BY p.partition`)
		rows, err := tx.Query(ctx, query)
		if err != nil {
			return err
		}
		views, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v projections.PartitionView, err error) {
			err = row.Scan(&v.Partition, &v.Next, &v.Recorded, &v.Newest, &v.Owner, &v.Epoch, &v.Due)
			if err == nil {
				v.PolicyVersion = now.folds[v.Partition].Policy().Version
			}
			return v, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("partitions: %w", err)
	}
	return views, nil
}

// Resolve returns what became of a record.
func (s *Store) Resolve(ctx context.Context, at eventstore.Position, stream, _ string) (projections.Outcome, error) {
	var outcome projections.Outcome
	if _, err := s.partition(at.Partition); err != nil {
		return outcome, fmt.Errorf("resolve record %s: %w", at, err)
	}
	err := s.read(ctx, func(tx pgx.Tx, now moment) (err error) {
		if next := now.positions[at.Partition]; at.Offset >= next {
			return fmt.Errorf("the partition was folded up to %d", next)
		}
		outcome, err = s.outcome(ctx, tx, at, stream)
		return err
	})
	if err != nil {
		return projections.Outcome{}, fmt.Errorf("resolve record %s: %w", at, err)
	}
	return outcome, nil
}

func (s *Store) outcome(ctx context.Context, tx pgx.Tx, at eventstore.Position, stream string) (projections.Outcome, error) {
	aside, err := s.quarantined(ctx, tx, projections.QuarantineFilter{Position: &at}, 1)
	if err != nil {
		return projections.Outcome{}, err
	}
	if len(aside) > 0 {
		return aside[0].Outcome(), nil
	}
	var queued bool
	query := s.sql("SELECT EXISTS (SELECT FROM {g}.queued WHERE partition = $1 AND record_offset = $2)")
	if err := tx.QueryRow(ctx, query, at.Partition, at.Offset).Scan(&queued); err != nil || queued || !storable(stream) {
		return projections.Outcome{}, err
	}
	c := projections.NewCustomer(stream)
	var partition int
	err = tx.QueryRow(ctx, s.sql("SELECT partition FROM {g}.customers WHERE id = $1"), stream).Scan(&partition)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && partition != at.Partition {
		return projections.Outcome{}, nil
	}
	if err != nil {
		return projections.Outcome{}, err
	}
	if err := s.readStream(ctx, tx, stream, &c.Stream); err != nil {
		return projections.Outcome{}, err
	}
	return c.OutcomeAt(at.Offset), nil
}

// readStream reads the index of a stream.
func (s *Store) readStream(ctx context.Context, tx pgx.Tx, id string, into *eventstore.Stream) error {
	rows, err := tx.Query(ctx, s.sql(longStreams), []string{id})
	if err != nil {
		return fmt.Errorf("read stream: %w", err)
	}
	var chunk pgtype.DriverBytes
	if _, err := pgx.ForEachRow(rows, []any{nil, &chunk}, func() error { return into.LoadChunk(chunk) }); err != nil {
		return fmt.Errorf("read stream: %w", err)
	}
	return nil
}

// Backlog says how much waits for somebody to look at it.
func (s *Store) Backlog(ctx context.Context) (*projections.Backlog, error) {
	query := s.sql(`SELECT q.n, q.oldest, p.n, p.oldest, (SELECT count(*) FROM {g}.queued)
		FROM (SELECT count(*) AS n, coalesce(min(recorded_at), 0) AS oldest FROM {g}.quarantine WHERE status = 'open') q,
			(SELECT count(*) AS n, coalesce(min(at), 0) AS oldest FROM {g}.parked) p`)
	b := new(projections.Backlog)
	err := s.pool.QueryRow(ctx, query).Scan(&b.Quarantined, &b.OldestQuarantined, &b.Parked, &b.OldestParked, &b.Queued)
	if err != nil {
		return nil, fmt.Errorf("backlog: %w", err)
	}
	return b, nil
}
