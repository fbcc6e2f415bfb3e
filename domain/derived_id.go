package domain

import (
	"strings"

	"github.com/google/uuid"
)

// derivedIDs is the namespace of DerivedID. It is the UUIDv5 of https://rapport-crm.github.io/ids in the namespace of
// URLs and never changes: the ids of a replay are those of the first time.
var derivedIDs = uuid.UUID{0xb1, 0xe2, 0xdb, 0x1a, 0xea, 0x82, 0x5c, 0xc7, 0xb4, 0xac, 0xb2, 0xdb, 0xe9, 0x12, 0xe1, 0x50}

// DerivedID returns the id of a record that follows from others: the UUIDv5 (RFC 9562) over the parts, joined with a
// NUL, in a namespace of Rapport's own. The same parts give the same id on every machine and in every replay; parts
// without a NUL, as ids and names of types are, give the same id only when they are the same.
func DerivedID(parts ...string) string {
	return uuid.NewSHA1(derivedIDs, []byte(strings.Join(parts, "\x00"))).String()
}
