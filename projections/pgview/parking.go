package pgview

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/projections"
)

// Queue returns the first records that wait behind a parked stream. The index queued_customer has their order.
func (s *Store) Queue(ctx context.Context, p int, stream string, limit int) ([]int64, error) {
	if _, err := s.partition(p); err != nil {
		return nil, fmt.Errorf("queue of stream %q: %w", stream, err)
	}
	if !storable(stream) {
		return nil, nil
	}
	query := s.sql("SELECT record_offset FROM {g}.queued WHERE partition = $1 AND customer = $2 ORDER BY record_offset LIMIT $3")
	rows, err := s.pool.Query(ctx, query, p, stream, limit)
	if err != nil {
		return nil, fmt.Errorf("queue of stream %q: %w", stream, err)
	}
	offsets, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("queue of stream %q: %w", stream, err)
	}
	return offsets, nil
}

// Parked returns a page of the parked customers.
func (s *Store) Parked(ctx context.Context, filter projections.ParkedFilter) (*projections.ParkedPage, error) {
	// A page of nothing checks the filter.
	page, err := projections.PageOfParked(nil, filter)
	if err == nil && storable(filter.Stream) {
		var found []projections.Parked
		if found, err = s.parked(ctx, filter); err == nil {
			page, err = projections.PageOfParked(found, filter)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("list parked customers: %w", err)
	}
	return page, nil
}

// parked returns the first parked customers that the filter selects, one more than the page has. Queues are counted for
// those alone.
func (s *Store) parked(ctx context.Context, filter projections.ParkedFilter) ([]projections.Parked, error) {
	l := list{conditions: []string{"true"}}
	if filter.Stream != "" {
		l.where("customer = ?", filter.Stream)
	}
	if filter.Cursor != "" {
		after, err := projections.ParseParkedCursor(filter.Cursor)
		if err != nil {
			return nil, err
		}
		place := l.place(int64(after.At)) + ", " + l.place(after.Partition) + ", " + l.place(after.Customer)
		l.conditions = append(l.conditions, "(at, partition, customer) > ("+place+")")
	}
	limit := l.place(cmp.Or(filter.Limit, projections.DefaultLimit) + 1)
	rows, err := s.pool.Query(ctx, s.sql(`SELECT p.partition, p.customer, p.record_offset, p.at, p.error,
			(SELECT count(*) FROM {g}.queued q WHERE q.partition = p.partition AND q.customer = p.customer)
		FROM (SELECT * FROM {g}.parked WHERE `+l.all()+` ORDER BY at, partition, customer LIMIT `+limit+`) p
		ORDER BY p.at, p.partition, p.customer`), l.arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p projections.Parked, err error) {
		return p, row.Scan(&p.Partition, &p.Customer, &p.Offset, &p.At, &p.Error, &p.Queue)
	})
}

// queueParking keeps the parked customers and their queues up to date: what is released goes before what is parked
// again.
func (w *writer) queueParking() {
	s, partition := w.batch.store, w.batch.at.Partition
	if r := w.changes.Released; r != nil {
		w.closing.Queue(s.sql("DELETE FROM {g}.parked WHERE partition = $1 AND customer = $2"), partition, r.Customer)
		w.closing.Queue(s.sql("DELETE FROM {g}.queued WHERE partition = $1 AND customer = $2 AND record_offset <= $3"),
			partition, r.Customer, r.Through)
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
