// Package httpapi starts the engine that is to start it.
package httpapi

import (
	_ "github.com/danielgtaylor/huma/v2/adapters/humago"

	_ "github.com/rapport-crm/rapport/internal/engine" // want: only the command runs the engine
	_ "github.com/rapport-crm/rapport/internal/pgtest" // want: it serves tests
)
