package client

import (
	"maps"
	"slices"
)

// Kinds returns the names of the problems that have an error of their own.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }
