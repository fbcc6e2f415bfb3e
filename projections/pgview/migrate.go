package pgview

import (
	"context"
	"embed"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/internal/pg"
)

//go:embed migrations/*.sql
var migrations embed.FS

// startLock is the key of the advisory lock under which the schema and the generations are changed.
const startLock = 0x7261_7070_6f72_74 // "rapport"

// Migrate brings the schema rapport up to this version of the program. It changes nothing when that is done already,
// and several programs may call it at the same time. The pool must have room for two connections.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	return pg.Schema{Name: "rapport", Files: migrations, Lock: startLock}.Migrate(ctx, pool)
}

// underLock calls f within a transaction that holds the start lock, and commits it when f returns nil. The wait for the
// lock is bounded by ctx alone.
func underLock(ctx context.Context, pool *pgxpool.Pool, f func(pgx.Tx) error) error {
	return pg.UnderLock(ctx, pool, startLock, f)
}
