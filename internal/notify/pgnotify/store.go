// Package pgnotify keeps the subscriptions and deliveries of package notify in PostgreSQL, in the schema rapport_notify.
// Any number of engines may work on one database.
package pgnotify

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/pg"
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
	schema := pg.Schema{Name: "rapport_notify", Files: migrations, Lock: startLock}
	if err := schema.Migrate(ctx, pool); err != nil {
		return nil, fmt.Errorf("open webhook store: %w", err)
	}
	return &Store{pool: pool}, nil
}
