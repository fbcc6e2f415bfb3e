package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Schema is a schema of the database with the migrations that make what is in it.
type Schema struct {
	// Name is that of the schema. The table schema_migrations in it notes which migrations were run.
	Name string
	// Files has the migrations, numbered SQL files for goose, in the folder migrations.
	Files fs.FS
	// Lock is the key of the advisory lock under which the schema is changed.
	Lock int64
}

// Migrate brings the schema up to its last migration. It changes nothing when that is done already, and several programs
// may call it at the same time. The pool must have room for two connections.
func (s Schema) Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	if n := pool.Config().MaxConns; n < 2 {
		return fmt.Errorf("migrate schema %s: the pool has room for %d connection, 2 are needed", s.Name, n)
	}
	if err := UnderLock(ctx, pool, s.Lock, func(pgx.Tx) error { return s.up(ctx, pool) }); err != nil {
		return fmt.Errorf("migrate schema %s: %w", s.Name, err)
	}
	return nil
}

// up runs the pending migrations. They commit one by one on a connection of their own.
func (s Schema) up(ctx context.Context, pool *pgxpool.Pool) (err error) {
	// The version table lies in the schema too, so the schema cannot come from a migration.
	if _, err := pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{s.Name}.Sanitize()); err != nil {
		return err
	}
	files, err := fs.Sub(s.Files, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(s.Name+".schema_migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// UnderLock calls f within a transaction that holds the advisory lock with the given key, and commits it when f returns
// nil. The wait for the lock is bounded by ctx alone.
func UnderLock(ctx context.Context, pool *pgxpool.Pool, key int64, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		const unbounded = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
		if _, err := tx.Exec(ctx, unbounded); err != nil {
			return fmt.Errorf("lift the time limits of the transaction under lock %d: %w", key, err)
		}
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", key); err != nil {
			return fmt.Errorf("wait for lock %d: %w", key, err)
		}
		return f(tx)
	})
}
