package eventstore

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
)

const (
	// chunkEntries is how many entries a chunk holds before the next one begins.
	chunkEntries = 128
	// scanEntries is the number of sealed entries up to which a lookup scans them. Beyond it a map is built.
	scanEntries = 2 * chunkEntries
)

// Stream is the index of one stream: for each accepted record a fingerprint of its id, a fingerprint of its content and
// its offset. It decides verdicts and finds the stream's records in the partition. Entries take 16 bytes each.
//
// The zero value is an empty stream. A Stream is a value: a copy taken before Accept or LoadChunk is a valid undo of
// it, because entries are only ever added behind those a copy knows. Of several copies only one may be changed further;
// the copies it leaves behind stay readable, also by other goroutines, with Version, Chunks, AppendChunk and the offset
// methods. Judge, Find, Accept and LoadChunk are for one goroutine at a time among all copies.
type Stream struct {
	// tail is the open chunk. It is full when the next Accept seals it.
	tail chunk
	// past is nil until the first chunk is sealed.
	past *sealed
}

// chunk is some consecutive entries.
type chunk struct {
	// base is the offset of the first entry.
	base    int64
	entries []entry
}

// entry is one accepted record.
type entry struct {
	id uint64
	// content is the low half of the content fingerprint: it tells a repeated record from another one that reuses its
	// id, which is an error in a producer and not an attack.
	content uint32
	// distance is the offset less the chunk's base.
	distance uint32
}

// sealed is the chunks before the tail. It never changes once a Stream refers to it; sealing makes a new one that
// shares the array behind chunks.
type sealed struct {
	chunks []chunk
	count  int
	index  *idIndex
}

// idIndex finds the entry of an id among the sealed chunks. It is shared by all copies of a stream, so it may know
// entries that an undo took back: what it says is checked against the chunks before it is believed.
type idIndex struct {
	places  map[uint64]place
	indexed int
}

// place is where an entry is.
type place struct{ chunk, entry int32 }

// Version returns the number of accepted records.
func (s *Stream) Version() int64 {
	version := int64(len(s.tail.entries))
	if s.past != nil {
		version += int64(s.past.count)
	}
	return version
}

// Judge returns the verdict on a record with the given fingerprints of id and content. expected is the version the
// record demands the stream to have, negative for none. The rules apply in this order: an id accepted before makes the
// record a Duplicate, or a Conflict when the content differs; a version other than the expected one makes it a
// Conflict; otherwise it is Accepted. Judge does not change the stream.
func (s *Stream) Judge(id, content uint64, expected int64) (Verdict, Reason) {
	if e, _, ok := s.find(id); ok {
		if e.content == uint32(content) {
			return Duplicate, NoReason
		}
		return Conflict, IDReused
	}
	if expected >= 0 && expected != s.Version() {
		return Conflict, VersionMismatch
	}
	return Accepted, NoReason
}

// Find returns the offset of the record that was accepted with the given id.
func (s *Stream) Find(id uint64) (offset int64, ok bool) {
	e, c, ok := s.find(id)
	if !ok {
		return 0, false
	}
	return c.base + int64(e.distance), true
}

// Accept adds the record at offset. The offset must be greater than that of every record accepted before; a reader that
// breaks this has lost its place, and Accept panics.
func (s *Stream) Accept(id, content uint64, offset int64) {
	if last, ok := s.lastOffset(); ok && offset <= last {
		panic(fmt.Sprintf("eventstore: accept offset %d after %d", offset, last))
	}
	if len(s.tail.entries) == chunkEntries || offset-s.tail.base > math.MaxUint32 {
		s.seal()
	}
	if len(s.tail.entries) == 0 {
		s.tail.base = offset
	}
	s.tail.add(entry{id: id, content: uint32(content), distance: uint32(offset - s.tail.base)})
}

// Offsets returns the offsets of the accepted records, ascending.
func (s *Stream) Offsets() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i := range s.Chunks() {
			c := s.chunk(i)
			for _, e := range c.entries {
				if !yield(c.base + int64(e.distance)) {
					return
				}
			}
		}
	}
}

