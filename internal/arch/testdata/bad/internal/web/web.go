// Package web uses a library away from its home.
package web

import (
	_ "testing" // want: it serves tests

	_ "github.com/danielgtaylor/huma/v2" // want: it describes the HTTP API

	_ "github.com/rapport-crm/rapport/cmd/rapport" // want: internal/web must not import cmd/rapport
)
