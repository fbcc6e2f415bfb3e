package projections_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// table is a projections.Register of one partition that keeps, for each customer, the state that was put last and the one
// with the greatest position.
type table struct {
	filled         int64
	last, greatest map[string]domain.CustomerState
	puts           int
}

func newTable() *table {
	return &table{filled: -1, last: make(map[string]domain.CustomerState), greatest: make(map[string]domain.CustomerState)}
}

func (k *table) Current(_ context.Context, at projections.Checkpoint) (bool, error) {
	return k.filled == at.Epoch-1, nil
}

func (k *table) Filled(_ context.Context, at projections.Checkpoint) error {
	k.filled = at.Epoch
	return nil
}

func (k *table) Put(_ context.Context, states []domain.CustomerState) error {
	k.puts++
	for _, s := range states {
		k.last[s.ID] = s
		if before, known := k.greatest[s.ID]; !known || offsetOf(s) >= offsetOf(before) {
			k.greatest[s.ID] = s
		}
	}
	return nil
}

func offsetOf(s domain.CustomerState) int64 {
	at, err := eventstore.ParsePosition(s.Position)
	if err != nil {
		return -1
	}
	return at.Offset
}

// timeless returns the states without what says when they were put.
func timeless(states map[string]domain.CustomerState) map[string]string {
	shown := make(map[string]string)
	for id, s := range states {
		s.Position, s.PolicyVersion = "", ""
		shown[id] = fmt.Sprintf("%+v", s)
	}
	return shown
}

// rereadable reads records of one partition again.
type rereadable []eventstore.Record

func (r rereadable) Read(_ context.Context, _ int, offsets []int64) ([]eventstore.Record, error) {
	read := make([]eventstore.Record, len(offsets))
	for i, o := range offsets {
		read[i] = r[o]
	}
	return read, nil
}

// TestARegisterHasTheNewestStateOfEveryCustomerWhateverHappensToTheWriters lets writers come and go, some of which crash
// between the states and the commit, and some of which put no states.
func TestARegisterHasTheNewestStateOfEveryCustomerWhateverHappensToTheWriters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := viewtest.DrawControlled(t).Partition(1)[0]
		store, kept := memview.New(defaultFold, 1), newTable()
		claim := func(s projections.Store, register projections.Register) (*projections.Folder, projections.Checkpoint) {
			folder := projections.NewFolder(defaultFold, s, projections.FolderOptions{
				PartitionOf: inPartitionZero, Register: register, Records: rereadable(records),
			})
			at, err := folder.Claim(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			return folder, at
		}
		for done := false; !done; {
			kind := rapid.SampledFrom([]string{"publishes", "crashes", "is silent"}).Draw(t, "writer")
			var used projections.Store = store
			var register projections.Register = kept
			switch kind {
			case "crashes":
				used = failingCommits{store}
			case "is silent":
				register = nil
			}
			folder, at := claim(used, register)
			for range rapid.IntRange(1, 3).Draw(t, "batches") {
				n := min(rapid.IntRange(1, 40).Draw(t, "records"), len(records)-int(at.Next))
				next, err := folder.Fold(t.Context(), at, records[at.Next:int(at.Next)+n])
				if kind == "crashes" {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				at = next
			}
			done = int(at.Next) == len(records)
		}
		claim(store, kept)
		whole := newTable()
		claim(store, whole)
		want := timeless(whole.last)
		if got := timeless(kept.last); !maps.Equal(got, want) {
			t.Errorf("the states put last are %v, want %v", got, want)
		}
		if got := timeless(kept.greatest); !maps.Equal(got, want) {
			t.Errorf("the states of the greatest positions are %v, want %v", got, want)
		}
	})
}

func TestARegisterIsFilledOnceAndThenToldWhatChanges(t *testing.T) {
	t.Parallel()
	store, kept := memview.New(defaultFold, 1), newTable()
	first := envelope("c", event("x", "purchase.recorded", paid))
	second := envelope("employee:e-7", `{"specversion":"1.0","source":"t","id":"y","type":"employee.left","subject":"employee:e-7","time":"2026-01-01T00:00:00Z","data":{}}`)
	second.Offset = 1
	foldInto(t, store, []eventstore.Record{first}, projections.Bound{}, whole)
	options := projections.FolderOptions{PartitionOf: inPartitionZero, Register: kept}
	var at projections.Checkpoint
	for range 3 {
		folder := projections.NewFolder(defaultFold, store, options)
		var err error
		if at, err = folder.Claim(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if at.Next == 1 {
			if _, err = folder.Fold(t.Context(), at, []eventstore.Record{second}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if kept.puts != 1 || len(kept.last) != 1 || kept.filled != at.Epoch {
		t.Errorf("%d times states were put: %+v", kept.puts, kept.last)
	}
	s := kept.last["c"]
	if s.Version != 1 || s.Stage != "growth" || s.Reason != "first_purchase" || s.Purchases != 1 || s.Position != "0:0" ||
		s.PolicyVersion == "" || len(s.Sums) != 1 || s.Sums[0].PurchasedMinor != 1 {
		t.Errorf("the state is %+v", s)
	}
}

// TestARegisterThatIsFilledInTheMiddleOfASweepHasWhatTheNewPolicyMakesOfAll stops a writer after the first part of a sweep. The
// next one has an empty register.
func TestARegisterThatIsFilledInTheMiddleOfASweepHasWhatTheNewPolicyMakesOfAll(t *testing.T) {
	t.Parallel()
	const customers = 5001 // one more than a sweep looks at at once
	model := "models: {classes: {name: abc, parameters: {least.CNY.A: 1}}}\n"
	b := newBook(t, projections.NewFold(domain.DefaultPolicy()))
	b.publish(day(1), "version: first\n"+model)
	for i := range customers {
		b.purchase(fmt.Sprint("c", i), fmt.Sprint("e", i), day(2))
	}
	b.catchUp()
	b.publish(day(3), "version: second\nvalue: {classes: [{name: Gold, share: 0.8}, {name: C, share: 1}]}\nmodels: {classes: {name: abc, parameters: {least.CNY.Gold: 1}}}\n")
	left := b.records[b.at.Next:]
	stopped := projections.NewFolder(b.fold, &fewCommits{b.store, 1}, projections.FolderOptions{PartitionOf: inPartitionZero})
	at, err := stopped.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stopped.Fold(t.Context(), at, left); err == nil {
		t.Fatal("the writer did not stop")
	}
	kept := newTable()
	next := projections.NewFolder(b.fold, b.store, projections.FolderOptions{PartitionOf: inPartitionZero, Register: kept})
	if at, err = next.Claim(t.Context(), 0); err != nil || at.Sweep == "" {
		t.Fatalf("the sweep is at %q, %v", at.Sweep, err)
	}
	if at, err = next.Fold(t.Context(), at, left); err != nil {
		t.Fatal(err)
	}
	if kept.filled != at.Epoch {
		t.Error("the register is not noted as filled")
	}
	for i := range customers {
		if s := kept.last[fmt.Sprint("c", i)]; s.ValueClass != "Gold" || s.PolicyVersion != "second" {
			t.Fatalf("c%d has the class %q by policy %q", i, s.ValueClass, s.PolicyVersion)
		}
	}
}

// fewCommits is a store in which so many batches can be committed.
type fewCommits struct {
	*memview.Store
	left int
}

func (s *fewCommits) Begin(ctx context.Context, at projections.Checkpoint, names iter.Seq[string]) (projections.Batch, error) {
	if s.left == 0 {
		return failingCommits{s.Store}.Begin(ctx, at, names)
	}
	s.left--
	return s.Store.Begin(ctx, at, names)
}
