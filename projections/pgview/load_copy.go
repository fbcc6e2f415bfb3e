package pgview

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/jackc/pgx/v5"
)

// copyBytes is how many bytes of rows are made at a time.
const copyBytes = 64 << 10

// copyRows writes rows into a table by COPY in its binary form, which is several times as fast as values that are
// encoded one by one. next appends some rows to the buffer; it reports false when there are no more.
func copyRows(ctx context.Context, tx pgx.Tx, table, columns string, next func(*copyBuffer) (bool, error)) error {
	stream := &copyStream{next: next}
	// The header of the format: its signature, no flags, no extension.
	stream.buffer.bytes = append(stream.buffer.bytes, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	_, err := tx.Conn().PgConn().CopyFrom(ctx, stream, "COPY "+table+" ("+columns+") FROM STDIN (FORMAT binary)")
	failed := stream.end()
	if err == nil {
		return nil
	}
	if failed != nil {
		err = failed
	}
	return fmt.Errorf("copy into %s: %w", table, err)
}

// errCopyEnded ends a read that comes after the end of its COPY.
var errCopyEnded = errors.New("the copy has ended")

// copyStream is the rows as a stream of bytes. CopyFrom reads it in a goroutine of its own, and does not wait for that when
// the connection is lost: it may read until end returns.
type copyStream struct {
	mu     sync.Mutex
	over   bool
	next   func(*copyBuffer) (bool, error)
	buffer copyBuffer
	read   int
	ended  bool
	failed error
}

// end waits for a read that is under way, lets no other make rows, and returns the error with which making them failed.
func (s *copyStream) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	return s.failed
}

// Read reads what was made, and makes more when that is used up.
func (s *copyStream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return 0, errCopyEnded
	}
	if s.read == len(s.buffer.bytes) {
		s.buffer.bytes, s.read = s.buffer.bytes[:0], 0
		for !s.ended && len(s.buffer.bytes) < copyBytes {
			more, err := s.next(&s.buffer)
			if err != nil {
				s.failed = err
				return 0, err
			}
			if s.ended = !more; s.ended {
				s.buffer.int16(-1) // the trailer of the format
			}
		}
		if len(s.buffer.bytes) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, s.buffer.bytes[s.read:])
	s.read += n
	return n, nil
}

// copyBuffer takes rows in the binary form of COPY: the number of fields, then each with its length.
type copyBuffer struct{ bytes []byte }

// row begins a row with the given number of fields.
func (b *copyBuffer) row(fields int) { b.int16(int16(fields)) }

func (b *copyBuffer) int16(v int16) { b.bytes = binary.BigEndian.AppendUint16(b.bytes, uint16(v)) }
func (b *copyBuffer) int32(v int32) { b.bytes = binary.BigEndian.AppendUint32(b.bytes, uint32(v)) }

func (b *copyBuffer) smallint(v int64) {
	b.int32(2)
	b.int16(int16(v))
}

func (b *copyBuffer) integer(v int64) {
	b.int32(4)
	b.int32(int32(v))
}

func (b *copyBuffer) bigint(v int64) {
	b.int32(8)
	b.bytes = binary.BigEndian.AppendUint64(b.bytes, uint64(v))
}

func (b *copyBuffer) boolean(v bool) {
	b.int32(1)
	if v {
		b.bytes = append(b.bytes, 1)
	} else {
		b.bytes = append(b.bytes, 0)
	}
}

func (b *copyBuffer) null() { b.int32(-1) }

func (b *copyBuffer) text(v string) {
	b.int32(int32(len(v)))
	b.bytes = append(b.bytes, v...)
}

func (b *copyBuffer) blob(v []byte) {
	b.int32(int32(len(v)))
	b.bytes = append(b.bytes, v...)
}

// appended appends the bytes that the function appends.
func (b *copyBuffer) appended(with func(dst []byte) []byte) {
	start := len(b.bytes)
	b.int32(0) // the length, known below
	b.bytes = with(b.bytes)
	binary.BigEndian.PutUint32(b.bytes[start:], uint32(len(b.bytes)-start-4))
}

// textOID is the number of the type text, which arrays of it bear.
const textOID = 25

// texts appends an array of texts.
func (b *copyBuffer) texts(list []string) {
	start := len(b.bytes)
	b.int32(0) // the length, known below
	if len(list) == 0 {
		b.int32(0) // dimensions
	} else {
		b.int32(1)
	}
	b.int32(0) // no nulls
	b.int32(textOID)
	if len(list) > 0 {
		b.int32(int32(len(list)))
		b.int32(1) // the first index
		for _, s := range list {
			b.text(s)
		}
	}
	binary.BigEndian.PutUint32(b.bytes[start:], uint32(len(b.bytes)-start-4))
}
