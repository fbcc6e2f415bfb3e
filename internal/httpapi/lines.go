package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine is the greatest length of a line in bytes, without its end.
const maxLine = 1 << 20

// lines reads a stream line by line in bounded memory.
type lines struct {
	source *bufio.Reader
	// long collects a line that does not fit into the buffer of source.
	long   []byte
	number int
}

func newLines(source io.Reader) *lines {
	return &lines{source: bufio.NewReaderSize(source, 64<<10)}
}

// next returns the next line that is not blank, without its end, which is good until the next call. A line above the
// limit is skipped and reported as too long. The end of the stream is io.EOF; after another error the line that was
// being read is lost, because it may be cut off.
func (l *lines) next() (line []byte, tooLong bool, err error) {
	for {
		line, tooLong, err = l.read()
		l.number++
		if line = bytes.TrimSpace(line); err != nil || tooLong || len(line) > 0 {
			return line, tooLong, err
		}
	}
}

// read returns the next line, blank ones included.
func (l *lines) read() (line []byte, tooLong bool, err error) {
	l.long = l.long[:0]
	for {
		part, err := l.source.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if !tooLong {
				l.long = append(l.long, part...)
				tooLong = len(l.long) > maxLine+len("\r\n")
			}
			continue
		}
		// The last line of a stream may lack its end.
		last := errors.Is(err, io.EOF) && len(part)+len(l.long) > 0
		switch {
		case err != nil && !last:
			return nil, false, err
		case tooLong:
			return nil, true, nil
		case len(l.long) > 0:
			l.long = append(l.long, part...)
			part = l.long
		}
		part = bytes.TrimRight(part, "\r\n")
		return part, len(part) > maxLine, nil
	}
}
