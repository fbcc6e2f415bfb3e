package importer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// The classes and shares of Online Retail are those of the same data computed independently (docs/value.md). The thresholds
// of the ranking, put in force, give every customer that class, and tell each change once.
func TestOnlineRetailHasTheClassesOfAnIndependentCount(t *testing.T) {
	t.Parallel()
	path := dataFile(t, "online_retail/online_retail_invoices.csv")
	log := logtest.Embedded(t, 4)
	importFile(t, log, path, FileOptions{Format: OnlineRetail})

	policy := domain.DefaultPolicy()
	policy.Value.Measure = domain.MeasurePurchases
	pounds := valued(t, log, policy, nil)
	got := []string{fmt.Sprint(pounds.Ranked, " ", pounds.TotalMinor)}
	for _, class := range pounds.Classes {
		got = append(got, fmt.Sprint(class.Class, " ", class.Customers))
	}
	for _, top := range pounds.Top {
		got = append(got, fmt.Sprintf("%v %.4f", top.Customers, *top.Share))
	}
	got = append(got, fmt.Sprintf("gini %.4f", *pounds.Gini))
	want := []string{"4338 891140790", "A 1133", "B 1469", "C 1736", "0.2 0.7459", "0.1 0.6133", "0.01 0.3178", "gini 0.7151"}
	if !slices.Equal(got, want) {
		t.Errorf("the report says %q, want %q", got, want)
	}

	least := map[string]float64{}
	for _, class := range pounds.Classes[:2] {
		least[domain.LeastName("GBP", class.Class)] = float64(*class.LeastMinor)
	}
	policy.Models = domain.Models{string(domain.RoleClasses): {Name: domain.NameABC, Parameters: least}}
	told, again := new(changes), new(changes)
	classified := valued(t, log, policy, told)
	valued(t, log, policy, again)
	in := make(map[string]int64)
	for _, class := range told.last {
		in[class]++
	}
	for _, class := range classified.Classes {
		// Who bought for nothing has no place in the ranking and is in the last class.
		ranked := class.Customers
		if class.Class == "C" {
			ranked += classified.Buyers - int64(classified.Ranked)
		}
		if class.InForce != ranked || in[class.Class] != ranked {
			t.Errorf("%d customers are in class %s and %d were told so, want %d", class.InForce, class.Class, in[class.Class], ranked)
		}
	}
	if !slices.Equal(told.sorted(), again.sorted()) {
		t.Error("a replay tells other changes of class")
	}
	if told.wrong > 0 || len(told.seen) < 4338 {
		t.Errorf("%d changes were told, %d of them without a change of class", len(told.seen), told.wrong)
	}
}

// valued folds the log under a policy and returns what the customers who pay in pounds are worth.
func valued(t *testing.T, log *eventstore.Log, policy *domain.Policy, outlet projections.Outlet) *projections.CurrencyValue {
	t.Helper()
	fold := projections.NewFold(policy)
	store := memview.New(fold, log.Partitions())
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := projections.NewRunner(log, store, fold, projections.RunnerOptions{Outlet: outlet}).RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	var filter projections.ValueFilter
	valuation := projections.NewValuation(filter)
	moment, err := store.Walk(t.Context(), filter.OrgUnit, valuation.Add)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := store.Cells(t.Context(), filter.Cells())
	if err != nil {
		t.Fatal(err)
	}
	report := valuation.Report(moment, cells)
	return &report.Currencies[0]
}

// changes is an outlet that keeps the changes of class.
type changes struct {
	mu sync.Mutex
	// last is the class of each customer told last, seen are all changes, wrong counts those that change nothing.
	last  map[string]string
	seen  []string
	wrong int
}

func (c *changes) Publish(_ context.Context, outputs []projections.Output) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		c.last = make(map[string]string)
	}
	for _, o := range outputs {
		d, ok := o.Data.(*domain.ValueClassChanged)
		if !ok {
			continue
		}
		if d.Previous != c.last[o.Customer] || d.Class == d.Previous {
			c.wrong++
		}
		c.last[o.Customer] = d.Class
		c.seen = append(c.seen, fmt.Sprint(o.Customer, " ", o.Sequence, " ", d.Class, " ", d.At, " ", o.Position))
	}
	return nil
}

func (c *changes) sorted() []string {
	slices.Sort(c.seen)
	return c.seen
}
