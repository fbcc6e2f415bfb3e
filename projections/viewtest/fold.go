package viewtest

import (
	"context"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// NewStore returns an empty store. It may be called more than once in a test; the stores it returned before in the same
// test are not used any more then.
type NewStore func(t testing.TB, fold *projections.Fold, partitions int) projections.Store

// DefaultFold returns a fold under the default policy with classes of value.
func DefaultFold() *projections.Fold {
	p := domain.DefaultPolicy()
	p.Models = domain.Models{string(domain.RoleClasses): {Name: domain.NameABC, Parameters: map[string]float64{"least.CNY.A": 3000, "least.CNY.B": 800}}}
	return projections.NewFold(p)
}

// Fold claims every partition and folds its records into the store, in batches of the given length, from the checkpoint
// on.
func Fold(t testing.TB, store projections.Store, fold *projections.Fold, partitions [][]eventstore.Record, batch int) {
	t.Helper()
	for p, records := range partitions {
		w := newWriter(t, store, fold, p, partitions)
		rest := records[w.At.Next:]
		for len(rest) > 0 {
			n := min(batch, len(rest))
			w.Fold(rest[:n])
			rest = rest[n:]
		}
	}
}

// Writer folds records into one partition and fails the test when that does not succeed.
type Writer struct {
	// At is the latest checkpoint.
	At     projections.Checkpoint
	t      testing.TB
	folder *projections.Folder
}

// NewWriter claims a partition.
func NewWriter(t testing.TB, store projections.Store, fold *projections.Fold, partition, partitions int) *Writer {
	t.Helper()
	return newWriter(t, store, fold, partition, make([][]eventstore.Record, partitions))
}

// newWriter claims a partition of a log that holds the given records, which it reads when a stream is redriven.
func newWriter(t testing.TB, store projections.Store, fold *projections.Fold, partition int, all [][]eventstore.Record) *Writer {
	t.Helper()
	folder := projections.NewFolder(fold, store, projections.FolderOptions{
		PartitionOf: Owner(len(all)), Owner: "writer", Records: records(all),
	})
	at, err := folder.Claim(t.Context(), partition)
	if err != nil {
		t.Fatal(err)
	}
	return &Writer{At: at, t: t, folder: folder}
}

// records are those of a log, by partition.
type records [][]eventstore.Record

// Read returns the records at the given offsets.
func (r records) Read(_ context.Context, partition int, offsets []int64) ([]eventstore.Record, error) {
	read := make([]eventstore.Record, len(offsets))
	for i, o := range offsets {
		read[i] = r[partition][o]
	}
	return read, nil
}

// Fold folds the records in one batch.
func (w *Writer) Fold(records []eventstore.Record) {
	w.t.Helper()
	if err := w.Try(records); err != nil {
		w.t.Fatal(err)
	}
}

// Try folds the records in one batch and returns the error. What was committed before it stays committed.
func (w *Writer) Try(records []eventstore.Record) error {
	at, err := w.folder.Fold(w.t.Context(), w.At, records)
	w.At = at
	return err
}
