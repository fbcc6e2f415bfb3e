package eventstore

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// chunkFormat is the first byte of an encoded chunk.
const chunkFormat = 1

// Chunks returns the number of chunks of the stream's index. Only the last one can change: a store that keeps chunks
// under their number writes, after Accept, the last chunk it knew and every later one.
func (s *Stream) Chunks() int {
	n := 0
	if s.past != nil {
		n = len(s.past.chunks)
	}
	if len(s.tail.entries) > 0 {
		n++
	}
	return n
}

// AppendChunk appends the stored form of chunk i, counted from 0, to dst and returns the result. The form is a byte 1,
// the number of entries, the offset of the first entry, and for each entry the id (8 bytes, little endian), the content
// (4 bytes) and the distance from the offset of the entry before it; numbers without a length are unsigned varints.
func (s *Stream) AppendChunk(dst []byte, i int) []byte {
	c := s.chunk(i)
	dst = append(dst, chunkFormat)
	dst = binary.AppendUvarint(dst, uint64(len(c.entries)))
	dst = binary.AppendUvarint(dst, uint64(c.base))
	var before uint32
	for _, e := range c.entries {
		dst = binary.LittleEndian.AppendUint64(dst, e.id)
		dst = binary.LittleEndian.AppendUint32(dst, e.content)
		dst = binary.AppendUvarint(dst, uint64(e.distance-before))
		before = e.distance
	}
	return dst
}

// LoadChunk adds the entries of a chunk written by AppendChunk. The chunks of a stream are loaded in order of their
// numbers, into a zero Stream. The stream is as it was before when LoadChunk returns an error.
func (s *Stream) LoadChunk(data []byte) error {
	c, err := parseChunk(data)
	if err != nil {
		return fmt.Errorf("load chunk %d: %w", s.Chunks(), err)
	}
	if last, ok := s.lastOffset(); ok && c.base <= last {
		return fmt.Errorf("load chunk %d: offset %d comes after %d", s.Chunks(), c.base, last)
	}
	s.seal()
	s.tail = c
	return nil
}

// parseChunk returns the chunk in data.
func parseChunk(data []byte) (chunk, error) {
	p := chunkParser{data: data}
	if format := p.take(1); format == nil || format[0] != chunkFormat {
		return chunk{}, errors.New("stored chunk has an unknown format")
	}
	n, base := p.uvarint(), p.uvarint()
	if n == 0 || n > chunkEntries || base > 1<<62 {
		return chunk{}, fmt.Errorf("stored chunk has %d entries from offset %d", n, base)
	}
	c := chunk{base: int64(base), entries: make([]entry, n)}
	var distance uint64
	for i := range c.entries {
		id, content, step := p.take(8), p.take(4), p.uvarint()
		if p.short {
			return chunk{}, fmt.Errorf("stored chunk ends within entry %d of %d", i, n)
		}
		distance += step
		if distance > 1<<32-1 || (step == 0) != (i == 0) {
			return chunk{}, fmt.Errorf("stored chunk has offsets out of order at entry %d", i)
		}
		c.entries[i] = entry{
			id:       binary.LittleEndian.Uint64(id),
			content:  binary.LittleEndian.Uint32(content),
			distance: uint32(distance),
		}
	}
	if len(p.data) > 0 {
		return chunk{}, fmt.Errorf("stored chunk has %d bytes too many", len(p.data))
	}
	return c, nil
}

// chunk returns chunk i.
func (s *Stream) chunk(i int) chunk {
	if s.past == nil {
		return [...]chunk{s.tail}[i]
	}
	if i < len(s.past.chunks) {
		return s.past.chunks[i]
	}
	return [...]chunk{s.tail}[i-len(s.past.chunks)]
}

// chunkParser reads the fields of a stored chunk. After the end of the data, short is true and fields are zero.
type chunkParser struct {
	data  []byte
	short bool
}

func (p *chunkParser) take(n int) []byte {
	if n > len(p.data) {
		p.short, p.data = true, nil
		return nil
	}
	b := p.data[:n]
	p.data = p.data[n:]
	return b
}

func (p *chunkParser) uvarint() uint64 {
	v, n := binary.Uvarint(p.data)
	if n <= 0 {
		p.short, p.data = true, nil
		return 0
	}
	p.data = p.data[n:]
	return v
}
