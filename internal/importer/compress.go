package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds the memory that a zstd archive may ask for. It is what the zstd program takes without being told.
const maxWindow = 128 << 20

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	utf8BOM   = []byte{0xef, 0xbb, 0xbf}
	utf16LE   = []byte{0xff, 0xfe}
	utf16BE   = []byte{0xfe, 0xff}
)

// errUTF16 is the error of a file in an encoding that is not read.
var errUTF16 = errors.New("the file is UTF-16, convert it to UTF-8")

// plain returns the text of a file: decompressed when its first bytes are those of a gzip or zstd archive, and without
// a byte order mark. close releases the decompressor.
func plain(in io.Reader) (text io.Reader, close func(), err error) {
	head := bufio.NewReaderSize(in, 64<<10)
	magic, _ := head.Peek(len(zstdMagic)) // an error shows again when the file is read
	close = func() {}
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		z, err := gzip.NewReader(head)
		if err != nil {
			return nil, nil, fmt.Errorf("open gzip archive: %w", err)
		}
		head = bufio.NewReader(archive{z})
	case bytes.HasPrefix(magic, zstdMagic):
		z, err := zstd.NewReader(head, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, fmt.Errorf("open zstd archive: %w", err)
		}
		close = z.Close
		head = bufio.NewReader(archive{z})
	}
	mark, _ := head.Peek(len(utf8BOM))
	switch {
	case bytes.HasPrefix(mark, utf8BOM):
		_, err = head.Discard(len(utf8BOM))
	case bytes.HasPrefix(mark, utf16LE), bytes.HasPrefix(mark, utf16BE):
		err = errUTF16
	}
	if err != nil {
		close()
		return nil, nil, err
	}
	return head, close, nil
}

// archive says in its errors that the archive is at fault.
type archive struct{ in io.Reader }

func (a archive) Read(p []byte) (int, error) {
	n, err := a.in.Read(p)
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("the archive is truncated: %w", err)
	default:
		err = fmt.Errorf("the archive is damaged: %w", err)
	}
	return n, err
}
