package eventstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// maxHeaderNames bounds the header names a decoder remembers. Producers use a handful.
const maxHeaderNames = 256

// decoder turns fetched record sets into records without allocating for each: keys and values are sub-slices of the
// fetched bytes or of one decompression buffer, and header names are remembered. What it returned is valid until it is
// reset.
type decoder struct {
	partition int
	buf       []byte
	records   []Record
	headers   []Header
	names     map[string]string
}

// reset gives up the records returned so far.
func (d *decoder) reset() {
	d.buf = d.buf[:0]
	d.records = d.records[:0]
	d.headers = d.headers[:0]
}

// decode appends the records of the batch with want(offset) true to d.records and returns the offset after the batch.
// The records of a batch must be dense.
func (d *decoder) decode(b batchView, want func(offset int64) bool) (next int64, err error) {
	if err := b.check(); err != nil {
		return 0, fmt.Errorf("partition %d: %w", d.partition, err)
	}
	var data []byte
	data, d.buf, err = b.body(d.buf)
	if err != nil {
		return 0, fmt.Errorf("partition %d: %w", d.partition, err)
	}
	base, first, stamp := b.base(), b.firstTime(), int64(-1)
	if b.attributes()&attrLogAppendTime != 0 {
		stamp = b.maxTime()
	}
	due := base
	for range b.count() {
		p := recordParser{data: data}
		body := p.bytes(p.varint())
		if p.failed || body == nil {
			return 0, fmt.Errorf("partition %d: batch at offset %d ends within a record: %w", d.partition, base, ErrCorrupt)
		}
		data = p.data
		p = recordParser{data: body}
		p.skip(1)
		// No record is later than the batch says it is: brokers look at that alone.
		millis := min(first+p.varint(), max(first, b.maxTime()))
		if stamp >= 0 {
			millis = stamp
		}
		if offset := base + p.varint(); offset != due {
			return 0, &GapError{Partition: d.partition, Want: due, Got: offset}
		}
		if want(due) {
			d.add(&p, due, millis)
		}
		if p.failed {
			return 0, fmt.Errorf("partition %d: record at offset %d cannot be parsed: %w", d.partition, due, ErrCorrupt)
		}
		due++
	}
	if after := b.last() + 1; after != due {
		return 0, &GapError{Partition: d.partition, Want: due, Got: after}
	}
	return due, nil
}

// add parses the rest of a record, from its key on, and appends it.
func (d *decoder) add(p *recordParser, offset, millis int64) {
	r := Record{
		Partition:  d.partition,
		Offset:     offset,
		RecordedAt: time.UnixMilli(millis).UTC(),
		Key:        p.bytes(p.varint()),
		Value:      p.bytes(p.varint()),
	}
	if n := p.varint(); n > 0 && !p.failed {
		start := len(d.headers)
		for range n {
			name := p.bytes(p.varint())
			value := p.bytes(p.varint())
			if p.failed {
				return
			}
			d.headers = append(d.headers, Header{Key: d.name(name), Value: value})
		}
		r.Headers = d.headers[start:len(d.headers):len(d.headers)]
		// Most producers give one record after the other the same headers. Readers find those of the record before in the
		// processor's caches, which they seldom do with the end of another record.
		if before := d.latestHeaders(); slices.EqualFunc(before, r.Headers, sameHeader) {
			d.headers, r.Headers = d.headers[:start], before
		}
	}
	d.records = append(d.records, r)
}

// latestHeaders returns the headers of the record that was decoded last.
func (d *decoder) latestHeaders() []Header {
	if n := len(d.records); n > 0 {
		return d.records[n-1].Headers
	}
	return nil
}

func sameHeader(a, b Header) bool {
	return a.Key == b.Key && (a.Value == nil) == (b.Value == nil) && bytes.Equal(a.Value, b.Value)
}

// name returns a header name as a string.
func (d *decoder) name(b []byte) string {
	if name, ok := d.names[string(b)]; ok {
		return name
	}
	name := string(b)
	if d.names == nil {
		d.names = make(map[string]string)
	}
	if len(d.names) < maxHeaderNames {
		d.names[name] = name
	}
	return name
}

// recordParser reads the fields of a record. After a malformed field, failed is true and every further field is zero.
type recordParser struct {
	data   []byte
	failed bool
}

func (p *recordParser) varint() int64 {
	v, n := binary.Varint(p.data)
	if n <= 0 {
		p.fail()
		return 0
	}
	p.data = p.data[n:]
	return v
}

// bytes returns the next n bytes, or nil for the length -1 that stands for null.
func (p *recordParser) bytes(n int64) []byte {
	switch {
	case n == -1:
		return nil
	case n < 0, n > int64(len(p.data)):
		p.fail()
		return nil
	}
	b := p.data[:n:n]
	p.data = p.data[n:]
	return b
}

func (p *recordParser) skip(n int) {
	if p.bytes(int64(n)) == nil {
		p.fail()
	}
}

func (p *recordParser) fail() {
	p.failed = true
	p.data = nil
}
