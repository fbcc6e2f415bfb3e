package pgview

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// moment is where the views stand within one read.
type moment struct {
	positions eventstore.Positions
	// newest is "now": the newest occurred_at that any partition has accepted, or the newest tick.
	newest domain.Instant
	digest projections.Digest
	// folds are the folds in force, by partition.
	folds []*projections.Fold
	// policy is the one that was published last in any partition, or the first one.
	policy *domain.Policy
}

// read calls f within a transaction that sees the views as of one moment, whatever is committed meanwhile.
func (s *Store) read(ctx context.Context, f func(tx pgx.Tx, now moment) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		now, err := s.moment(ctx, tx)
		if err != nil {
			return err
		}
		return f(tx, now)
	})
}

func (s *Store) moment(ctx context.Context, tx pgx.Tx) (moment, error) {
	now := moment{positions: make(eventstore.Positions, len(s.partitions)), folds: make([]*projections.Fold, len(s.partitions))}
	query := s.sql("SELECT partition, next_offset, newest, digest1, digest2, policy_offset FROM {g}.checkpoints ORDER BY partition")
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return now, fmt.Errorf("read checkpoints: %w", err)
	}
	var p int
	var next, digest1, digest2 int64
	var newest domain.Instant
	var policy *int64
	published := make([]*int64, len(s.partitions))
	_, err = pgx.ForEachRow(rows, []any{&p, &next, &newest, &digest1, &digest2, &policy}, func() error {
		if p >= len(now.positions) {
			return errors.New("the generation has other partitions")
		}
		now.positions[p], published[p] = next, policy
		now.newest = max(now.newest, newest)
		now.digest = now.digest.Add(digestOf(digest1, digest2))
		return nil
	})
	if err != nil {
		return now, fmt.Errorf("read checkpoints: %w", err)
	}
	return now, s.inForce(ctx, tx, &now, published)
}

// inForce fills in the folds in force, given where the policy of each partition was published, and the latest policy.
func (s *Store) inForce(ctx context.Context, tx pgx.Tx, now *moment, published []*int64) error {
	now.policy = s.fold.Policy()
	var latest domain.Instant
	for p, offset := range published {
		now.folds[p] = s.fold
		if offset == nil {
			continue
		}
		policy, err := s.policies.find(ctx, tx, s.schema, policyPlace{p, *offset})
		if err != nil {
			return err
		}
		now.folds[p] = policy.fold
		if policy.At > latest {
			now.policy, latest = policy.fold.Policy(), policy.At
		}
	}
	return nil
}

// digestOf returns the digest that is stored in two signed columns.
func digestOf(one, two int64) projections.Digest { return projections.Digest{uint64(one), uint64(two)} }
