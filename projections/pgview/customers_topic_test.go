package pgview_test

import (
	"testing"

	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

func TestWhoPublishedTheCustomersIsKnownForTheGenerationThatWasPublishedLast(t *testing.T) {
	t.Parallel()
	pool := connect(t)
	first := open(t, pool, viewtest.DefaultFold(), pgview.Options{Partitions: 2})
	viewtest.Fold(t, first, viewtest.DefaultFold(), viewtest.Purchases(3, 4).Partition(2), 100)
	second := open(t, pool, policy(t, "version: new"), pgview.Options{Partitions: 2})
	filled := func(s *pgview.Store, want int64) {
		t.Helper()
		if got, err := s.Filled(t.Context(), 1); err != nil || got != want {
			t.Errorf("%s was filled by the writer of epoch %d, want %d: %v", s.Generation(), got, want, err)
		}
	}
	note := func(s *pgview.Store, epoch int64) {
		t.Helper()
		if err := s.NoteFilled(t.Context(), 1, epoch); err != nil {
			t.Fatal(err)
		}
	}
	filled(first, -1)
	note(first, 3)
	filled(first, 3)
	note(first, 2)
	filled(first, 3)
	filled(second, -1)
	note(second, 1)
	filled(second, 1)
	filled(first, -1)
	if got, err := second.Filled(t.Context(), 0); err != nil || got != -1 {
		t.Errorf("another partition was filled by the writer of epoch %d: %v", got, err)
	}
	if err := pgview.ForgetFilled(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	filled(second, -1)
}
