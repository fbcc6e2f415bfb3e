package pgview

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// startLock is the key of the advisory lock under which the schema and the generations are changed.
const startLock = 0x7261_7070_6f72_74 // "rapport"

// Migrate brings the schema rapport up to this version of the program. It changes nothing when that is done already,
// and several programs may call it at the same time. The pool must have room for two connections.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	if n := pool.Config().MaxConns; n < 2 {
		return fmt.Errorf("migrate schema: the pool has room for %d connection, 2 are needed", n)
	}
	return underLock(ctx, pool, func(pgx.Tx) error {
		if err := migrate(ctx, pool); err != nil {
			return fmt.Errorf("migrate schema: %w", err)
		}
		return nil
	})
}

// migrate runs the pending migrations. They commit one by one on a connection of their own.
func migrate(ctx context.Context, pool *pgxpool.Pool) (err error) {
	// The version table lies in the schema too, so the schema cannot come from a migration.
	if _, err := pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS rapport"); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("rapport.schema_migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// underLock calls f within a transaction that holds the start lock, and commits it when f returns nil. The wait for the
// lock is bounded by ctx alone.
func underLock(ctx context.Context, pool *pgxpool.Pool, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		const unbounded = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
		if _, err := tx.Exec(ctx, unbounded); err != nil {
			return fmt.Errorf("lift the time limits of the start transaction: %w", err)
		}
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(startLock)); err != nil {
			return fmt.Errorf("wait for the start lock: %w", err)
		}
		return f(tx)
	})
}
