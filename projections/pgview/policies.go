package pgview

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// policyPlace is where a policy was published.
type policyPlace struct {
	partition int
	offset    int64
}

// published is a policy that was published, with the fold under it.
type published struct {
	projections.PublishedPolicy
	fold *projections.Fold
}

// policies keeps the published policies that were read. A place in the log holds one policy for all time, so nothing
// here grows old.
type policies struct {
	mu    sync.Mutex
	known map[policyPlace]*published
}

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// find returns the policy that was published at a place.
func (k *policies) find(ctx context.Context, from querier, schema string, at policyPlace) (*published, error) {
	k.mu.Lock()
	p := k.known[at]
	k.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p = &published{PublishedPolicy: projections.PublishedPolicy{Offset: at.offset}}
	query := "SELECT at, version, document FROM " + schema + ".policies WHERE partition = $1 AND record_offset = $2"
	if err := from.QueryRow(ctx, query, at.partition, at.offset).Scan(&p.At, &p.Version, &p.Document); err != nil {
		return nil, fmt.Errorf("read policy published at %d:%d: %w", at.partition, at.offset, err)
	}
	policy, err := domain.ParsePolicy([]byte(p.Document))
	if err != nil {
		return nil, fmt.Errorf("read policy published at %d:%d: %w", at.partition, at.offset, err)
	}
	p.fold = projections.NewFold(policy)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		k.known = make(map[policyPlace]*published)
	}
	k.known[at] = p
	return p, nil
}

// Policies returns the policies that were published, the latest first.
func (s *Store) Policies(ctx context.Context) ([]projections.PolicyView, error) {
	query := s.sql("SELECT partition, record_offset, at, version, document FROM {g}.policies ORDER BY partition, record_offset")
	rows, err := s.pool.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	list := make(projections.PolicyList, 0)
	var partition int
	var p projections.PublishedPolicy
	_, err = pgx.ForEachRow(rows, []any{&partition, &p.Offset, &p.At, &p.Version, &p.Document}, func() error {
		list.Add(partition, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	list.Sort()
	return list, nil
}

// policyOffsets returns the places of the policies of a partition.
func (s *Store) policyOffsets(ctx context.Context, tx pgx.Tx, partition int) ([]int64, error) {
	query := s.sql("SELECT record_offset FROM {g}.policies WHERE partition = $1 ORDER BY record_offset")
	rows, err := tx.Query(ctx, query, partition)
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	offsets, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	return offsets, nil
}

func (w *writer) queuePolicy() {
	p := w.changes.Policy
	if p == nil {
		return
	}
	insert := w.batch.store.sql("INSERT INTO {g}.policies (partition, record_offset, at, version, document) VALUES ($1, $2, $3, $4, $5)")
	w.closing.Queue(insert, w.batch.at.Partition, p.Offset, int64(p.At), p.Version, p.Document)
}
