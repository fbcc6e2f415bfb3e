// Package schemas holds the JSON Schema (2020-12) of every type of event and of derived event of the catalogue, one file
// for each version.
//
// The files are made from the structs of package domain by the program in the folder gen and say the same as
// domain.Decoder checks. They are open: members they do not name are allowed and kept.
package schemas

import (
	"embed"
	"strconv"
)

// FS holds the schemas under <type>/v<version>.json, for example purchase.recorded/v1.json.
//
//go:embed */v*.json
var FS embed.FS

// base is where the schemas are published; the $id of a schema is its path below it.
const base = "https://rapport-crm.github.io/schemas/"

// Lookup returns the schema of a version of a type. The caller owns the bytes.
func Lookup(typ string, version int) ([]byte, bool) {
	b, err := FS.ReadFile(path(typ, version))
	return b, err == nil
}

// ID returns the $id of the schema of a version of a type, which is also what an event's dataschema says.
func ID(typ string, version int) string { return base + path(typ, version) }

func path(typ string, version int) string { return typ + "/v" + strconv.Itoa(version) + ".json" }
