package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// dataFile returns the path of one of the real data sets, and skips the test where they are absent.
func dataFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the data set %s is missing", name)
		}
		t.Skipf("the data set %s is not here", name)
	}
	return path
}

// writeFile writes a file for one test and returns its path.
func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openFile opens a file for one test.
func openFile(t testing.TB, path string, opts FileOptions) *File {
	t.Helper()
	f, err := OpenFile(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// imported is what a file yields: copies of its events, and its rejections.
type imported struct {
	events  []domain.Event
	rows    []Row
	skipped int
	rejects []*Rejection
	err     error
}

// readAll reads all rows of a file after the given one.
func readAll(f *File, after int64) imported {
	var all imported
	for row, err := range f.Rows(after) {
		rejected, ok := errors.AsType[*Rejection](err)
		switch {
		case ok:
			all.rejects = append(all.rejects, rejected)
		case err != nil:
			all.err = err
		case row.Event == nil:
			all.skipped++
		default:
			var copied domain.Event
			if err := wire.DecodeJSON(&copied, wire.Encode(nil, row.Event)); err != nil {
				all.err = err
				return all
			}
			all.events = append(all.events, copied)
			all.rows = append(all.rows, row)
		}
	}
	return all
}

// summary folds the whole log into memory.
func summary(t testing.TB, log *eventstore.Log) (*projections.Summary, *memview.Store) {
	t.Helper()
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, log.Partitions())
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runner := projections.NewRunner(log, store, fold, projections.RunnerOptions{})
	if err := runner.RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	s, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s, store
}

// errWritten is an unknown outcome of records that were written in fact.
var errWritten = fmt.Errorf("acknowledgement lost: %w", eventstore.ErrUnknownOutcome)

// memoryLog is a log in memory that can be told to fail.
type memoryLog struct {
	mu         sync.Mutex
	partitions [][]eventstore.Record
	// before, when not nil, is called before each append and may let it fail after the first n records were
	// acknowledged; the others are not written, unless the error is errWritten.
	before func(call int, records []eventstore.Record) (n int, err error)
	calls  int
}

func newMemoryLog(partitions int) *memoryLog {
	return &memoryLog{partitions: make([][]eventstore.Record, partitions)}
}

func (l *memoryLog) Partitions() int { return len(l.partitions) }

func (l *memoryLog) PartitionOf(key []byte) int {
	sum := 0
	for _, c := range key {
		sum += int(c)
	}
	return sum % len(l.partitions)
}

func (l *memoryLog) Ends(context.Context) (eventstore.Positions, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ends := make(eventstore.Positions, len(l.partitions))
	for p := range ends {
		ends[p] = int64(len(l.partitions[p]))
	}
	return ends, nil
}

func (l *memoryLog) Append(ctx context.Context, records []eventstore.Record) ([]eventstore.Appended, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	n, err := len(records), error(nil)
	if l.before != nil {
		if n, err = l.before(l.calls, records); err == nil {
			n = len(records)
		}
	}
	out := make([]eventstore.Appended, len(records))
	for i, r := range records {
		if i >= n {
			out[i].Err = err
			if !errors.Is(err, errWritten) {
				continue
			}
		}
		p := l.PartitionOf(r.Key)
		r.Key, r.Value = append([]byte(nil), r.Key...), append([]byte(nil), r.Value...)
		out[i].Position = eventstore.Position{Partition: p, Offset: int64(len(l.partitions[p]))}
		l.partitions[p] = append(l.partitions[p], r)
	}
	if err != nil {
		err = fmt.Errorf("append: %w", err)
	}
	return out, err
}

// events returns the events of the log by subject, in order.
func (l *memoryLog) events(t *testing.T) map[string][]domain.Event {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[string][]domain.Event)
	for _, records := range l.partitions {
		for _, r := range records {
			var ev domain.Event
			if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
				t.Fatal(err)
			}
			all[ev.Subject] = append(all[ev.Subject], ev)
		}
	}
	return all
}
