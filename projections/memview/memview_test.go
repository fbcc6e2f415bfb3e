package memview_test

import (
	"testing"

	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	viewtest.Run(t, func(_ testing.TB, fold *projections.Fold, partitions int) projections.Store {
		return memview.New(fold, partitions)
	})
}
