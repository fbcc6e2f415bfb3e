package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/engine"
	"github.com/rapport-crm/rapport/projections"
)

// losses returns the losses of n customers of a unit within a month, for one cause.
func losses(t *testing.T, unit string, n int) []eventstore.Record {
	t.Helper()
	var records []eventstore.Record
	for i := range n {
		id, at := fmt.Sprint("lost-", i), start+domain.Instant(i)*domain.Hour
		records = append(records,
			record(t, "moved", "customer.transferred", id, at, domain.CustomerTransferred{To: unit}),
			record(t, "lost", "customer.lost", id, at+1, domain.CustomerLost{Nature: domain.LossTemporary}),
			record(t, "cause", "churn.cause_determined", id, at+2, domain.ChurnCauseDetermined{Cause: domain.CauseServiceQuality}))
	}
	return records
}

func TestTheEngineTellsAUnitOfAMassLossOnce(t *testing.T) {
	t.Parallel()
	config := engine.Config{Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}, ReactEvery: time.Millisecond}
	var ids []string
	for range 2 { // a start folds the log anew, and tells nobody again
		e := open(t, config)
		stop := run(t, e)
		if len(ids) == 0 {
			appendTo(t, e, losses(t, "brand/north/d1", 7))
		}
		var page *projections.CasePage
		for page == nil || len(page.Items) == 0 {
			catchUp(t, e)
			var err error
			page, err = e.Views.Cases(t.Context(), projections.CaseFilter{Kind: projections.CaseMassLoss})
			if err != nil {
				t.Fatal(err)
			}
		}
		catchUp(t, e)
		sum, err := e.Views.Summary(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) != 1 || page.Items[0].OrgUnit != "brand/north/d1" || sum.Events != 7*3+1 || sum.Verdicts["duplicate"] != 0 {
			t.Errorf("mass losses %+v after %d events, verdicts %v", page.Items, sum.Events, sum.Verdicts)
		}
		for _, ev := range outputs(t, e, "rapport.churn") {
			if ev.Type == "churn.mass_loss" {
				ids = append(ids, ev.ID)
			}
		}
		stop()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(ids) == 0 || ids[0] != ids[len(ids)-1] {
		t.Errorf("the outputs are %v", ids)
	}
}
