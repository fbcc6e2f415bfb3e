package importer

import (
	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

const (
	// defaultRoundRows is the number of rows after which a round ends.
	defaultRoundRows = 16 << 10
	// roundBytes is the size at which a round ends whatever its number of rows.
	roundBytes = 8 << 20
	// rounds is how many rounds exist: one is filled while the others are appended.
	rounds = 3
	// maxRecord is the size of the largest record that is appended. With data at its limit it leaves room for a long
	// envelope, and every broker takes it.
	maxRecord = 256 << 10
)

// round is some consecutive rows, as records by partition.
type round struct {
	parts []part
	// rows and bytes are what the round holds.
	rows, bytes int
	// counts are those of the import at the end of the round.
	counts Counts
	// open is the number of partitions whose records are not in the log yet.
	open int
}

// part is the records of a round for one partition. Their bytes stand one after the other.
type part struct {
	bytes []byte
	// ends are, for each record, where its key and its value end.
	ends    []int
	records []eventstore.Record
}

// reset empties a round and keeps its memory.
func (r *round) reset() {
	for i := range r.parts {
		p := &r.parts[i]
		p.bytes, p.ends = p.bytes[:0], p.ends[:0]
	}
	r.rows, r.bytes = 0, 0
}

// add adds an event. It returns false, and adds nothing, when the record would be too large.
func (r *round) add(partition int, ev *domain.Event) bool {
	p := &r.parts[partition]
	start := len(p.bytes)
	p.bytes = append(p.bytes, ev.Subject...)
	key := len(p.bytes)
	p.bytes = wire.Encode(p.bytes, ev)
	if len(p.bytes)-start > maxRecord {
		p.bytes = p.bytes[:start]
		return false
	}
	p.ends = append(p.ends, key, len(p.bytes))
	r.bytes += len(p.bytes) - start
	return true
}

// build returns the records of a part. They are valid until the round is reset.
func (p *part) build() []eventstore.Record {
	p.records = p.records[:0]
	start := 0
	for i := 0; i < len(p.ends); i += 2 {
		key, end := p.ends[i], p.ends[i+1]
		p.records = append(p.records, eventstore.Record{Key: p.bytes[start:key:key], Value: p.bytes[key:end:end], Headers: wire.Headers()})
		start = end
	}
	return p.records
}
