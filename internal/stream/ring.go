package stream

// entry is one record of an output topic in a ring.
type entry struct {
	topic, partition int
	offset           int64
	// output is nil for a record that is no output.
	output *output
	// text is the Server-Sent Event of the output, with its id, for clients that have everything up to it; without an
	// output it is the line with the id alone. The first idLength bytes are that line.
	text     []byte
	idLength int
}

// size is about how much memory an entry takes, in bytes.
func (e *entry) size() int { return len(e.text) + entryOverhead }

const entryOverhead = 256

// ring holds the newest entries in the order in which they were read. Entries are numbered from 0 on.
type ring struct {
	entries []entry
	// next is the number of the entry to come, first that of the oldest one held.
	next, first uint64
	bytes, room int
	// tail covers what came before the oldest entry, head also all entries held.
	tail, head Cursor
}

// newRing returns a ring for the given number of entries and bytes whose first entries follow at.
func newRing(entries, room int, at Cursor) *ring {
	return &ring{entries: make([]entry, entries), room: room, tail: at.clone(), head: at.clone()}
}

// at returns the entry of the given number, which must be held.
func (r *ring) at(number uint64) *entry { return &r.entries[number%uint64(len(r.entries))] }

// add adds an entry and lets go of the oldest ones for which there is no room any more.
func (r *ring) add(e entry) {
	r.head[e.topic][e.partition] = e.offset + 1
	if e.output != nil {
		e.text = e.output.withID(r.head)
		e.idLength = len(e.text) - len(e.output.text)
		e.output.text = e.text[e.idLength:] // the same bytes once
	} else {
		e.text = appendID(nil, r.head)
		e.idLength = len(e.text)
	}
	for r.first < r.next && (r.next-r.first == uint64(len(r.entries)) || r.bytes+e.size() > r.room) {
		r.drop()
	}
	*r.at(r.next) = e
	r.next++
	r.bytes += e.size()
}

// drop lets go of the oldest entry.
func (r *ring) drop() {
	oldest := r.at(r.first)
	r.tail[oldest.topic][oldest.partition] = oldest.offset + 1
	r.bytes -= oldest.size()
	*oldest = entry{}
	r.first++
}
