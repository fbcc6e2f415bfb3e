package pgview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Positions returns how far each partition was folded.
func (s *Store) Positions(ctx context.Context) (eventstore.Positions, error) {
	var positions eventstore.Positions
	err := s.read(ctx, func(_ pgx.Tx, now moment) error {
		positions = now.positions
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("positions: %w", err)
	}
	return positions, nil
}

// Customer returns one customer.
func (s *Store) Customer(ctx context.Context, id string) (*projections.CustomerView, error) {
	if !storable(id) {
		return nil, fmt.Errorf("customer %q: %w", id, projections.ErrNotFound)
	}
	var view *projections.CustomerView
	err := s.read(ctx, func(tx pgx.Tx, now moment) error {
		c := projections.NewCustomer(id)
		var position eventstore.Position
		var state pgtype.DriverBytes
		// LoadState copies what it keeps of the bytes, which are the driver's.
		query := s.sql("SELECT partition, last_offset, state FROM {g}.customers WHERE id = $1 AND is_customer ORDER BY id")
		rows, err := tx.Query(ctx, query, id)
		if err != nil {
			return err
		}
		tag, err := pgx.ForEachRow(rows, []any{&position.Partition, &position.Offset, &state}, func() error { return c.LoadState(state) })
		switch {
		case err != nil:
			return err
		case tag.RowsAffected() == 0:
			return projections.ErrNotFound
		}
		moves, err := s.moves(ctx, tx, id)
		if err != nil {
			return err
		}
		view = s.fold.View(c, moves, max(now.newest, c.Now))
		view.Position, view.Positions = position, now.positions
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("customer %q: %w", id, err)
	}
	return view, nil
}

// moves returns the moves of a customer in order.
func (s *Store) moves(ctx context.Context, tx pgx.Tx, id string) ([]projections.Move, error) {
	query := s.sql(`SELECT customer, seq, at, from_stage, to_stage, reason, inferred, won_back, dwell, evidence, policy
		FROM {g}.moves WHERE customer = $1 ORDER BY seq`)
	rows, err := tx.Query(ctx, query, id)
	if err != nil {
		return nil, fmt.Errorf("read moves: %w", err)
	}
	moves, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m projections.Move, err error) {
		var from, to, reason int16
		err = row.Scan(&m.Customer, &m.Seq, &m.At, &from, &to, &reason, &m.Inferred, &m.WonBack, &m.Dwell, &m.Evidence, &m.Policy)
		m.From, m.To, m.Reason = domain.Stage(from), domain.Stage(to), projections.Reason(reason)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("read moves: %w", err)
	}
	return moves, nil
}

// Stream returns where the records of a stream are.
func (s *Store) Stream(ctx context.Context, id string) (*projections.StreamView, error) {
	if !storable(id) {
		return nil, fmt.Errorf("stream %q: %w", id, projections.ErrNotFound)
	}
	view := &projections.StreamView{ID: id}
	err := s.read(ctx, func(tx pgx.Tx, now moment) error {
		view.Positions = now.positions
		err := tx.QueryRow(ctx, s.sql("SELECT partition FROM {g}.customers WHERE id = $1"), id).Scan(&view.Partition)
		if errors.Is(err, pgx.ErrNoRows) {
			return projections.ErrNotFound
		}
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, s.sql(longStreams), []string{id})
		if err != nil {
			return err
		}
		var stream eventstore.Stream
		var chunk pgtype.DriverBytes
		_, err = pgx.ForEachRow(rows, []any{nil, &chunk}, func() error { return stream.LoadChunk(chunk) })
		view.Offsets = slices.Collect(stream.Offsets())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stream %q: %w", id, err)
	}
	return view, nil
}

// Quarantined returns a page of the records that were set aside. The index quarantine_recorded has their order.
func (s *Store) Quarantined(ctx context.Context, filter projections.QuarantineFilter) (*projections.QuarantinePage, error) {
	// A page of nothing checks the filter.
	if _, err := projections.PageOfQuarantine(nil, filter); err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	limit := filter.Limit
	if limit == 0 {
		limit = projections.DefaultLimit
	}
	where, arguments := "true", []any{limit + 1}
	if filter.Cursor != "" {
		after, err := projections.ParseQuarantineCursor(filter.Cursor)
		if err != nil {
			return nil, fmt.Errorf("list quarantine: %w", err)
		}
		where = `recorded_at <= $2 AND (recorded_at < $2 OR partition > $3 OR partition = $3 AND record_offset < $4)`
		arguments = append(arguments, int64(after.Recorded), after.Partition, after.Offset)
	}
	query := s.sql(`SELECT partition, record_offset, recorded_at, customer, event, type, verdict, problems
		FROM {g}.quarantine WHERE ` + where + ` ORDER BY recorded_at DESC, partition, record_offset DESC LIMIT $1`)
	rows, err := s.pool.Query(ctx, query, arguments...)
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	entries, err := pgx.CollectRows(rows, scanQuarantine)
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	page, err := projections.PageOfQuarantine(entries, filter)
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	return page, nil
}

func scanQuarantine(row pgx.CollectableRow) (q projections.Quarantine, err error) {
	var verdict int16
	var problems []byte
	err = row.Scan(&q.Partition, &q.Offset, &q.Recorded, &q.Customer, &q.Event, &q.Type, &verdict, &problems)
	if err != nil {
		return q, err
	}
	q.Verdict = eventstore.Verdict(verdict)
	if err := json.Unmarshal(problems, &q.Problems); err != nil {
		return q, fmt.Errorf("problems of record %d:%d: %w", q.Partition, q.Offset, err)
	}
	return q, nil
}
