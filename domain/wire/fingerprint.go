package wire

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// Content returns the fingerprint by which two events with the same id are told apart as a duplicate or a conflict.
// It is the 64-bit xxHash of type, source, subject, time, actor, orgunit, channel, the extensions and the data.
//
// It leaves out what may differ when a producer sends the same event again: the id itself, traceparent, causationid,
// expectedversion and dataschema. Data counts as it is written except for white space between its tokens: another
// order of its members, or another way to write the same number or text, is other content.
//
// Verdicts are recomputed from the log by every version of the program, so what is hashed must never change.
func Content(ev *domain.Event) uint64 {
	var buf [512]byte // most events fit, and then nothing is allocated
	b := buf[:0]
	b = appendPart(b, ev.Type)
	b = appendPart(b, ev.Source)
	b = appendPart(b, ev.Subject)
	b = binary.LittleEndian.AppendUint64(b, uint64(ev.Time))
	b = appendPart(b, ev.Actor)
	b = appendPart(b, ev.OrgUnit)
	b = appendPart(b, ev.Channel)
	b = binary.AppendUvarint(b, uint64(len(ev.Extensions)))
	for i := range ev.Extensions {
		b = appendPart(b, ev.Extensions[i].Name)
		b = appendPart(b, ev.Extensions[i].Value)
	}
	return xxhash.Sum64(jsonscan.AppendCompact(b, ev.Data)) // the data is last and needs no length
}

// appendPart appends s after its length, so that no two lists of parts give the same bytes.
func appendPart(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// IDKey returns the fingerprint of an event id, its 64-bit xxHash, under which the index of a stream finds it. Two ids
// of one stream may share a key, so a hit is confirmed by comparing the ids themselves.
func IDKey(id string) uint64 { return xxhash.Sum64String(id) }
