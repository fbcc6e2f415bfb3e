package viewtest

import (
	"errors"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// Run runs the suite. Its tests run in parallel, each with stores of its own.
func Run(t *testing.T, open NewStore) {
	for name, test := range map[string]func(*testing.T, NewStore){
		"A new store is empty":                                testEmpty,
		"Cells in the middle of a tick are those before it":   testCellsInATick,
		"The longest names stop no partition":                 testLongNames,
		"A claim fences the writer before it":                 testFencing,
		"A partition that does not exist cannot be claimed":   testNoPartition,
		"A batch that is rolled back leaves no trace":         testRollback,
		"A batch can be committed once":                       testCommitOnce,
		"A checkpoint carries what was committed":             testCheckpoint,
		"A filter that makes no sense is refused":             testFilters,
		"Long streams recognise duplicates after a new claim": testLongStream,
		"Timers fire once and at their instant":               testTimers,
		"A policy over many customers survives its writers":   testSweep,
		"A sweep is part of the checkpoint":                   testSweepCheckpoint,
		"Warnings wait for an answer until they have one":     testWarnings,
		"Records of a parked customer wait for a redrive":     testParked,
		"A customer parked by the first record is redriven":   testParkedByTheFirstRecord,
		"A long queue is redriven though its writers die":     testLongRedrive,
		"Parked customers come in pages":                      testParkedPages,
		"Control records act alike in every store":            testControlled,
		"Silence up to now and no further has its effect":     testSilenceAtNow,
		"Sums beyond 64 bits stop no commit":                  testOverflow,
		"Readers see whole batches":                           testReaders,
		"Answers are those of the memory store":               testAnswers,
		"Batches and partitions do not matter":                testProperty,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

func testEmpty(t *testing.T, open NewStore) {
	fold := DefaultFold()
	Equal(t, open(t, fold, 2), memview.New(fold, 2), []string{"C00000"})
}

func testFencing(t *testing.T, open NewStore) {
	fold := DefaultFold()
	store := open(t, fold, 1)
	records := Purchases(30, 5).Partition(1)[0]
	zombie := NewWriter(t, store, fold, 0, 1)
	zombie.Fold(records[:10])
	heir := NewWriter(t, store, fold, 0, 1)
	if heir.At.Next != 10 || heir.At.Epoch != zombie.At.Epoch+1 {
		t.Errorf("the second claim is at offset %d in epoch %d, want 10 and %d", heir.At.Next, heir.At.Epoch, zombie.At.Epoch+1)
	}
	if _, err := store.Begin(t.Context(), zombie.At, slices.Values([]string{})); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("a batch of a writer that was replaced got the error %v, want ErrFenced", err)
	}
	before := Answers(t, store, nil)
	if err := zombie.Try(records[10:20]); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("a writer that was replaced got the error %v, want ErrFenced", err)
	}
	for _, difference := range differences(Answers(t, store, nil), before) {
		t.Errorf("changed by a writer that was replaced: %s", difference)
	}
	heir.Fold(records[10:])
	stale := heir.At
	stale.Next = 10
	if _, err := store.Begin(t.Context(), stale, slices.Values([]string{})); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("a batch on a checkpoint of the past got the error %v, want ErrFenced", err)
	}
	Equal(t, store, reference(t, fold, [][]eventstore.Record{records}), []string{"C00000"})
}

// reference returns the memory store after it has folded each partition in one batch.
func reference(t testing.TB, fold *projections.Fold, partitions [][]eventstore.Record) projections.Store {
	store := memview.New(fold, len(partitions))
	Fold(t, store, fold, partitions, 1<<30)
	return store
}

func testNoPartition(t *testing.T, open NewStore) {
	store := open(t, DefaultFold(), 2)
	for _, p := range []int{-1, 2} {
		if _, err := store.Claim(t.Context(), p, ""); err == nil {
			t.Errorf("partition %d of 2 was claimed", p)
		}
		if _, err := store.Begin(t.Context(), projections.Checkpoint{Partition: p}, slices.Values([]string{})); err == nil {
			t.Errorf("a batch on partition %d of 2 was begun", p)
		}
	}
}

