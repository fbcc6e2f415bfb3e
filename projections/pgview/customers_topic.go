package pgview

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Filled returns the epoch of the last writer of a partition of this generation that has published the state of every
// customer, -1 when there is none or another generation was published after it.
func (s *Store) Filled(ctx context.Context, partition int) (int64, error) {
	const query = "SELECT epoch FROM rapport.customers_topic WHERE partition = $1 AND generation = $2"
	epoch := int64(-1)
	err := s.pool.QueryRow(ctx, query, partition, s.schema).Scan(&epoch)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("read who published the customers of partition %d: %w", partition, err)
	}
	return epoch, nil
}

// NoteFilled notes that the writer of the epoch has published the state of every customer of a partition. A writer that was
// replaced meanwhile does not take back what its successor noted.
func (s *Store) NoteFilled(ctx context.Context, partition int, epoch int64) error {
	const query = `INSERT INTO rapport.customers_topic AS t (partition, generation, epoch) VALUES ($1, $2, $3)
		ON CONFLICT (partition) DO UPDATE SET generation = excluded.generation, epoch = excluded.epoch
		WHERE t.generation <> excluded.generation OR t.epoch < excluded.epoch`
	if _, err := s.pool.Exec(ctx, query, partition, s.schema, epoch); err != nil {
		return fmt.Errorf("note who published the customers of partition %d: %w", partition, err)
	}
	return nil
}

// ForgetFilled makes the next writer of each partition publish the states of all customers: the topic has none.
func ForgetFilled(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, "DELETE FROM rapport.customers_topic"); err != nil {
		return fmt.Errorf("forget who published the customers: %w", err)
	}
	return nil
}
