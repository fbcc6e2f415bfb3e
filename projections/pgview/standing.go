package pgview

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

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
// event, so the result is kept until something changes.
func (s *Store) standing(ctx context.Context) (*projections.Standing, error) {
	var st *projections.Standing
	err := s.read(ctx, func(tx pgx.Tx, now moment) (err error) {
		st, err = s.standingAt(ctx, tx, now)
		return err
	})
	return st, err
}

// standingAt is standing within a read.
func (s *Store) standingAt(ctx context.Context, tx pgx.Tx, now moment) (*projections.Standing, error) {
	if st := s.memo.get(now); st != nil {
		return st, nil
	}
	rollups, err := s.readRollups(ctx, tx)
	if err != nil {
		return nil, err
	}
	st := &projections.Standing{
		AsOf: now.newest, Positions: now.positions, Rollups: rollups, Digest: now.digest, Policy: now.policy,
	}
	if err := s.advance(ctx, tx, now, st); err != nil {
		return nil, fmt.Errorf("advance customers to now: %w", err)
	}
	st.Digest = st.Digest.Add(st.Rollups.Digest())
	s.memo.put(now, st)
	return st, nil
}

// advance adds what silence has brought by now, also to the digest, but for the roll-ups, which are not in it yet. The index customers_due finds the customers.
func (s *Store) advance(ctx context.Context, tx pgx.Tx, now moment, st *projections.Standing) error {
	query := s.sql(`SELECT c.id, c.partition, c.state FROM {g}.checkpoints p
		JOIN {g}.customers c ON c.partition = p.partition AND c.next_due > 0 AND c.next_due <= $1`)
	rows, err := tx.Query(ctx, query, int64(now.newest))
	if err != nil {
		return err
	}
	var id string
	var partition int
	var state pgtype.DriverBytes
	var ahead projections.Effects
	var buf []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &partition, &state}, func() error {
		c := projections.Customer{ID: id}
		if err := c.LoadState(state); err != nil {
			return fmt.Errorf("customer %q: %w", id, err)
		}
		var before, after projections.Digest
		before, buf = c.Digest(buf)
		now.folds[partition].Advance(&c, now.newest, &ahead)
		after, buf = c.Digest(buf)
		st.Digest = st.Digest.Sub(before).Add(after)
		for i := range ahead.Moves {
			st.Digest = st.Digest.Add(ahead.Moves[i].Digest())
		}
		clear(ahead.Moves)
		ahead.Moves = ahead.Moves[:0]
		return nil
	})
	st.SilentCells, ahead.Rollups.Cells = ahead.Rollups.Cells, nil
	st.Digest = st.Digest.Add(projections.DigestOfCells(st.SilentCells))
	st.Rollups.Add(&ahead.Rollups)
	return err
}

// memo keeps the latest standing. It stays true as long as the positions do, and the digest, which also moves in the
// middle of a control record that takes several batches.
type memo struct {
	mu     sync.Mutex
	latest *projections.Standing
	digest projections.Digest
}

func (m *memo) get(now moment) *projections.Standing {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.latest == nil || m.digest != now.digest || !slices.Equal(m.latest.Positions, now.positions) {
		return nil
	}
	return m.latest
}

func (m *memo) put(now moment, s *projections.Standing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest, m.digest = s, now.digest
}