func testRollback(t *testing.T, open NewStore) {
	fold := DefaultFold()
	store := open(t, fold, 1)
	records := Generate(3, 200, 5).Partition(1)[0]
	w := NewWriter(t, store, fold, 0, 1)
	w.Fold(records[:100])
	before := Answers(t, store, []string{"C00000", "stranger"})

	b, err := store.Begin(t.Context(), w.At, slices.Values([]string{"C00000", "stranger", "C00000"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"C00000", "stranger"} {
		c := b.Customer(id)
		c.Stream.Accept(1, 2, 1000)
		c.Events++
		c.Profile = &projections.Profile{Name: "changed"}
		c.Lifecycle.Stage = domain.StageTermination
	}
	b.Rollback()
	b.Rollback()
	if _, err := b.Commit(t.Context(), &projections.Changes{Next: 101, Effects: new(projections.Effects)}); err == nil {
		t.Error("a batch that was rolled back could be committed")
	}

	for _, difference := range differences(Answers(t, store, []string{"C00000", "stranger"}), before) {
		t.Errorf("changed by a batch that was rolled back: %s", difference)
	}
	w.Fold(records[100:])
	Equal(t, store, reference(t, fold, [][]eventstore.Record{records}), []string{"C00000", "stranger"})
}

func testCommitOnce(t *testing.T, open NewStore) {
	store := open(t, DefaultFold(), 1)
	resume, err := store.Claim(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := store.Begin(t.Context(), resume.Checkpoint, slices.Values([]string{}))
	if err != nil {
		t.Fatal(err)
	}
	changes := &projections.Changes{Next: 1, Effects: new(projections.Effects)}
	if _, err := b.Commit(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(t.Context(), changes); err == nil {
		t.Error("a batch was committed twice")
	}
	b.Rollback()
	positions, err := store.Positions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if positions.String() != "0:1" {
		t.Errorf("the store is at %s, want 0:1", positions)
	}
}

func testCheckpoint(t *testing.T, open NewStore) {
	fold := DefaultFold()
	store := open(t, fold, 2)
	parts := Generate(4, 100, 5).Partition(2)
	Fold(t, store, fold, parts, 7)
	for p, records := range parts {
		resume, err := store.Claim(t.Context(), p, "")
		if err != nil {
			t.Fatal(err)
		}
		at := resume.Checkpoint
		last := &records[len(records)-1]
		if at.Partition != p || at.Next != last.Offset+1 || at.Last != projections.Fingerprint(last) ||
			at.Recorded != domain.InstantOf(last.RecordedAt) || at.Newest == 0 || at.Epoch != 2 {
			t.Errorf("the checkpoint of partition %d is %+v", p, at)
		}
	}
}

func testFilters(t *testing.T, open NewStore) {
	fold := DefaultFold()
	store := open(t, fold, 1)
	Fold(t, store, fold, Purchases(20, 10).Partition(1), 20)
	page, err := store.Customers(t.Context(), projections.CustomerFilter{Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, filter := range []projections.CustomerFilter{
		{Limit: -1}, {Limit: projections.MaxLimit + 1}, {Sort: "name"}, {Cursor: "?"}, {Cursor: page.Next, Owner: "x"},
		{Cursor: page.Next, Sort: projections.SortSince},
	} {
		if _, err := store.Customers(t.Context(), filter); !errors.Is(err, projections.ErrFilter) {
			t.Errorf("customers %+v: error %v, want ErrFilter", filter, err)
		}
	}
	for _, filter := range []projections.ParkedFilter{
		{Limit: -1}, {Limit: projections.MaxLimit + 1}, {Cursor: "?"}, {Cursor: page.Next}, {Stream: "\x00", Cursor: "?"},
	} {
		if _, err := store.Parked(t.Context(), filter); !errors.Is(err, projections.ErrFilter) {
			t.Errorf("parked %+v: error %v, want ErrFilter", filter, err)
		}
	}
	for _, filter := range []projections.QuarantineFilter{{Limit: -1}, {Limit: projections.MaxLimit + 1}, {Cursor: "?"}} {
		if _, err := store.Quarantined(t.Context(), filter); !errors.Is(err, projections.ErrFilter) {
			t.Errorf("quarantine %+v: error %v, want ErrFilter", filter, err)
		}
	}
}
