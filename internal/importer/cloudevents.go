package importer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// cloudEvents returns what yields the events of a file: an array when its first character opens one, else one event a
// line.
func cloudEvents(in *bufio.Reader) (func(int64, func(Row, error) bool), error) {
	for {
		c, err := in.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return func(int64, func(Row, error) bool) {}, nil
		case err != nil:
			return nil, err
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		}
		if err := in.UnreadByte(); err != nil {
			return nil, err
		}
		if c == '[' {
			return func(after int64, yield func(Row, error) bool) { arrayRows(in, after, yield) }, nil
		}
		return func(after int64, yield func(Row, error) bool) { lineRows(in, after, yield) }, nil
	}
}

// lineRows yields the events of NDJSON.
func lineRows(in io.Reader, after int64, yield func(Row, error) bool) {
	var ev domain.Event
	l := newLines(in)
	for number := int64(1); ; number++ {
		found, err := l.next()
		row := Row{Number: number, Line: found.number}
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			yield(row, fmt.Errorf("read after row %d: %w", number-1, err))
			return
		case number <= after:
			continue
		case found.problem != nil:
			err = reject(row, *found.problem)
		default:
			err = decode(&row, &ev, found.text)
		}
		if !yield(row, err) {
			return
		}
	}
}

// arrayRows yields the events of a JSON array, of which it holds one item at a time.
func arrayRows(in io.Reader, after int64, yield func(Row, error) bool) {
	var ev domain.Event
	dec := json.NewDecoder(in)
	if _, err := dec.Token(); err != nil {
		yield(Row{}, fmt.Errorf("read array: %w", err))
		return
	}
	var item json.RawMessage
	number := int64(1)
	for ; dec.More(); number++ {
		row := Row{Number: number}
		if err := dec.Decode(&item); err != nil {
			yield(row, fmt.Errorf("read array after row %d: %w", number-1, err))
			return
		}
		if number <= after {
			continue
		}
		var err error
		if len(item) > MaxLine {
			err = reject(row, *lineTooLong())
		} else {
			err = decode(&row, &ev, item)
		}
		if !yield(row, err) {
			return
		}
	}
	if _, err := dec.Token(); err != nil {
		yield(Row{Number: number}, fmt.Errorf("read array after row %d: %w", number-1, err))
	}
}

// decode reads an event into ev and the row.
func decode(row *Row, ev *domain.Event, text []byte) error {
	if err := wire.DecodeJSON(ev, text); err != nil {
		return reject(*row, problemsOf(err)...)
	}
	row.Event = ev
	return nil
}
