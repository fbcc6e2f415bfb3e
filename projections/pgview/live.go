package pgview

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/eventstore"
)

// Live is what is known of the live generation without opening it, whatever its format.
type Live struct {
	// Name is the schema of its tables, empty when no generation is live.
	Name string
	// Policy is the document of the policy it begins with, empty when that was not kept, and PolicyVersion its version.
	Policy, PolicyVersion string
	// Positions are how far it is folded.
	Positions eventstore.Positions
	// Database is the id that tells this database from every other one.
	Database string
}

// FindLive returns the live generation, after it has brought the schema of the database up to date.
func FindLive(ctx context.Context, pool *pgxpool.Pool) (*Live, error) {
	if err := Migrate(ctx, pool); err != nil {
		return nil, fmt.Errorf("find the live generation: %w", err)
	}
	live := new(Live)
	err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT id::text FROM rapport.identity").Scan(&live.Database); err != nil {
			return err
		}
		const query = "SELECT schema_name, policy_document, policy_version FROM rapport.generations WHERE state = 'live'"
		if err := tx.QueryRow(ctx, query).Scan(&live.Name, &live.Policy, &live.PolicyVersion); err != nil {
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		}
		rows, err := tx.Query(ctx, "SELECT next_offset FROM "+pgx.Identifier{live.Name, "checkpoints"}.Sanitize()+" ORDER BY partition")
		if err != nil {
			return err
		}
		live.Positions, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the live generation: %w", err)
	}
	return live, nil
}
