package importer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// record is one row of a table as text.
type record struct {
	line int64
	// text is the row as it stands in the file, without its line end.
	text   string
	fields []string
}

// table splits the lines of a file into rows of fields.
type table struct {
	lines *lines
	// delimiter stands between two fields; 0 stands for any amount of white space.
	delimiter byte
	// quoted splits rows that have quotes in them; it reads from feed, which holds one row at a time.
	quoted *csv.Reader
	feed   *strings.Reader
	fields []string
}

func newTable(in io.Reader, delimiter byte) *table {
	t := &table{lines: newLines(in), delimiter: delimiter, feed: strings.NewReader("")}
	if delimiter != 0 {
		t.quoted = csv.NewReader(t.feed)
		t.quoted.Comma = rune(delimiter)
		t.quoted.FieldsPerRecord = -1
		t.quoted.ReuseRecord = true
	}
	return t
}

// next returns the next row; its fields are valid until the next call. A row that cannot be split comes with a
// problem. The error is io.EOF at the end of the file.
func (t *table) next() (record, *domain.Problem, error) {
	first, err := t.lines.next()
	if err != nil || first.problem != nil {
		return record{line: first.number}, first.problem, err
	}
	r := record{line: first.number, text: string(first.text)}
	switch {
	case t.delimiter == 0:
		t.fields = slices.AppendSeq(t.fields[:0], strings.FieldsSeq(r.text))
		r.fields = t.fields
		return r, nil, nil
	case strings.IndexByte(r.text, '"') < 0:
		t.split(r.text)
		r.fields = t.fields
		return r, nil, nil
	}
	joined, problem, err := t.join(&r)
	if problem == nil && err == nil {
		t.feed.Reset(r.text)
		var bad error
		if r.fields, bad = t.quoted.Read(); bad == nil {
			return r, nil, nil
		}
		problem = t.misquoted(bad)
	}
	// Only the first line is known to be at fault: those after it may be rows of their own.
	t.lines.unread(joined)
	return r, problem, err
}

// split sets the fields of a row without quotes.
func (t *table) split(text string) {
	t.fields = t.fields[:0]
	for {
		at := strings.IndexByte(text, t.delimiter)
		if at < 0 {
			t.fields = append(t.fields, text)
			return
		}
		t.fields = append(t.fields, text[:at])
		text = text[at+1:]
	}
}

// join adds to a row the lines over which its quoted fields go on, and returns these lines. A field that does not end
// is a problem.
func (t *table) join(r *record) (joined []line, problem *domain.Problem, err error) {
	if !openQuote(r.text, t.delimiter) {
		return nil, nil, nil
	}
	text := r.text
	for len(joined) < maxJoined {
		found, err := t.lines.any()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		found.text = bytes.Clone(found.text) // the buffer is used again
		joined = append(joined, found)
		if text += "\n" + string(found.text); found.problem != nil || len(text) > MaxLine {
			break
		}
		if bytes.IndexByte(found.text, '"') >= 0 && !openQuote(text, t.delimiter) {
			r.text = text
			return joined, nil, nil
		}
	}
	return joined, &domain.Problem{Rule: domain.RuleFormat, Message: fmt.Sprintf(
		"a quoted field that begins on the line must end within %d lines and %d bytes", maxJoined, MaxLine)}, nil
}

// maxJoined is over how many lines after the first one a row may go on. It bounds what a stray quote costs.
const maxJoined = 200

// openQuote reports whether text ends within a quoted field.
func openQuote(text string, delimiter byte) bool {
	open, start := false, true
	for i := range len(text) {
		switch c := text[i]; {
		case open && c == '"':
			open = false
			start = true // a second quote opens the field again
		case c == '"' && start:
			open = true
		default:
			start = c == delimiter
		}
	}
	return open
}

// misquoted empties the feed after a row that could not be split and says what is wrong with it.
func (t *table) misquoted(err error) *domain.Problem {
	for {
		if _, rest := t.quoted.Read(); errors.Is(rest, io.EOF) {
			break
		}
	}
	message := "the quotes must match"
	if errors.Is(err, csv.ErrBareQuote) {
		message = "a field with a quote in it must be quoted and its quotes doubled"
	}
	return &domain.Problem{Rule: domain.RuleFormat, Message: message}
}
