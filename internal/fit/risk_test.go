package fit_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/internal/fit"
)

func fitRisk(t testing.TB, rows []fit.RiskRow, o fit.RiskOptions) fit.RiskFit {
	t.Helper()
	f, err := fit.Risk(t.Context(), rows, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLogisticRegressionOfMtcarsAsInR regresses the kind of gears on the weight of cars, where R's glm prints 12.040 (4.510) and
// -4.024 (1.436) with a residual deviance of 19.176. A hundred of each car have the same weights and a tenth of the errors.
func TestLogisticRegressionOfMtcarsAsInR(t *testing.T) {
	t.Parallel()
	weights := []float64{
		2.62, 2.875, 2.32, 3.215, 3.44, 3.46, 3.57, 3.19, 3.15, 3.44, 3.44, 4.07, 3.73, 3.78, 5.25, 5.424, 5.345, 2.2, 1.615, 1.835, 2.465,
		3.52, 3.435, 3.84, 3.845, 1.935, 2.14, 1.513, 3.17, 2.77, 3.57, 2.78,
	}
	var rows []fit.RiskRow
	for i, w := range weights {
		manual := 0.0
		if i < 3 || i >= 17 && i < 20 || i >= 25 {
			manual = 1
		}
		rows = append(rows, fit.RiskRow{Values: []learnedrisk.Value{{Name: "wt", Number: w}}, Lost: manual, Customers: 100})
	}
	f := fitRisk(t, rows, fit.RiskOptions{Horizon: 1, Penalty: 1e-9})
	wt := f.Fitted.Features[0]
	slope := wt.Weight / wt.Scale
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"slope", slope, -4.024},
		{"intercept", f.Fitted.Intercept - slope*wt.Mean, 12.040},
		{"standard error of the slope", 10 * standardError(t, f.Result, "wt.weight") / wt.Scale, 1.436},
		{"deviance", -2 * f.LogLikelihood / 100, 19.176},
	} {
		if math.Abs(c.got-c.want) > 1.1e-3 {
			t.Errorf("the %s is %v, want %v", c.what, c.got, c.want)
		}
	}
}

func standardError(t testing.TB, r fit.Result, name string) float64 {
	t.Helper()
	i := slices.IndexFunc(r.Parameters, func(e fit.Estimate) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("there is no parameter %s", name)
	}
	return r.Parameters[i].StandardError
}

// strangers are customers drawn from a model with known weights: complaints matter one way, and satisfaction the other and by
// not being known.
func strangers(n int) []fit.RiskRow {
	source := rand.New(rand.NewPCG(11, 12))
	var rows []fit.RiskRow
	for range n {
		complaints, satisfaction := float64(source.IntN(4)), 5+2*source.NormFloat64()
		z := -1 + 0.8*complaints
		values := []learnedrisk.Value{{Name: "complaints", Number: complaints}, {Name: "branch", Number: 7}}
		if source.Float64() < 0.6 {
			z -= 0.5 * (satisfaction - 5)
			values = append(values, learnedrisk.Value{Name: "satisfaction", Number: satisfaction})
		} else {
			z += 0.7
		}
		lost := 0.0
		if source.Float64() < 1/(1+math.Exp(-z)) {
			lost = 1
		}
		rows = append(rows, fit.RiskRow{Values: values, Lost: lost, Customers: 1})
	}
	return rows
}

func TestRiskLearnsTheWeightsThatMadeTheData(t *testing.T) {
	t.Parallel()
	f := fitRisk(t, strangers(20_000), fit.RiskOptions{Horizon: 90})
	// The branch is the same for all.
	if features := f.Fitted.Features; len(features) != 2 || features[0].Name != "complaints" || features[1].Name != "satisfaction" {
		t.Fatalf("the features are %+v", features)
	}
	complaints, satisfaction := f.Fitted.Features[0], f.Fitted.Features[1]
	for _, c := range []struct {
		name             string
		got, want, scale float64
	}{
		{"complaints.weight", complaints.Weight / complaints.Scale, 0.8, complaints.Scale},
		{"satisfaction.weight", satisfaction.Weight / satisfaction.Scale, -0.5, satisfaction.Scale},
		// Not known is compared with the mean of the known, which is 5 but for chance.
		{"satisfaction.missing_weight", satisfaction.MissingWeight, 0.7, 1},
	} {
		if e := standardError(t, f.Result, c.name) / c.scale; !(e > 0) || math.Abs(c.got-c.want) > 4*e {
			t.Errorf("%s is %v with a standard error of %v, want %v", c.name, c.got, e, c.want)
		}
	}
}

