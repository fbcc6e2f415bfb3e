package stream

import (
	"slices"
	"strings"
)

// Filter selects outputs. Every field that is set must match; the zero value selects all.
type Filter struct {
	// Topics are names of output topics.
	Topics []string
	// Types are types of outputs.
	Types []string
	// Customers are ids of customers.
	Customers []string
	// OrgUnit is the path of an organisation unit. It selects outputs that name the unit, or one below it, in the attribute
	// orgunit or in the member org_unit of their data.
	OrgUnit string
}

// matches reports whether the filter selects the output.
func (f *Filter) matches(o *output) bool {
	return (len(f.Topics) == 0 || slices.Contains(f.Topics, o.topic)) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, o.kind)) &&
		(len(f.Customers) == 0 || slices.Contains(f.Customers, o.customer)) &&
		(f.OrgUnit == "" || o.orgUnit == f.OrgUnit || strings.HasPrefix(o.orgUnit, f.OrgUnit+"/"))
}
