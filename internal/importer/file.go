package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// Format is a kind of file.
type Format string

// The formats. CloudEvents is NDJSON, one event a line, or a JSON array; CSV needs a mapping; the others are tables
// whose mapping is built in.
const (
	CloudEvents  Format = "cloudevents"
	CSV          Format = "csv"
	CDNow        Format = "cdnow"
	OnlineRetail Format = "online-retail"
)

// Formats are the names of all formats.
func Formats() []Format { return []Format{CloudEvents, CSV, CDNow, OnlineRetail} }

// FileOptions say how a file is read.
type FileOptions struct {
	// Format is required.
	Format Format
	// Mapping is a YAML document, for the format CSV only, which needs it.
	Mapping []byte
	// Source names where the rows come from: their ids depend on it. Default: the name in the mapping, else the base
	// name of the file without .gz or .zst.
	Source string
}

// File is an open file of events. It is for one goroutine, except Offset.
type File struct {
	path    string
	source  string
	format  Format
	mapping []byte
	file    *os.File
	size    int64
	offset  atomic.Int64
	text    *bufio.Reader
	close   func()
	rows    func(after int64, yield func(Row, error) bool)
}

// OpenFile opens a file, which it decompresses when it is a gzip or zstd archive, and compiles the mapping against the
// header. Close releases it.
func OpenFile(path string, opts FileOptions) (*File, error) {
	f := &File{path: path, format: opts.Format, mapping: opts.Mapping, source: opts.Source}
	if (f.format == CSV) != (f.mapping != nil) {
		return nil, fmt.Errorf("open %s: the format csv needs a mapping, and no other format takes one", path)
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err // it names the operation and the file
	}
	f.file = in
	if err := f.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), f.Close())
	}
	return f, nil
}

func (f *File) prepare() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	f.size = info.Size()
	text, close, err := plain(f)
	if err != nil {
		return err
	}
	f.text, f.close = bufio.NewReaderSize(text, 64<<10), close
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(f.path), ".gz"), ".zst")
	if f.format == CloudEvents {
		if f.source == "" {
			f.source = name
		}
		f.rows, err = cloudEvents(f.text)
		return err
	}
	return f.prepareTable(name)
}

// prepareTable makes f.rows for a table.
func (f *File) prepareTable(name string) error {
	m, err := f.tableMapping()
	if err != nil {
		return err
	}
	switch {
	case f.source != "":
	case m.Source != "":
		f.source = m.Source
	default:
		f.source = name
	}
	delimiter, err := m.delimiter()
	if err != nil {
		return err
	}
	t := newTable(f.text, delimiter)
	columns := m.Columns
	if m.header() {
		header, problem, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the file has no header")
		case err != nil:
			return fmt.Errorf("read header: %w", err)
		case problem != nil:
			return fmt.Errorf("read header: %s", problem.Message)
		case len(columns) == 0:
			for _, name := range header.fields {
				columns = append(columns, strings.TrimSpace(name))
			}
		}
	}
	x, err := compile(m, f.source, columns)
	if err != nil {
		return err
	}
	f.rows = func(after int64, yield func(Row, error) bool) { tableRows(t, x, after, yield) }
	return nil
}

// tableRows yields the events of a table.
func tableRows(t *table, x *mapper, after int64, yield func(Row, error) bool) {
	for number := int64(1); ; number++ {
		r, problem, err := t.next()
		switch row := (Row{Number: number, Line: r.line}); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			yield(row, fmt.Errorf("read after row %d: %w", number-1, err))
			return
		case number <= after:
		case problem != nil:
			if !yield(row, reject(row, *problem)) {
				return
			}
		default:
			if !x.rows(row, &r, yield) {
				return
			}
		}
	}
}

// Rows yields the events of the file, in its order, of the rows after the given number. An error that is a *Rejection
// is about one row; any other error is the last pair. Rows can be called once.
func (f *File) Rows(after int64) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		f.rows(after, func(row Row, err error) bool {
			if rejected, ok := errors.AsType[*Rejection](err); ok {
				rejected.Source = f.source
			}
			return yield(row, err)
		})
	}
}

// Source returns the name of the source.
func (f *File) Source() string { return f.source }

// Path returns the path under which the file was opened.
func (f *File) Path() string { return f.path }

// Size returns the size of the file in bytes, compressed if it is.
func (f *File) Size() int64 { return f.size }

// Offset returns how many bytes of the file were read. It may be called at any time.
func (f *File) Offset() int64 { return f.offset.Load() }

// Read reads the bytes of the file as they are. It serves what decompresses them.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.file.Read(p)
	f.offset.Add(int64(n))
	return n, err
}

// Close closes the file.
func (f *File) Close() error {
	if f.close != nil {
		f.close()
	}
	return f.file.Close()
}

// firstLine returns the beginning of the first line without reading it.
func firstLine(in *bufio.Reader) string {
	head, _ := in.Peek(4096) // a shorter file is all there is; another error shows when the file is read
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return string(line)
}