// Has reports whether the record at offset was accepted. Other copies of the stream may be changed meanwhile.
func (s *Stream) Has(offset int64) bool {
	for i := s.Chunks() - 1; i >= 0; i-- {
		c := s.chunk(i)
		if len(c.entries) == 0 || c.base > offset {
			continue
		}
		_, found := slices.BinarySearchFunc(c.entries, offset-c.base, func(e entry, distance int64) int {
			return cmp.Compare(int64(e.distance), distance)
		})
		return found
	}
	return false
}

// VersionBefore returns the version that the stream had before the record at offset: how many records were accepted at
// lower offsets.
func (s *Stream) VersionBefore(offset int64) int64 {
	version := s.Version()
	for i := s.Chunks() - 1; i >= 0; i-- {
		c := s.chunk(i)
		if len(c.entries) > 0 && c.base >= offset {
			version -= int64(len(c.entries))
			continue
		}
		for _, e := range slices.Backward(c.entries) {
			if c.base+int64(e.distance) < offset {
				return version
			}
			version--
		}
	}
	return version
}

// LastOffsets returns the offsets of the last n accepted records, ascending; fewer when the stream has fewer.
func (s *Stream) LastOffsets(n int) []int64 {
	n = int(min(int64(max(n, 0)), s.Version()))
	offsets := make([]int64, n)
	for i := s.Chunks() - 1; i >= 0 && n > 0; i-- {
		c := s.chunk(i)
		for j := len(c.entries) - 1; j >= 0 && n > 0; j-- {
			n--
			offsets[n] = c.base + int64(c.entries[j].distance)
		}
	}
	return offsets
}

// add appends an entry. Capacity grows in steps that fill the allocator's size classes: most streams are short, and
// there are many of them.
func (c *chunk) add(e entry) {
	if len(c.entries) == cap(c.entries) {
		capacity := chunkEntries
		for _, step := range [...]int{2, 4, 6, 10, 16, 24, 36, 56, 88} {
			if step > len(c.entries) {
				capacity = step
				break
			}
		}
		grown := make([]entry, len(c.entries), capacity)
		copy(grown, c.entries)
		c.entries = grown
	}
	c.entries = append(c.entries, e)
}

// seal moves the tail behind the sealed chunks.
func (s *Stream) seal() {
	if len(s.tail.entries) == 0 {
		return
	}
	next := &sealed{index: &idIndex{}}
	if s.past != nil {
		*next = *s.past
	}
	next.chunks = append(next.chunks, s.tail)
	// After an undo the map may have indexed another chunk in this place.
	next.index.indexed = min(next.index.indexed, len(next.chunks)-1)
	next.count += len(s.tail.entries)
	s.past = next
	s.tail = chunk{}
}

// find returns the entry of an id and the chunk it is in.
func (s *Stream) find(id uint64) (entry, chunk, bool) {
	if e, ok := s.tail.find(id); ok {
		return e, s.tail, true
	}
	if s.past == nil {
		return entry{}, chunk{}, false
	}
	if s.past.count > scanEntries {
		return s.past.lookup(id)
	}
	for _, c := range s.past.chunks {
		if e, ok := c.find(id); ok {
			return e, c, true
		}
	}
	return entry{}, chunk{}, false
}

func (c *chunk) find(id uint64) (entry, bool) {
	for i := range c.entries {
		if c.entries[i].id == id {
			return c.entries[i], true
		}
	}
	return entry{}, false
}

// lookup finds an id through the map, after bringing the map up to the last chunk.
func (p *sealed) lookup(id uint64) (entry, chunk, bool) {
	x := p.index
	if x.places == nil {
		x.places = make(map[uint64]place, p.count)
	}
	for ; x.indexed < len(p.chunks); x.indexed++ {
		for j, e := range p.chunks[x.indexed].entries {
			x.places[e.id] = place{chunk: int32(x.indexed), entry: int32(j)}
		}
	}
	at, ok := x.places[id]
	if !ok || int(at.chunk) >= len(p.chunks) {
		return entry{}, chunk{}, false
	}
	c := p.chunks[at.chunk]
	if int(at.entry) >= len(c.entries) || c.entries[at.entry].id != id {
		return entry{}, chunk{}, false
	}
	return c.entries[at.entry], c, true
}

// lastOffset returns the offset of the last accepted record.
func (s *Stream) lastOffset() (int64, bool) {
	n := s.Chunks()
	if n == 0 {
		return 0, false
	}
	c := s.chunk(n - 1)
	return c.base + int64(c.entries[len(c.entries)-1].distance), true
}
