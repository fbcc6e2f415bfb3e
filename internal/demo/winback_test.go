package demo

import (
	"encoding/json"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// lossesTell checks the reports on losses and on winning customers back.
func lossesTell(v views) {
	page := v.cases(projections.CaseLoss, "")
	lifecycle, err := v.Lifecycle(v.Context(), projections.LifecycleFilter{})
	if err != nil {
		v.Fatal(err)
	}
	losses, err := projections.NewLossReport(page, lifecycle, projections.LossFilter{})
	if err != nil {
		v.Fatal(err)
	}
	some(v.T, "inferred losses", losses.Inferred, 20)
	some(v.T, "reported losses", losses.Losses-losses.Inferred, 100)
	some(v.T, "let go", losses.LetGo, 20)
	some(v.T, "undecided", losses.Undecided, 10)
	some(v.T, "causes", len(losses.Causes), 10)
	some(v.T, "rows of the matrix", len(losses.Matrix), 10)
	part(v.T, "returned", losses.ReturnedShare, 100)
	report, err := projections.NewWinBackReport(page, v.cells(projections.WinBackFilter{}.Costs()), lifecycle, projections.WinBackFilter{})
	if err != nil {
		v.Fatal(err)
	}
	v.Logf("%+v %+v %+v", losses.LossFigures, report.WinBackFigures, report.Economy)
	part(v.T, "success", report.Success, 50)
	some(v.T, "offers", len(report.Terms), 4)
	some(v.T, "owners", len(report.Owners), 10)
	for _, m := range report.Money {
		some(v.T, "cost", m.Cost, 1)
		some(v.T, "revenue", m.Revenue, 1)
	}
	if len(report.Economy) != 1 || report.Economy[0].PerNew == nil || report.Economy[0].PerWonBack == nil {
		v.Errorf("nothing is known of the cost of a customer: %+v", report.Economy)
	}
	mass := v.cases(projections.CaseMassLoss, "")
	if len(mass.Items) != 1 {
		v.Fatalf("%d mass losses, want the one of the bad batch", len(mass.Items))
	}
	checkMassLoss(v.T, page, &mass.Items[0])
}

// checkMassLoss checks the mass loss against the losses in the list: its evidence are five of that month, cause and product.
func checkMassLoss(t *testing.T, losses *projections.CasePage, mass *projections.Case) {
	t.Helper()
	var m projections.MassLossDetail
	if err := json.Unmarshal(mass.Detail, &m); err != nil {
		t.Fatal(err)
	}
	if mass.ID != domain.MassLossID(mass.OrgUnit, m.Month, m.Cause, m.Product) {
		t.Errorf("the engine would tell of it again: %s is another id", mass.ID)
	}
	evidence := make(map[string]bool)
	for _, id := range m.Evidence {
		evidence[id] = true
	}
	of := 0
	for i := range losses.Items {
		x := &losses.Items[i]
		d, err := x.Loss()
		if err != nil {
			t.Fatal(err)
		}
		month := domain.DateOf(x.Opened, losses.Policy.Location()).Month().String()
		if evidence[x.ID] {
			of++
			if d.Cause != m.Cause || d.Product != m.Product || month != m.Month || x.OrgUnit != mass.OrgUnit || d.Inferred {
				t.Errorf("%s is evidence: %s %+v", x.ID, x.OrgUnit, d)
			}
		}
	}
	if of != massLosses || len(evidence) != massLosses {
		t.Errorf("%d of %d losses are in the list", of, len(evidence))
	}
}
