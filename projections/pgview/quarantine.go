package pgview

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Quarantined returns a page of the records that were set aside. The indexes quarantine_recorded and quarantine_open
// have their order.
func (s *Store) Quarantined(ctx context.Context, filter projections.QuarantineFilter) (*projections.QuarantinePage, error) {
	// A page of nothing checks the filter.
	if _, err := projections.PageOfQuarantine(nil, filter); err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	limit := filter.Limit
	if limit == 0 {
		limit = projections.DefaultLimit
	}
	entries, err := s.quarantined(ctx, s.pool, filter, limit+1)
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	page, err := projections.PageOfQuarantine(entries, filter)
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	return page, nil
}

// lister is a pool or a transaction.
type lister interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// quarantined returns the first entries that the filter selects, in the order of its pages.
func (s *Store) quarantined(ctx context.Context, from lister, filter projections.QuarantineFilter, limit int) ([]projections.Quarantine, error) {
	l := list{conditions: []string{"true"}}
	if filter.Status != "" {
		if !storable(string(filter.Status)) {
			return nil, nil
		}
		l.where("status = ?", string(filter.Status))
	}
	if at := filter.Position; at != nil {
		l.where("partition = ?", at.Partition)
		l.where("record_offset = ?", at.Offset)
	}
	if filter.Cursor != "" {
		after, err := projections.ParseQuarantineCursor(filter.Cursor)
		if err != nil {
			return nil, err
		}
		l.where("recorded_at <= ?", int64(after.Recorded))
		n := len(l.arguments)
		l.arguments = append(l.arguments, after.Partition, after.Offset)
		l.conditions = append(l.conditions, fmt.Sprintf(
			"(recorded_at < $%d OR partition > $%d OR partition = $%d AND record_offset < $%d)", n, n+1, n+1, n+2))
	}
	rows, err := from.Query(ctx, s.sql(`SELECT partition, record_offset, recorded_at, customer, event, type, verdict, problems, version,
			status, resolved_at, resolved_by, reason, redriven
		FROM {g}.quarantine WHERE `+l.all()+` ORDER BY recorded_at DESC, partition, record_offset DESC LIMIT `+l.place(limit)), l.arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanQuarantine)
}

func scanQuarantine(row pgx.CollectableRow) (q projections.Quarantine, err error) {
	var verdict int16
	var problems []byte
	err = row.Scan(&q.Partition, &q.Offset, &q.Recorded, &q.Customer, &q.Event, &q.Type, &verdict, &problems, &q.Version,
		(*string)(&q.Status), &q.ResolvedAt, &q.ResolvedBy, &q.Reason, &q.Redriven)
	if err != nil {
		return q, err
	}
	q.Verdict = eventstore.Verdict(verdict)
	if err := json.Unmarshal(problems, &q.Problems); err != nil {
		return q, fmt.Errorf("problems of record %d:%d: %w", q.Partition, q.Offset, err)
	}
	return q, nil
}

func (w *writer) queueQuarantine() error {
	insert := w.batch.store.sql(`INSERT INTO {g}.quarantine
		(partition, record_offset, recorded_at, customer, event, type, verdict, problems, version, status)
		SELECT $1, record_offset, recorded_at, customer, event, type, verdict, problems::json, version, status
		FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::text[], $9::bigint[], $10::text[])
			AS q (record_offset, recorded_at, customer, event, type, verdict, problems, version, status)`)
	type entry = projections.Quarantine
	for entries := range slices.Chunk(w.changes.Quarantined, rowsPerStatement) {
		problems := make([]string, len(entries))
		for i := range entries {
			text, err := json.Marshal(entries[i].Problems)
			if err != nil {
				return fmt.Errorf("problems of record %d: %w", entries[i].Offset, err)
			}
			problems[i] = string(text)
		}
		w.closing.Queue(insert, w.batch.at.Partition,
			column(entries, func(q *entry) int64 { return q.Offset }),
			column(entries, func(q *entry) int64 { return int64(q.Recorded) }),
			column(entries, func(q *entry) string { return q.Customer }),
			column(entries, func(q *entry) string { return q.Event }),
			column(entries, func(q *entry) string { return q.Type }),
			column(entries, func(q *entry) int16 { return int16(q.Verdict) }),
			problems,
			column(entries, func(q *entry) int64 { return q.Version }),
			column(entries, func(q *entry) string { return string(q.Status) }),
		)
	}
	w.queueResolved()
	return nil
}

// queueResolved notes what was done about records that were set aside, in their order: the last word counts.
func (w *writer) queueResolved() {
	update := w.batch.store.sql(`UPDATE {g}.quarantine
		SET status = $3, resolved_at = $4, resolved_by = $5, reason = $6, redriven = $7
		WHERE partition = $1 AND record_offset = $2`)
	for _, r := range w.changes.Resolved {
		w.closing.Queue(update, w.batch.at.Partition, r.Offset, string(r.Status), int64(r.At),
			storableText(r.Actor), storableText(r.Reason), storableText(r.Position))
	}
}
