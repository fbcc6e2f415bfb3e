// Package pgview keeps the rules.
package pgview

import (
	_ "github.com/jackc/pgx/v5/pgxpool"

	_ "github.com/rapport-crm/rapport/internal/pg"
	_ "github.com/rapport-crm/rapport/projections"
)
