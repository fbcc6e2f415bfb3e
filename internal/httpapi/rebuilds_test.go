package httpapi_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/refold"
)

// generations is what the tests look at in the list of generations.
type generations struct {
	Items []struct {
		ID        int
		State     string
		Era       int
		Customers int64
		Rebuild   *struct {
			Phase      string
			Running    bool
			Done       float64
			Partitions []struct {
				Partition        int
				Pinned, Records  int64
				Done             float64
				RecordsPerSecond float64 `json:"records_per_second"`
				RemainingSeconds float64 `json:"remaining_seconds"`
			}
		}
	}
}

func TestViewsInMemoryHaveNoGenerations(t *testing.T) {
	t.Parallel()
	r := setup(t).get("/v1/rebuilds").wants(http.StatusOK)
	if got := string(r.body); got != "{\"items\":[]}\n" {
		t.Errorf("the list is %s", got)
	}
}

func TestARebuildCanBeWatchedWhileItRuns(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), pgtest.Database(t), pg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s := setup(t, func(o *httpapi.Options) {
		o.Generations = func(ctx context.Context) ([]pgview.GenerationStatus, error) { return pgview.ListGenerations(ctx, pool) }
	})
	router := contract(t, s)
	s.fill(30, "c1", "c2", "c3")
	list := func() generations {
		t.Helper()
		r := s.get("/v1/rebuilds").wants(http.StatusOK)
		checkAnswer(t, router, http.MethodGet, "/v1/rebuilds", r)
		var list generations
		r.into(&list)
		return list
	}

	if err := pgview.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	if got := list(); len(got.Items) != 0 {
		t.Errorf("before the first rebuild there are %+v", got)
	}
	var once sync.Once
	_, err = pgview.Rebuild(t.Context(), pool, s.log, pgview.RebuildOptions{Progress: func(refold.Progress) {
		once.Do(func() {
			// The rebuild waits for this function, in the middle of its loading.
			got := list()
			if len(got.Items) != 1 || got.Items[0].State != "loading" || got.Items[0].Rebuild == nil {
				t.Errorf("while it loads there are %+v", got)
				return
			}
			if r := got.Items[0].Rebuild; r.Phase != "loading" || !r.Running || len(r.Partitions) != 3 || r.Done == 1 {
				t.Errorf("the rebuild is %+v", r)
			}
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := list()
	if len(got.Items) != 1 || got.Items[0].State != "live" || got.Items[0].Customers != 3 || got.Items[0].Rebuild == nil {
		t.Fatalf("afterwards there are %+v", got)
	}
	r := got.Items[0].Rebuild
	var records int64
	for _, p := range r.Partitions {
		records += p.Records
		if p.Done != 1 || p.Records != p.Pinned || p.RemainingSeconds != 0 || p.Records > 0 && p.RecordsPerSecond <= 0 {
			t.Errorf("afterwards partition %d is %+v", p.Partition, p)
		}
	}
	if r.Phase != "done" || r.Running || r.Done != 1 || records != s.appended() {
		t.Errorf("afterwards the rebuild is %+v, of %d records", r, s.appended())
	}
}
