// Package tools is not in the table.
package tools

import _ "github.com/rapport-crm/rapport/domain" // want: tools has no row in the import table
