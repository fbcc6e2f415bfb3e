package importer

import (
	"crypto/sha1"
	"encoding/binary"
	"hash"

	"github.com/google/uuid"
)

// namespace is that of the ids of imported rows. It must never change: an import repeated by a later version of the
// program has to derive the same ids.
var namespace = uuid.MustParse("6f0d2f1e-3c0b-5d57-9a8e-7d0f5b1c42a6")

// identifier derives ids. It keeps memory between calls and is for one goroutine.
type identifier struct {
	sha1 hash.Hash
	buf  []byte
}

func newIdentifier() *identifier { return &identifier{sha1: sha1.New()} }

// id returns the id of an event of a table: the UUIDv5 over the name of the source, the number of the row, the place of
// the event among those of the mapping, and the text of the row.
func (x *identifier) id(source string, row int64, event int, text string) string {
	x.buf = append(x.buf[:0], source...)
	x.buf = append(x.buf, 0)
	x.buf = binary.BigEndian.AppendUint64(x.buf, uint64(row))
	x.buf = binary.BigEndian.AppendUint32(x.buf, uint32(event))
	x.buf = append(x.buf, text...)
	return uuid.NewHash(x.sha1, namespace, x.buf, 5).String()
}
