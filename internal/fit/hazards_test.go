package fit_test

import (
	"errors"
	"math"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/internal/fit"
)

// subjects reads the contracts of the Telco file, with 1 for each of the conditions that holds.
func subjects(t testing.TB, conditions ...func(row map[string]string) bool) []customerbase.Subject {
	t.Helper()
	var all []customerbase.Subject
	for _, row := range readTable(t, "telco/telco_customer_churn.csv") {
		s := customerbase.Subject{Lifetime: customerbase.Lifetime{Duration: float64(whole(t, row["tenure"])), Ended: row["Churn"] == "Yes", Customers: 1}}
		for _, holds := range conditions {
			x := 0.0
			if holds(row) {
				x = 1
			}
			s.Covariates = append(s.Covariates, x)
		}
		all = append(all, s)
	}
	return all
}

// is is the condition that a column has a value.
func is(column, value string) func(row map[string]string) bool {
	return func(row map[string]string) bool { return row[column] == value }
}

func fitHazards(t testing.TB, covariates []string, all []customerbase.Subject) fit.HazardFit {
	t.Helper()
	f, err := fit.Hazards(t.Context(), covariates, all, fit.Window{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestHazardsOfTheTelcoContractsAsInR compares with coxph of the package survival, which breaks ties as Efron did.
func TestHazardsOfTheTelcoContractsAsInR(t *testing.T) {
	t.Parallel()
	f := fitHazards(t, []string{"one_year", "two_years"}, subjects(t, is("Contract", "One year"), is("Contract", "Two year")))
	effects := []float64{-2.191097, -4.225386}
	checkResult(t, f.Result, effects, 5.1e-7, -14343.569217, 1e-6)
	for i, want := range []float64{.1118, .01462} {
		if ratio := math.Exp(f.Parameters[i].Value); math.Abs(ratio-want) > 5e-3*want {
			t.Errorf("the hazard ratio of %s is %v, want %v", f.Parameters[i].Name, ratio, want)
		}
	}
	if math.Abs(f.Concordance-.7723) > 5.1e-5 || math.Abs(f.NullLogLikelihood+15653.04) > 5.1e-3 {
		t.Errorf("the concordance is %v and the null log-likelihood %v", f.Concordance, f.NullLogLikelihood)
	}
}

func TestHazardsOfTelcoWithServicesAsInR(t *testing.T) {
	t.Parallel()
	names := []string{"one_year", "two_years", "fibre", "no_internet", "security", "support", "electronic_check", "partner", "paperless"}
	f := fitHazards(t, names, subjects(t,
		is("Contract", "One year"), is("Contract", "Two year"), is("InternetService", "Fiber optic"), is("InternetService", "No"),
		is("OnlineSecurity", "Yes"), is("TechSupport", "Yes"), is("PaymentMethod", "Electronic check"), is("Partner", "Yes"),
		is("PaperlessBilling", "Yes"),
	))
	for _, p := range f.Parameters {
		want, ok := map[string]float64{"electronic_check": 1.503, "partner": .531, "security": .512, "support": .628}[p.Name]
		if ratio := math.Exp(p.Value); ok && math.Abs(ratio-want) > 5.1e-4 {
			t.Errorf("the hazard ratio of %s is %v, want %v", p.Name, ratio, want)
		}
	}
	if math.Abs(f.Concordance-.8404) > 5.1e-5 || math.Abs(f.LogLikelihood+14084.98) > 5.1e-3 {
		t.Errorf("the concordance is %v and the log-likelihood %v", f.Concordance, f.LogLikelihood)
	}
}

func TestHazardsThatCannotBeToldApartAreNoFit(t *testing.T) {
	t.Parallel()
	var all []customerbase.Subject
	for i := range 200 {
		x := float64(i % 2)
		lifetime := customerbase.Lifetime{Duration: float64(1 + i%30), Ended: i%3 > 0, Customers: 1}
		all = append(all, customerbase.Subject{Lifetime: lifetime, Covariates: []float64{x, 1 - x}})
	}
	if _, err := fit.Hazards(t.Context(), []string{"yes", "no"}, all, fit.Window{}); !errors.Is(err, fit.ErrDiverged) {
		t.Errorf("the error is %v", err)
	}
	if _, err := fit.Hazards(t.Context(), []string{"yes", "no"}, all[:20], fit.Window{}); !errors.Is(err, fit.ErrTooFew) {
		t.Errorf("with few customers the error is %v", err)
	}
	if _, err := fit.Hazards(t.Context(), []string{"yes"}, all, fit.Window{}); !errors.Is(err, customerbase.ErrArgument) {
		t.Errorf("with a covariate too many the error is %v", err)
	}
	// Nobody without the mark ended, so its effect would have to be infinite.
	for i := range all {
		all[i].Ended = all[i].Ended && all[i].Covariates[0] == 1
		all[i].Covariates = all[i].Covariates[:1]
	}
	if f, err := fit.Hazards(t.Context(), []string{"yes"}, all, fit.Window{}); !errors.Is(err, fit.ErrDiverged) {
		t.Errorf("of a mark that tells everything the fit is %+v, %v", f, err)
	}
}
