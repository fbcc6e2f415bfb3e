package fit_test

import (
	"math"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/evaluation"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/internal/fit"
)

// checkRow compares with the table. The table ranks Online Retail by the hour instead of the day, which moves the fourth
// decimal.
func checkRow(t *testing.T, customers []customer, score func(c customer) float64, want row) {
	t.Helper()
	o := outcomes(customers, score)
	r, err := evaluation.Rank(o, evaluation.RankOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.AUC.Value-want.area) > 2.5e-4 {
		t.Errorf("the area is %.5f, want %.4f", r.AUC.Value, want.area)
	}
	if lift := r.Top[0].Lift.Value; math.Abs(lift-want.lift) > 1.5e-3 {
		t.Errorf("the lift is %.4f, want %.3f", lift, want.lift)
	}
	if want.brier == 0 {
		return
	}
	j, err := evaluation.Judge(o)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(*j.Brier-want.brier) > 1.5e-4 {
		t.Errorf("the Brier score is %.5f, want %.4f", *j.Brier, want.brier)
	}
}

// checkSpend compares the share of all spend within the horizon that the tenth of the customers with the highest forecasts holds.
func (s *split) checkSpend(t *testing.T, expected func(c customer) float64, want float64) {
	t.Helper()
	var forecasts []evaluation.Forecast
	for _, c := range s.known {
		forecasts = append(forecasts, evaluation.Forecast{Expected: expected(c), Actual: c.laterSpend})
	}
	got, err := evaluation.Concentration(forecasts, 0.1)
	if err != nil || math.Abs(*got-want) > 1e-3 {
		t.Errorf("the first tenth holds %v, %v; want %v", *got, err, want)
	}
}

func riskRows(customers []customer, lost func(c customer) float64) []fit.RiskRow {
	var rows []fit.RiskRow
	for _, c := range customers {
		rows = append(rows, fit.RiskRow{Values: c.features(), Lost: lost(c), Customers: 1})
	}
	return rows
}

// learn learns from customers whose outcome is known.
func learn(t testing.TB, customers []customer) learnedrisk.Model {
	t.Helper()
	rows := riskRows(customers, func(c customer) float64 {
		if c.lost {
			return 1
		}
		return 0
	})
	return fitRisk(t, rows, fit.RiskOptions{Horizon: earlier}).Fitted
}

func risk(t testing.TB, m learnedrisk.Model) func(c customer) float64 {
	t.Helper()
	return func(c customer) float64 { return must(t)(m.Probability(c.features())) }
}

func recency(c customer) float64 { return c.silent }

// overdue is the silence in usual gaps of the customer; who bought once has the usual gap of all.
func overdue(customers []customer) func(c customer) float64 {
	var last, repeats float64
	for _, c := range customers {
		last += c.history.Last
		repeats += float64(c.history.Repeats)
	}
	return func(c customer) float64 {
		gap := last / repeats
		if c.history.Repeats > 0 {
			gap = c.history.Last / float64(c.history.Repeats)
		}
		return (c.history.Age - c.history.Last) / gap
	}
}

// rfm is minus the sum of the quintiles, by midranks, of recency, repeats and all spend.
func rfm(customers []customer) func(c customer) float64 {
	quintile := func(of func(c customer) float64) func(c customer) float64 {
		var values []float64
		for _, c := range customers {
			values = append(values, of(c))
		}
		slices.Sort(values)
		return func(c customer) float64 {
			x := of(c)
			below, _ := slices.BinarySearch(values, x)
			above, _ := slices.BinarySearch(values, math.Nextafter(x, math.Inf(1)))
			return math.Ceil(5 * float64(below+above) / 2 / float64(len(values)))
		}
	}
	late := quintile(func(c customer) float64 { return -c.silent })
	frequency := quintile(func(c customer) float64 { return float64(c.history.Repeats) })
	spend := quintile(func(c customer) float64 { return c.past })
	return func(c customer) float64 { return -late(c) - frequency(c) - spend(c) }
}

// expected returns the expected purchases within the horizon, calculated once for customers with the same history.
func (s *split) expected(t *testing.T, model string) func(c customer) float64 {
	t.Helper()
	m, known := s.model(t, model), make(map[customerbase.History]float64)
	return func(c customer) float64 {
		if _, ok := known[c.history]; !ok {
			known[c.history] = must(t)(m.Expected(c.history, float64(s.horizon)/7))
		}
		return known[c.history]
	}
}

// amounts returns the number of repeat purchases and the mean amount of all purchases.
func (c customer) amounts() (int, float64) {
	if c.spend == 0 {
		return 0, 0
	}
	return c.history.Repeats, c.spend
}

func fitSpends(t testing.TB, customers []customer) customerbase.GammaGamma {
	t.Helper()
	var spends []customerbase.Spend
	for _, c := range customers {
		if x, mean := c.amounts(); x > 0 {
			spends = append(spends, customerbase.Spend{Repeats: x, Mean: mean, Customers: 1})
		}
	}
	f, err := fit.Spends(t.Context(), spends, fit.Window{})
	if err != nil {
		t.Fatal(err)
	}
	return f.Fitted
}

// must returns a function that gives the first of two results and ends the test on an error.
func must(t testing.TB) func(x float64, err error) float64 {
	t.Helper()
	return func(x float64, err error) float64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}
