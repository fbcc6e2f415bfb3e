package pgview

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Summary returns the counts of the whole.
func (s *Store) Summary(ctx context.Context) (*projections.Summary, error) {
	st, err := s.standing(ctx)
	if err != nil {
		return nil, fmt.Errorf("summary: %w", err)
	}
	return s.fold.Summary(st), nil
}

// Lifecycle returns the report on stages and moves.
func (s *Store) Lifecycle(ctx context.Context, filter projections.LifecycleFilter) (*projections.LifecycleReport, error) {
	st, err := s.standing(ctx)
	if err != nil {
		return nil, fmt.Errorf("lifecycle report: %w", err)
	}
	return s.fold.Lifecycle(st, filter), nil
}

// standing sums the partitions as of now. It reads the states of all customers that silence has moved since their last
// event, so the result is kept until a position changes.
func (s *Store) standing(ctx context.Context) (*projections.Standing, error) {
	var st *projections.Standing
	err := s.read(ctx, func(tx pgx.Tx, now moment) error {
		if st = s.memo.get(now.positions); st != nil {
			return nil
		}
		rollups, err := s.readRollups(ctx, tx)
		if err != nil {
			return err
		}
		st = &projections.Standing{AsOf: now.newest, Positions: now.positions, Rollups: rollups}
		st.Digest = now.digest.Add(rollups.Digest())
		if err := s.advance(ctx, tx, now.newest, &st.Rollups); err != nil {
			return fmt.Errorf("advance customers to now: %w", err)
		}
		s.memo.put(st)
		return nil
	})
	return st, err
}

// advance adds what silence has brought by the given instant to the roll-ups. The index customers_due finds the
// customers.
func (s *Store) advance(ctx context.Context, tx pgx.Tx, until domain.Instant, sum *projections.Rollups) error {
	rows, err := tx.Query(ctx, s.sql("SELECT id, state FROM {g}.customers WHERE next_due > 0 AND next_due <= $1"), int64(until))
	if err != nil {
		return err
	}
	var id string
	var state pgtype.DriverBytes
	var ahead projections.Effects
	_, err = pgx.ForEachRow(rows, []any{&id, &state}, func() error {
		c := projections.Customer{ID: id}
		if err := c.LoadState(state); err != nil {
			return fmt.Errorf("customer %q: %w", id, err)
		}
		s.fold.Advance(&c, until, &ahead)
		clear(ahead.Moves)
		ahead.Moves = ahead.Moves[:0]
		return nil
	})
	sum.Add(&ahead.Rollups)
	return err
}

// memo keeps the latest standing, which stays true as long as the positions do.
type memo struct {
	mu     sync.Mutex
	latest *projections.Standing
}

func (m *memo) get(at eventstore.Positions) *projections.Standing {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.latest == nil || m.latest.Positions.String() != at.String() {
		return nil
	}
	return m.latest
}

func (m *memo) put(s *projections.Standing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest = s
}
