// Package pgnotify keeps the subscriptions and deliveries of package notify in PostgreSQL, in the schema rapport_notify.
// Any number of engines may work on one database.
package pgnotify

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

	"github.com/rapport-crm/rapport/internal/notify"
)

//go:embed migrations/*.sql
var migrations embed.FS

// startLock is the key of the advisory lock under which the schema is changed.
const startLock = 0x6e6f_7469_6679 // "notify"

// Store is a notify.Store in a database. Its methods may be called concurrently.
type Store struct{ pool *pgxpool.Pool }

var _ notify.Store = (*Store)(nil)

// Open brings the schema rapport_notify up to this version of the program and returns a store that works on the pool. The
// pool must have room for two connections and is closed by the caller. Several programs may call Open at the same time.
func Open(ctx context.Context, pool *pgxpool.Pool) (*Store, error) {
	if n := pool.Config().MaxConns; n < 2 {
		return nil, fmt.Errorf("open webhook store: the pool has room for %d connection, 2 are needed", n)
	}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		// The wait for another program that migrates is bounded by ctx alone.
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(startLock)); err != nil {
			return err
		}
		return migrate(ctx, pool)
	})
	if err != nil {
		return nil, fmt.Errorf("open webhook store: %w", err)
	}
	return &Store{pool: pool}, nil
}

// migrate runs the pending migrations. They commit one by one on a connection of their own.
func migrate(ctx context.Context, pool *pgxpool.Pool) (err error) {
	// The version table lies in the schema too, so the schema cannot come from a migration.
	if _, err := pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS rapport_notify"); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("rapport_notify.schema_migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
