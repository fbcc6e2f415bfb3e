// Package projections imports one of its implementations.
package projections

import (
	_ "github.com/rapport-crm/rapport/domain/wire"
	_ "github.com/rapport-crm/rapport/eventstore"
	_ "github.com/rapport-crm/rapport/projections/pgview" // want: projections must not import projections/pgview
)
