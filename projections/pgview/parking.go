package pgview

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/projections"
)

// Queue returns the records that wait behind a parked stream.
func (s *Store) Queue(ctx context.Context, p int, stream string) ([]int64, error) {
	if _, err := s.partition(p); err != nil {
		return nil, fmt.Errorf("queue of stream %q: %w", stream, err)
	}
	if !storable(stream) {
		return nil, nil
	}
	query := s.sql("SELECT record_offset FROM {g}.queued WHERE partition = $1 AND customer = $2 ORDER BY record_offset")
	rows, err := s.pool.Query(ctx, query, p, stream)
	if err != nil {
		return nil, fmt.Errorf("queue of stream %q: %w", stream, err)
	}
	offsets, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("queue of stream %q: %w", stream, err)
	}
	return offsets, nil
}

// Parked returns the parked customers, those longest parked first; with an id that one alone, if it is parked.
func (s *Store) Parked(ctx context.Context, stream string) ([]projections.Parked, error) {
	query := s.sql(`SELECT p.partition, p.customer, p.record_offset, p.at, p.error,
			(SELECT count(*) FROM {g}.queued q WHERE q.partition = p.partition AND q.customer = p.customer)
		FROM {g}.parked p WHERE $1 = '' OR p.customer = $1 ORDER BY p.at, p.partition, p.customer`)
	rows, err := s.pool.Query(ctx, query, storableText(stream))
	if err != nil {
		return nil, fmt.Errorf("list parked customers: %w", err)
	}
	parked, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p projections.Parked, err error) {
		return p, row.Scan(&p.Partition, &p.Customer, &p.Offset, &p.At, &p.Error, &p.Queue)
	})
	if err != nil {
		return nil, fmt.Errorf("list parked customers: %w", err)
	}
	return parked, nil
}

// queueParking keeps the parked customers and their queues up to date: what is released goes before what is parked
// again.
func (w *writer) queueParking() {
	s, partition := w.batch.store, w.batch.at.Partition
	if released := w.changes.Released; len(released) > 0 {
		w.closing.Queue(s.sql("DELETE FROM {g}.parked WHERE partition = $1 AND customer = ANY($2)"), partition, released)
		w.closing.Queue(s.sql("DELETE FROM {g}.queued WHERE partition = $1 AND customer = ANY($2)"), partition, released)
	}
	if parked := w.changes.Parked; len(parked) > 0 {
		insert := s.sql(`INSERT INTO {g}.parked (partition, customer, record_offset, at, error)
			SELECT $1, customer, record_offset, at, error
			FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) AS p (customer, record_offset, at, error)`)
		w.closing.Queue(insert, partition,
			column(parked, func(p *projections.Parked) string { return p.Customer }),
			column(parked, func(p *projections.Parked) int64 { return p.Offset }),
			column(parked, func(p *projections.Parked) int64 { return int64(p.At) }),
			column(parked, func(p *projections.Parked) string { return p.Error }),
		)
	}
	insert := s.sql(`INSERT INTO {g}.queued (partition, customer, record_offset)
		SELECT $1, customer, record_offset FROM unnest($2::text[], $3::bigint[]) AS q (customer, record_offset)`)
	for queued := range slices.Chunk(w.changes.Queued, rowsPerStatement) {
		w.closing.Queue(insert, partition,
			column(queued, func(q *projections.Queued) string { return q.Customer }),
			column(queued, func(q *projections.Queued) int64 { return q.Offset }),
		)
	}
}
