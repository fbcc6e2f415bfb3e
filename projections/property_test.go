package projections_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

func TestBatchBoundariesChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := drawHistory(t)
		cuts := rapid.SliceOfN(rapid.Bool(), len(records), len(records)).Draw(t, "cuts")
		want := shown(t, foldAll(t, records, projections.Bound{}, whole))
		got := shown(t, foldAll(t, records, projections.Bound{}, func(i int) bool { return cuts[i] }))
		equal(t, got, want)
	})
}

func TestARepeatedDeliveryOfTheWholeLogChangesNothingButTheVerdicts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// A record that was a conflict may be accepted when it comes again at the version it expects.
		records := drawRecords(t, []int{-1})
		once := summary(t, foldAll(t, records, projections.Bound{}, whole))
		twice := slices.Clone(records)
		for _, r := range records {
			r.Offset = int64(len(twice))
			twice = append(twice, r)
		}
		again := summary(t, foldAll(t, twice, projections.Bound{}, whole))
		if again.Digest != once.Digest || again.Events != once.Events {
			t.Fatalf("digest %s and %d events became %s and %d", once.Digest, once.Events, again.Digest, again.Events)
		}
	})
}

func TestTheOrderOfOtherCustomersChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := drawHistory(t)
		byCustomer := slices.Clone(records)
		slices.SortStableFunc(byCustomer, func(a, b eventstore.Record) int { return slices.Compare(a.Key, b.Key) })
		for i := range byCustomer {
			byCustomer[i].Offset = int64(i)
		}
		want := summary(t, foldAll(t, records, projections.Bound{}, whole))
		got := summary(t, foldAll(t, byCustomer, projections.Bound{}, whole))
		if got.Digest != want.Digest {
			t.Fatalf("digest %s became %s", want.Digest, got.Digest)
		}
	})
}

func TestARolledBackBatchLeavesNoTrace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := drawHistory(t)
		cut := rapid.IntRange(0, len(records)-1).Draw(t, "cut")
		store := memview.New(defaultFold, 1)
		foldInto(t, store, records[:cut], projections.Bound{}, whole)
		before := shown(t, store)
		ctx := t.Context()
		folder := projections.NewFolder(defaultFold, failingCommits{store}, projections.FolderOptions{PartitionOf: inPartitionZero})
		at, err := folder.Claim(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := folder.Fold(ctx, at, records[cut:]); err == nil {
			t.Fatal("the commit should have failed")
		}
		equal(t, shown(t, store), before)
		foldInto(t, store, records[cut:], projections.Bound{}, whole)
		equal(t, shown(t, store), shown(t, foldAll(t, records, projections.Bound{}, whole)))
	})
}

func TestAStateComesBackFromItsBinaryForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var want projections.Customer
		fold(t, drawHistory(t), &want)
		state := want.AppendState(nil)
		got := projections.Customer{ID: want.ID, Stream: want.Stream}
		if err := got.LoadState(state); err != nil {
			t.Fatal(err)
		}
		if again := got.AppendState(nil); string(again) != string(state) {
			t.Fatalf("state %x became %x", state, again)
		}
		equal(t, jsonOf(t, defaultFold.View(&got, nil, got.Now)), jsonOf(t, defaultFold.View(&want, nil, want.Now)))
		for n := range state {
			if err := new(projections.Customer).LoadState(state[:n]); err == nil {
				t.Fatalf("a state cut off after %d of %d bytes was taken", n, len(state))
			}
		}
	})
}

func TestASnapshotStaysAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type moment struct {
			snapshot projections.Customer
			state    []byte
		}
		var c projections.Customer
		var taken []moment
		foldEach(t, drawHistory(t), &c, func() {
			taken = append(taken, moment{c, c.AppendState(nil)})
		})
		for i, m := range taken {
			if now := m.snapshot.AppendState(nil); string(now) != string(m.state) {
				t.Fatalf("snapshot %d changed from %x to %x", i, m.state, now)
			}
		}
	})
}

func TestSilenceInOneStepOrManyIsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c projections.Customer
		fold(t, drawHistory(t), &c)
		end := c.Now + 800*domain.Day
		once, moves := defaultFold.At(&c, end)
		stepped := c
		var out projections.Effects
		for at := c.Now; at < end; at += domain.Instant(rapid.IntRange(1, 90).Draw(t, "days")) * domain.Day {
			defaultFold.Advance(&stepped, at, &out)
		}
		defaultFold.Advance(&stepped, end, &out)
		if string(stepped.AppendState(nil)) != string(once.AppendState(nil)) || len(moves) != len(out.Moves) {
			t.Fatalf("moves %v in one step, %v in many", moves, out.Moves)
		}
	})
}

func TestAsOfIsTheFoldOfWhatHadOccurred(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := drawHistory(t)
		at := domain.InstantOf(domain.Date(20454 + rapid.IntRange(0, 400).Draw(t, "day")).Time())
		got := summary(t, foldAll(t, records, projections.Bound{At: at}, whole))
		if got.AsOf != at {
			t.Fatalf("as of %s, want %s", got.AsOf, at)
		}
		var stages int64
		for _, n := range got.Stages {
			stages += n
		}
		if stages != got.Customers {
			t.Fatalf("%d customers in stages, %d in all", stages, got.Customers)
		}
	})
}

// fold folds all records into one customer, whoever they are of.
func fold(t failer, records []eventstore.Record, c *projections.Customer) {
	foldEach(t, records, c, func() {})
}

func foldEach(t failer, records []eventstore.Record, c *projections.Customer, after func()) {
	one := single{customer: c}
	folder := projections.NewFolder(defaultFold, one, projections.FolderOptions{PartitionOf: inPartitionZero})
	for i := range records {
		if _, err := folder.Fold(context.Background(), projections.Checkpoint{Next: int64(i)}, records[i:i+1]); err != nil {
			t.Fatal(err)
		}
		after()
	}
}

// shown is everything people can see of a store.
func shown(t failer, store *memview.Store) string {
	ctx := context.Background()
	parts := []any{summary(t, store)}
	page, err := store.Customers(ctx, projections.CustomerFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range page.Items {
		view, err := store.Customer(ctx, item.ID)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, item, view)
	}
	report, err := store.Lifecycle(ctx, projections.LifecycleFilter{})
	if err != nil {
		t.Fatal(err)
	}
	aside, err := store.Quarantined(ctx, projections.QuarantineFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return jsonOf(t, append(parts, report, aside))
}

func jsonOf(t failer, v any) string {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func equal(t failer, got, want string) {
	if got != want {
		t.Fatal("got\n" + got + "\nwant\n" + want)
	}
}
