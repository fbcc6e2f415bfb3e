package demo

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

func TestEveryEventOfTheDefaultRunIsValidAndEveryTypeOccurs(t *testing.T) {
	t.Parallel()
	decoder := domain.NewDecoder()
	counts := map[string]int{}
	ids := map[string]bool{}
	for ev := range setup(t, Options{}).Events() {
		if _, _, err := decoder.DecodeEvent(&ev); err != nil {
			t.Fatalf("%s of %s: %v\n%s", ev.Type, ev.Subject, err, ev.Data)
		}
		if ids[ev.ID] {
			t.Fatalf("the id %s occurs twice", ev.ID)
		}
		ids[ev.ID] = true
		counts[ev.Type]++
	}
	for _, typ := range domain.Types() {
		if n := counts[typ.Name]; (n == 0) != typ.Control {
			t.Errorf("%s occurs %d times", typ.Name, n)
		}
	}
	if counts["showroom.lighting_changed"] == 0 {
		t.Error("no event of a type outside the catalogue")
	}
	if n := float64(len(ids)) / DefaultCustomers; n < 40 || n > 80 {
		t.Errorf("%.1f events a customer, want 40 to 80", n)
	}
}

// run is a folded log.
type run struct {
	views  *memview.Store
	events int64
}

// defaultRun returns the default run, which is folded once for all tests that only read it.
func defaultRun(t *testing.T) run {
	t.Helper()
	r, err := foldDefault()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// foldDefault folds the default run as a log of one partition.
var foldDefault = sync.OnceValues(func() (run, error) {
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, 1)
	g, err := New(Options{End: testEnd})
	if err != nil {
		return run{}, err
	}
	var records []eventstore.Record
	for ev := range g.Events() {
		records = append(records, eventstore.Record{
			Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers(),
			Offset: int64(len(records)), RecordedAt: ev.Time.Time(),
		})
	}
	folder := projections.NewFolder(fold, store, projections.FolderOptions{PartitionOf: func([]byte) int { return 0 }})
	at, err := folder.Claim(context.Background(), 0)
	if err != nil {
		return run{}, err
	}
	for batch := range slices.Chunk(records, 5000) {
		if at, err = folder.Fold(context.Background(), at, batch); err != nil {
			return run{}, err
		}
	}
	return run{store, int64(len(records))}, nil
})

func TestTheFoldOfTheDefaultRunPopulatesEveryStage(t *testing.T) {
	t.Parallel()
	r := defaultRun(t)
	sum, err := r.views.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sum.Events != r.events || sum.Customers != DefaultCustomers {
		t.Errorf("%d events of %d customers were accepted, want %d of %d: %v",
			sum.Events, sum.Customers, r.events, DefaultCustomers, sum.Verdicts)
	}
	for stage, least := range map[string]int64{"prospect": 10, "growth": 10, "maturity": 10, "decline": 8, "termination": 3} {
		if share := sum.Stages[stage] * 100 / sum.Customers; share < least {
			t.Errorf("%d %% of the customers are in %s, want at least %d %%: %v", share, stage, least, sum.Stages)
		}
	}
	if share := sum.Stages["prospect"] * 100 / sum.Customers; share > 20 {
		t.Errorf("%d %% of the customers are prospects, want at most 20 %%", share)
	}
}
