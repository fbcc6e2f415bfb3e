package eventstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/segmentio/kafka-go/compress"
)

// batchEncoder builds record batches. It is reused from batch to batch by one goroutine at a time.
type batchEncoder struct {
	records []byte
	batch   bytes.Buffer
	count   int
}

// reset begins a new batch.
func (e *batchEncoder) reset() {
	e.records = e.records[:0]
	e.count = 0
}

// add appends a record to the batch. The bytes of r are copied.
func (e *batchEncoder) add(r *Record) {
	b := e.records
	body := 1 + 1 + varintLen(int64(e.count)) + // attributes, time delta, offset delta
		varintLen(int64(len(r.Key))) + len(r.Key) +
		varintLen(int64(len(r.Value))) + len(r.Value) +
		varintLen(int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		body += varintLen(int64(len(h.Key))) + len(h.Key) + varintLen(int64(len(h.Value))) + len(h.Value)
	}
	b = binary.AppendVarint(b, int64(body))
	b = append(b, 0, 0) // attributes; every record of the batch has the time of the batch
	b = binary.AppendVarint(b, int64(e.count))
	b = binary.AppendVarint(b, int64(len(r.Key)))
	b = append(b, r.Key...)
	b = binary.AppendVarint(b, int64(len(r.Value)))
	b = append(b, r.Value...)
	b = binary.AppendVarint(b, int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		b = binary.AppendVarint(b, int64(len(h.Key)))
		b = append(b, h.Key...)
		b = binary.AppendVarint(b, int64(len(h.Value)))
		b = append(b, h.Value...)
	}
	e.records = b
	e.count++
}

// finish returns a record set of one batch, with every record stamped at, compressed with lz4. A record set is preceded
// by its length in four bytes. The bytes are valid until the next call.
func (e *batchEncoder) finish(at time.Time) ([]byte, error) {
	var header [setLengthBytes + batchHeaderBytes]byte
	e.batch.Reset()
	e.batch.Write(header[:])
	w := compress.Lz4.Codec().NewWriter(&e.batch)
	if _, err := w.Write(e.records); err != nil {
		return nil, fmt.Errorf("compress batch: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress batch: %w", err)
	}
	set := e.batch.Bytes()
	b := set[setLengthBytes:]
	be := binary.BigEndian
	be.PutUint32(set, uint32(len(b)))
	be.PutUint32(b[atBatchLength:], uint32(len(b)-lengthPrefixBytes))
	b[atMagic] = magic2
	be.PutUint16(b[atAttributes:], uint16(compress.Lz4))
	be.PutUint32(b[atLastDelta:], uint32(e.count-1))
	be.PutUint64(b[atFirstTime:], uint64(at.UnixMilli()))
	be.PutUint64(b[atMaxTime:], uint64(at.UnixMilli()))
	// Producer id, producer epoch and base sequence are -1: the producer is not idempotent.
	for i := atProducerID; i < atRecordCount; i++ {
		b[i] = 0xff
	}
	be.PutUint32(b[atRecordCount:], uint32(e.count))
	be.PutUint32(b[atChecksum:], crc32.Checksum(b[atAttributes:], castagnoli))
	return set, nil
}

// varintLen returns the number of bytes of v as a zigzag varint.
func varintLen(v int64) int {
	u := uint64(v)<<1 ^ uint64(v>>63)
	n := 1
	for u >= 0x80 {
		u >>= 7
		n++
	}
	return n
}
