package demo

import (
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// foresight counts recorded losses, and those of them with an open warning when the customer left.
type foresight struct{ losses, warned int }

// foresee folds the default run customer by customer. It returns what was foreseen by cause, and the ends of warnings by reason.
func foresee(t *testing.T) (byCause map[domain.ChurnCause]foresight, ends map[string]int) {
	t.Helper()
	causes := map[string]domain.ChurnCause{}
	for ev := range setup(t, Options{}).Events() {
		if ev.Type == "churn.cause_determined" {
			causes[ev.Subject] = cause(t, ev)
		}
	}
	byCause, ends = map[domain.ChurnCause]foresight{}, map[string]int{}
	fold, decoder := projections.NewFold(domain.DefaultPolicy()), domain.NewDecoder()
	customers := map[string]*projections.Customer{}
	for ev := range setup(t, Options{}).Events() {
		c := customers[ev.Subject]
		if c == nil {
			c = projections.NewCustomer(ev.Subject)
			customers[ev.Subject] = c
		}
		_, data, err := decoder.DecodeEvent(&ev)
		if err != nil {
			t.Fatal(err)
		}
		var out projections.Effects
		out.Publish()
		fold.Advance(c, ev.Time, &out)
		if ev.Type == "customer.lost" {
			seen := byCause[causes[ev.Subject]]
			seen.losses++
			if c.Lifecycle.Risk >= domain.RiskWatch {
				seen.warned++
			}
			byCause[causes[ev.Subject]] = seen
		}
		fold.Apply(c, &projections.Entry{Event: &ev, Data: data}, &out)
		for i := range out.Outputs {
			if d, ok := out.Outputs[i].Data.(*domain.ChurnWarningCleared); ok {
				ends[d.Reason]++
			}
		}
	}
	return byCause, ends
}

func TestWarningsPrecedeTheLossesThatHaveSignsAndNotTheOthers(t *testing.T) {
	t.Parallel()
	byCause, ends := foresee(t)
	var signs foresight
	for _, c := range []domain.ChurnCause{domain.CauseCompetitor, domain.CauseServiceQuality, domain.CauseProductQuality, domain.CauseStaffLeft} {
		signs.losses += byCause[c].losses
		signs.warned += byCause[c].warned
	}
	none := byCause[domain.CauseObjective]
	t.Logf("with signs %+v, objective reasons %+v, warnings ended %v", signs, none, ends)
	if signs.losses < 60 || signs.warned*2 < signs.losses || signs.warned == signs.losses {
		t.Errorf("%d of %d losses with signs were warned of, want half and not all", signs.warned, signs.losses)
	}
	if none.losses < 10 || none.warned*signs.losses*3 > signs.warned*none.losses*2 {
		t.Errorf("%d of %d losses without signs were warned of, want much less than the %d of %d with signs", none.warned, none.losses, signs.warned, signs.losses)
	}
	if ends["lost"] < 50 || ends["eased"] < 50 {
		t.Errorf("warnings ended %v, want both losses and false alarms", ends)
	}
}
