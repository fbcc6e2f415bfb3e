package memview_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// Outputs are published between Begin and Commit, which may take as long as a broker is away.
func TestReadersDoNotWaitForABatchThatIsOpen(t *testing.T) {
	t.Parallel()
	fold := viewtest.DefaultFold()
	store := memview.New(fold, 1)
	records := viewtest.Purchases(3, 4).Partition(1)[0]
	w := viewtest.NewWriter(t, store, fold, 0, 1)
	w.Fold(records)
	id := string(records[0].Key)
	before, err := store.Customer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	b, err := store.Begin(t.Context(), w.At, slices.Values([]string{id, "fresh"}))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Rollback()
	b.Customer(id).Trade.Purchases++
	b.Customer("fresh").Events++
	during, err := store.Customer(t.Context(), id)
	if err != nil || during.Trade.Purchases != before.Trade.Purchases {
		t.Errorf("while the batch is open a reader sees %d events, %v", during.Trade.Purchases, err)
	}
	if _, err := store.Summary(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := store.Customer(t.Context(), "fresh"); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("a customer of an open batch is seen: %v", err)
	}
	// A writer that takes over meanwhile fences the commit.
	if _, err := store.Claim(t.Context(), 0, "other"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(t.Context(), &projections.Changes{Next: w.At.Next + 1, Effects: new(projections.Effects)}); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("the commit of a replaced writer gives %v", err)
	}
	if after, err := store.Customer(t.Context(), id); err != nil || after.Trade.Purchases != before.Trade.Purchases {
		t.Errorf("after it a reader sees %d events, %v", after.Trade.Purchases, err)
	}
}

func TestACustomerWhoseSilencePanicsIsShownAsItsLastEventLeftIt(t *testing.T) {
	t.Parallel()
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.NewWith(fold, 1, memview.Options{At: domain.InstantOf(domain.Date(40_000).Time())})
	viewtest.Fold(t, store, fold, viewtest.Purchases(3, 4).Partition(1), 100)
	*fold = projections.Fold{} // without a policy every timer panics
	page, err := store.Customers(t.Context(), projections.CustomerFilter{})
	if err != nil || len(page.Items) != 3 {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestAStoreThatIsFilledInPlaceIsOfNoUseAfterABatchThatWasNotCommitted(t *testing.T) {
	t.Parallel()
	fold := viewtest.DefaultFold()
	store := memview.NewWith(fold, 1, memview.Options{InPlace: true})
	w := viewtest.NewWriter(t, store, fold, 0, 1)
	records := viewtest.Purchases(3, 4).Partition(1)[0]
	w.Fold(records)
	none := slices.Values([]string(nil))
	untouched, err := store.Begin(t.Context(), w.At, none)
	if err != nil {
		t.Fatal(err)
	}
	untouched.Rollback()
	half, err := store.Begin(t.Context(), w.At, none)
	if err != nil {
		t.Fatalf("a batch that changed nothing was not committed, and the next one gives %v", err)
	}
	half.Customer(string(records[0].Key)).Trade.Purchases++
	half.Rollback()
	if _, err := store.Begin(t.Context(), w.At, none); !errors.Is(err, projections.ErrTorn) {
		t.Errorf("a batch that changed a customer was not committed, and the next one gives %v, want ErrTorn", err)
	}
}
