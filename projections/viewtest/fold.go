package viewtest

import (
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// NewStore returns an empty store. It may be called more than once in a test; the stores it returned before in the same
// test are not used any more then.
type NewStore func(t testing.TB, fold *projections.Fold, partitions int) projections.Store

// DefaultFold returns a fold under the default policy.
func DefaultFold() *projections.Fold { return projections.NewFold(domain.DefaultPolicy()) }

// Fold claims every partition and folds its records into the store, in batches of the given length, from the checkpoint
// on.
func Fold(t testing.TB, store projections.Store, fold *projections.Fold, partitions [][]eventstore.Record, batch int) {
	t.Helper()
	for p, records := range partitions {
		w := NewWriter(t, store, fold, p, len(partitions))
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
	at, err := store.Claim(t.Context(), partition)
	if err != nil {
		t.Fatal(err)
	}
	return &Writer{At: at, t: t, folder: projections.NewFolder(fold, store, Owner(partitions), projections.Bound{})}
}

// Fold folds the records in one batch.
func (w *Writer) Fold(records []eventstore.Record) {
	w.t.Helper()
	if err := w.Try(records); err != nil {
		w.t.Fatal(err)
	}
}

// Try folds the records in one batch and returns the error.
func (w *Writer) Try(records []eventstore.Record) error {
	at, err := w.folder.Fold(w.t.Context(), w.At, records)
	if err == nil {
		w.At = at
	}
	return err
}
