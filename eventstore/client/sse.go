package client

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"time"
)

// event is one event of a stream of Server-Sent Events. One without data only moves the id, or sets the time after which to
// come back.
type event struct {
	id    string
	data  []byte
	retry time.Duration
}

// maxLine bounds a line of a stream. An output is far shorter.
const maxLine = 4 << 20

// eventReader reads Server-Sent Events, as far as Rapport sends them.
type eventReader struct{ lines *bufio.Scanner }

func newEventReader(r io.Reader) *eventReader {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 16<<10), maxLine)
	return &eventReader{lines}
}

// next returns the next event: what stands before an empty line, or a comment, which counts as an event without data. The
// data is the caller's. The error is io.EOF at the end, also in the middle of an event, which is then dropped.
func (r *eventReader) next() (event, error) {
	var e event
	for r.lines.Scan() {
		line := r.lines.Bytes()
		if len(line) == 0 {
			return e, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "id":
			e.id = string(value)
		case "data":
			if e.data != nil {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
		case "retry":
			if ms, err := strconv.Atoi(string(value)); err == nil && ms > 0 {
				e.retry = time.Duration(ms) * time.Millisecond
			}
		}
	}
	if err := r.lines.Err(); err != nil {
		return event{}, err
	}
	return event{}, io.EOF
}
