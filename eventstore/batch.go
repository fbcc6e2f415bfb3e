package eventstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/segmentio/kafka-go/compress"
)

// The layout of a Kafka record batch, version 2 ("magic 2"), as offsets of its header fields. Kafka documentation,
// "Message Format", section "Record Batch".
const (
	atBaseOffset     = 0
	atBatchLength    = 8
	atMagic          = 16
	atChecksum       = 17
	atAttributes     = 21
	atLastDelta      = 23
	atFirstTime      = 27
	atMaxTime        = 35
	atProducerID     = 43
	atRecordCount    = 57
	batchHeaderBytes = 61

	// setLengthBytes hold the length of a record set in front of it.
	setLengthBytes = 4
	// lengthPrefixBytes precede what the batch length counts.
	lengthPrefixBytes = 12
	magic2            = 2

	attrCodec         = 0x07
	attrLogAppendTime = 0x08
	attrTransactional = 0x10
	attrControl       = 0x20

	maxVarint32 = 5
	// maxRecordOverhead bounds the framing of a record without headers: length, attributes, time delta, offset delta,
	// and the lengths of key, value and header list.
	maxRecordOverhead = 6*maxVarint32 + 1
)

// castagnoli is the polynomial of the batch checksum.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batchView is one complete batch within a fetched record set.
type batchView struct {
	data []byte
}

// nextBatch splits the first complete batch off set. It returns a nil view when set holds no complete batch, which is
// how a broker ends a response that reached the size asked for.
func nextBatch(set []byte) (batch batchView, rest []byte, err error) {
	if len(set) < lengthPrefixBytes {
		return batchView{}, nil, nil
	}
	length := int64(binary.BigEndian.Uint32(set[atBatchLength:])) + lengthPrefixBytes
	if length > int64(len(set)) {
		return batchView{}, nil, nil
	}
	if length < batchHeaderBytes {
		return batchView{}, nil, fmt.Errorf("batch of %d bytes: %w", length, ErrCorrupt)
	}
	b := batchView{data: set[:length]}
	if b.data[atMagic] != magic2 {
		return batchView{}, nil, fmt.Errorf("batch at offset %d has message format %d, want %d: %w", b.base(), b.data[atMagic], magic2, ErrCorrupt)
	}
	return b, set[length:], nil
}

func (b batchView) base() int64 { return int64(binary.BigEndian.Uint64(b.data[atBaseOffset:])) }

// last returns the last offset of the batch.
func (b batchView) last() int64 {
	return b.base() + int64(int32(binary.BigEndian.Uint32(b.data[atLastDelta:])))
}
func (b batchView) attributes() uint16 { return binary.BigEndian.Uint16(b.data[atAttributes:]) }
func (b batchView) firstTime() int64   { return int64(binary.BigEndian.Uint64(b.data[atFirstTime:])) }
func (b batchView) maxTime() int64     { return int64(binary.BigEndian.Uint64(b.data[atMaxTime:])) }
func (b batchView) count() int         { return int(int32(binary.BigEndian.Uint32(b.data[atRecordCount:]))) }

// check returns an error unless the batch is whole and holds plain records.
func (b batchView) check() error {
	if sum := crc32.Checksum(b.data[atAttributes:], castagnoli); sum != binary.BigEndian.Uint32(b.data[atChecksum:]) {
		return fmt.Errorf("batch at offset %d does not match its checksum: %w", b.base(), ErrCorrupt)
	}
	if b.attributes()&(attrTransactional|attrControl) != 0 {
		return fmt.Errorf("batch at offset %d: %w", b.base(), ErrTransactional)
	}
	return nil
}

// body returns the encoded records: in place when the batch is not compressed, else decompressed and appended to buf.
// It returns buf as it is afterwards.
func (b batchView) body(buf []byte) (records, grown []byte, err error) {
	encoded := b.data[batchHeaderBytes:]
	codec := compress.Compression(b.attributes() & attrCodec)
	if codec == compress.None {
		return encoded, buf, nil
	}
	c := codec.Codec()
	if c == nil {
		return nil, buf, fmt.Errorf("batch at offset %d has unknown compression %d: %w", b.base(), codec, ErrCorrupt)
	}
	r := c.NewReader(bytes.NewReader(encoded))
	start := len(buf)
	buf, err = appendAll(buf, r)
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, buf, fmt.Errorf("decompress batch at offset %d: %w: %w", b.base(), ErrCorrupt, err)
	}
	return buf[start:], buf, nil
}

// errInflated means that a batch decompresses to more than any producer puts into one.
var errInflated = errors.New("batch is too large when decompressed")

// appendAll appends what r has left to buf.
func appendAll(buf []byte, r io.Reader) ([]byte, error) {
	limit := len(buf) + maxResponseBytes
	for {
		if len(buf) > limit {
			return buf, errInflated
		}
		if cap(buf)-len(buf) < 16<<10 {
			grown := make([]byte, len(buf), 2*cap(buf)+64<<10)
			copy(grown, buf)
			buf = grown
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