// TestRiskDoesNotDependOnOrderOrGrouping also restores the model from what an event would hold.
func TestRiskDoesNotDependOnOrderOrGrouping(t *testing.T) {
	t.Parallel()
	rows := strangers(2000)
	var double []fit.RiskRow
	for _, r := range rows {
		double = append(double, r, r)
	}
	for i := range rows {
		rows[i].Customers = 2
	}
	slices.Reverse(rows)
	first, again := fitRisk(t, rows, fit.RiskOptions{Horizon: 90}), fitRisk(t, double, fit.RiskOptions{Horizon: 90})
	if first.Customers != 4000 || again.Customers != 4000 {
		t.Errorf("%d and %d customers, want 4000", first.Customers, again.Customers)
	}
	for i, p := range first.Parameters {
		if q := again.Parameters[i]; p.Name != q.Name || math.Abs(p.Value-q.Value) > 1e-8*(1+math.Abs(p.Value)) {
			t.Errorf("%+v and %+v", p, q)
		}
	}
	slices.Reverse(double)
	if other := fitRisk(t, double, fit.RiskOptions{Horizon: 90}); !reflect.DeepEqual(other, again) {
		t.Errorf("%+v and, in another order, %+v", again, other)
	}
	restored, err := learnedrisk.New(customerbase.Named(again.Fitted.Parameters()))
	if err != nil || !reflect.DeepEqual(restored, again.Fitted) {
		t.Errorf("the model is restored as %+v, %v", restored, err)
	}
}

func TestAFeatureThatTellsEverythingHasAFiniteWeight(t *testing.T) {
	t.Parallel()
	var rows []fit.RiskRow
	for i := range 100 {
		lost := float64(i % 2)
		rows = append(rows, fit.RiskRow{Values: []learnedrisk.Value{{Name: "gone", Number: lost}}, Lost: lost, Customers: 1})
	}
	if w := fitRisk(t, rows, fit.RiskOptions{Horizon: 90}).Fitted.Features[0].Weight; !(w > 1 && w < 10) {
		t.Errorf("the weight is %v", w)
	}
}

func TestRowsThatTellTooLittleAreRefused(t *testing.T) {
	t.Parallel()
	rows := strangers(500)
	for i := range rows {
		rows[i].Lost = 0
	}
	row := func(lost float64, customers int, values ...learnedrisk.Value) []fit.RiskRow {
		return []fit.RiskRow{{Values: values, Lost: lost, Customers: customers}}
	}
	quarter := fit.RiskOptions{Horizon: 90}
	for name, c := range map[string]struct {
		rows    []fit.RiskRow
		options fit.RiskOptions
		want    error
	}{
		"nobody lost":           {rows, quarter, fit.ErrTooFew},
		"no customers":          {nil, quarter, fit.ErrTooFew},
		"no horizon":            {strangers(500), fit.RiskOptions{}, customerbase.ErrParameters},
		"a negative penalty":    {strangers(500), fit.RiskOptions{Horizon: 90, Penalty: -1}, customerbase.ErrArgument},
		"a share above 1":       {row(2, 1), quarter, customerbase.ErrArgument},
		"a group of nobody":     {row(1, 0), quarter, customerbase.ErrArgument},
		"a value of NaN":        {row(1, 1, learnedrisk.Value{Name: "x", Number: math.NaN()}), quarter, customerbase.ErrArgument},
		"a name with a capital": {row(1, 1, learnedrisk.Value{Name: "X"}), quarter, customerbase.ErrArgument},
		"values beyond reckoning": {
			append(row(0, 100, learnedrisk.Value{Name: "x", Number: 1e300}), row(1, 100, learnedrisk.Value{Name: "x", Number: -1e300})...),
			quarter, customerbase.ErrArgument,
		},
	} {
		if f, err := fit.Risk(t.Context(), c.rows, c.options); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v; want %v", name, f.Fitted, err, c.want)
		}
	}
}

// TestRecalibrationMeetsTheSharesAndKeepsTheRanking: at the peak of a logistic likelihood the mean chance is the share of those who
// were lost.
func TestRecalibrationMeetsTheSharesAndKeepsTheRanking(t *testing.T) {
	t.Parallel()
	rows := strangers(4000)
	learned := fitRisk(t, rows[:2000], fit.RiskOptions{Horizon: 90}).Fitted
	later := rows[2000:]
	for i := range later {
		later[i].Lost = 0.3 + later[i].Lost/2
	}
	f, err := fit.Recalibrate(t.Context(), learned, later, 180, fit.Window{})
	if err != nil {
		t.Fatal(err)
	}
	again := f.Fitted
	var before, after []float64
	chances, shares := 0.0, 0.0
	for _, r := range later {
		z, p := must(t)(learned.LogOdds(r.Values)), must(t)(again.Probability(r.Values))
		before, after = append(before, z), append(after, p)
		chances += p
		shares += r.Lost
	}
	if math.Abs(chances-shares) > 1e-5 || again.Horizon != 180 {
		t.Errorf("the chances for %v days add up to %v, want %v", again.Horizon, chances, shares)
	}
	for i := range before[1:] {
		if (before[i] < before[i+1]) != (after[i] < after[i+1]) {
			t.Fatalf("customers %d and %d changed places", i, i+1)
		}
	}
	for i := range later {
		later[i].Lost = 1 - later[i].Lost
	}
	if _, err := fit.Recalibrate(t.Context(), learned, later, 180, fit.Window{}); !errors.Is(err, fit.ErrDiverged) {
		t.Errorf("with the ranking turned around the error is %v", err)
	}
}
