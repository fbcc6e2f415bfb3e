package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain"
)

// MaxLine is the greatest length of a line in bytes, and of a row whose quoted fields span several lines.
const MaxLine = 1 << 20

// line is one line of a file, or what is wrong with it.
type line struct {
	number  int64
	text    []byte
	problem *domain.Problem
}

// lines reads the lines of a file. Both line ends are known, a missing one at the end of the file too.
type lines struct {
	in     *bufio.Reader
	number int64
	// back holds lines that were read ahead and put back.
	back []line
}

func newLines(in io.Reader) *lines {
	return &lines{in: bufio.NewReaderSize(in, MaxLine+2)}
}

// next returns the next line that is not blank; its text is valid until the next call. The error is io.EOF at the end
// of the file. When the file cannot be read any further, what was read of the last line is dropped.
func (l *lines) next() (line, error) {
	for {
		found, err := l.any()
		if err != nil || found.problem != nil || len(bytes.TrimSpace(found.text)) > 0 {
			return found, err
		}
	}
}

// any returns the next line, blank or not.
func (l *lines) any() (line, error) {
	if len(l.back) > 0 {
		found := l.back[0]
		l.back = l.back[1:]
		return found, nil
	}
	text, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return l.tooLong()
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
		return line{}, err
	}
	l.number++
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	found := line{number: l.number, text: text}
	switch {
	case len(text) > MaxLine:
		found.problem = lineTooLong()
	case bytes.IndexByte(text, 0) >= 0:
		found.problem = &domain.Problem{Rule: domain.RuleNUL, Message: "the line must not contain a NUL byte"}
	case !utf8.Valid(text):
		found.problem = &domain.Problem{Rule: domain.RuleUTF8, Message: "the line must be valid UTF-8"}
	}
	return found, nil
}

// tooLong passes over the rest of a line that does not fit into the buffer.
func (l *lines) tooLong() (line, error) {
	for {
		_, err := l.in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return line{}, err
		}
		l.number++
		return line{number: l.number, problem: lineTooLong()}, nil
	}
}

func lineTooLong() *domain.Problem {
	return &domain.Problem{Rule: domain.RuleLength, Message: fmt.Sprintf("the line must have at most %d bytes", MaxLine)}
}

// unread puts lines back, to be read again in their order. Their texts must not be those of the buffer.
func (l *lines) unread(again []line) { l.back = slices.Concat(again, l.back) }
