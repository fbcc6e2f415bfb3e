package pgview

import (
	"context"
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
		view = now.folds[position.Partition].View(c, moves, max(now.newest, c.Now))
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

// Stream returns where the records of one stream are.
func (s *Store) Stream(ctx context.Context, id string) (*projections.StreamView, error) {
	if !storable(id) {
		return nil, fmt.Errorf("stream %q: %w", id, projections.ErrNotFound)
	}
	var view *projections.StreamView
	err := s.read(ctx, func(tx pgx.Tx, now moment) (err error) {
		if view, err = s.stream(ctx, tx, id); err == nil {
			view.Positions = now.positions
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stream %q: %w", id, err)
	}
	return view, nil
}

// stream returns where the records of a stream are, without the positions.
func (s *Store) stream(ctx context.Context, tx pgx.Tx, id string) (*projections.StreamView, error) {
	view := &projections.StreamView{ID: id}
	var touched []byte
	err := tx.QueryRow(ctx, s.sql("SELECT partition, touched FROM {g}.customers WHERE id = $1"), id).Scan(&view.Partition, &touched)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, projections.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	var stream eventstore.Stream
	if err := s.readStream(ctx, tx, id, &stream); err != nil {
		return nil, err
	}
	view.Offsets = slices.Collect(stream.Offsets())
	view.Control, err = s.control(ctx, tx, view.Partition, touched)
	return view, err
}

// control returns the places of the control records that may have changed a stream.
func (s *Store) control(ctx context.Context, tx pgx.Tx, partition int, touched []byte) ([]int64, error) {
	offsets, err := readOffsets(touched)
	if err != nil {
		return nil, err
	}
	published, err := s.policyOffsets(ctx, tx, partition)
	if err != nil {
		return nil, err
	}
	offsets = append(offsets, published...)
	slices.Sort(offsets)
	return slices.Compact(offsets), nil
}
