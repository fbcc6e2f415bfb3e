package pgview

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/pg"
)

// Live is what is known of the live generation without opening it, whatever its format.
type Live struct {
	// Name is the schema of its tables, empty when no generation is live.
	Name string
	// Policy is the document of the policy it begins with, empty when that was not kept; PolicyVersion and PolicyDigest are
	// its version and the fingerprint of its values.
	Policy, PolicyVersion, PolicyDigest string
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
	var live *Live
	err := readAtOneMoment(ctx, pool, func(tx pgx.Tx) (err error) {
		live, err = readLive(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the live generation: %w", err)
	}
	return live, nil
}

func readLive(ctx context.Context, tx pgx.Tx) (*Live, error) {
	live := new(Live)
	if err := tx.QueryRow(ctx, "SELECT id::text FROM rapport.identity").Scan(&live.Database); err != nil {
		return nil, err
	}
	const query = "SELECT schema_name, policy_document, policy_version, policy_digest FROM rapport.generations WHERE state = 'live'"
	err := tx.QueryRow(ctx, query).Scan(&live.Name, &live.Policy, &live.PolicyVersion, &live.PolicyDigest)
	if errors.Is(err, pgx.ErrNoRows) {
		return live, nil
	}
	if err != nil {
		return nil, err
	}
	if live.Positions, err = readPositions(ctx, tx, live.Name); err != nil {
		return nil, dropped(live.Name, err)
	}
	return live, nil
}

// readAtOneMoment calls read within a transaction that sees one moment of the database, and again when a generation was
// dropped meanwhile: of one that is dropped the transaction still has the row, and no longer the tables. Tables that are
// missing the second time were not dropped with their row.
func readAtOneMoment(ctx context.Context, pool *pgxpool.Pool, read func(pgx.Tx) error) error {
	missed := make(map[string]bool)
	for {
		err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, read)
		gone, ok := errors.AsType[*droppedError](err)
		if !ok || missed[gone.generation] {
			return err
		}
		missed[gone.generation] = true
	}
}

// droppedError says that the tables of a generation are not there.
type droppedError struct {
	generation string
	err        error
}

func (e *droppedError) Error() string { return e.err.Error() }

func (e *droppedError) Unwrap() error { return e.err }

// dropped marks an error of a statement on the tables of a generation when it says that these are missing.
func dropped(generation string, err error) error {
	if pg.Classify(err) == pg.Missing {
		return &droppedError{generation, err}
	}
	return err
}
