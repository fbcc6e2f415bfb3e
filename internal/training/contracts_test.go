package training_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/importer"
	"github.com/rapport-crm/rapport/internal/training"
)

// TestSurvivalOfTheTelcoContractsThroughTheLog compares with the package survival of R: the contracts come into the log as
// subscriptions, by the mapping of the importer's documentation.
func TestSurvivalOfTheTelcoContractsThroughTheLog(t *testing.T) {
	t.Parallel()
	mapping, err := os.ReadFile(filepath.Join("..", "importer", "testdata", "telco.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	log := imported(t, "telco/telco_customer_churn.csv", importer.FileOptions{Format: importer.CSV, Mapping: mapping})
	out := train(t, log, historic(t, ""), training.Options{Model: "kaplan_meier"})
	if len(out.Curves) != 4 || out.Curves[0].Subscriptions != 7043 || out.Curves[0].Ended != 1869 {
		t.Fatalf("there are %d curves of %d customers", len(out.Curves), out.Customers)
	}
	checkCurve(t, &out.Curves[0], map[float64]float64{
		1: .94596, 6: .88483, 12: .84320, 24: .78874, 36: .74855, 48: .70884, 60: .66440, 72: .59279,
	}, 5e-6)
	for months, atRisk := range map[float64]int{1: 7032, 6: 5672, 12: 4974, 24: 3927, 36: 3051, 48: 2303, 60: 1483, 72: 362} {
		if p := point(t, &out.Curves[0], months); p.AtRisk != atRisk {
			t.Errorf("%d are at risk after %v months, want %d", p.AtRisk, months, atRisk)
		}
	}
	if p := point(t, &out.Curves[0], 12); math.Abs(p.StandardError-.004492) > 5e-7 {
		t.Errorf("the standard error after 12 months is %v", p.StandardError)
	}
	for product, want := range map[string]map[float64]float64{
		"Month-to-month": {12: .7031, 24: .5859, 48: .3973, 72: .1290},
		"One year":       {12: .9908, 24: .9783, 48: .9165, 72: .5681},
		"Two year":       {12: 1, 24: 1, 48: .9957, 72: .9357},
	} {
		for i := range out.Curves {
			if out.Curves[i].Product == product {
				checkCurve(t, &out.Curves[i], want, 5e-5)
				product = ""
			}
		}
		if product != "" {
			t.Errorf("there is no curve of %s", product)
		}
	}
	if d := out.Difference; d == nil || d.Degrees != 2 || math.Abs(d.ChiSquared-2352.87) > 0.005 {
		t.Errorf("the log-rank test is %+v", d)
	}
}

func checkCurve(t *testing.T, c *training.Curve, want map[float64]float64, tolerance float64) {
	t.Helper()
	for months, survival := range want {
		if got := point(t, c, months).Survival; math.Abs(got-survival) > tolerance {
			t.Errorf("%q: %v survive %v months, want %v", c.Product, got, months, survival)
		}
	}
}

// point returns the last point of a curve that is not after so many months.
func point(t *testing.T, c *training.Curve, months float64) training.Point {
	t.Helper()
	found := training.Point{Survival: 1}
	for _, p := range c.Points {
		if p.Months <= months {
			found = p
		}
	}
	return found
}

// cohortMapping is a table of customers who all began together, with the months after which those who left did so.
const cohortMapping = `
events:
  - type: {constant: subscription.started}
    subject: {column: customer}
    time: {constant: 2000-01-01}
    data: [{to: subscription_id, column: customer}]
  - where: [{column: months, empty: false}]
    type: {constant: subscription.cancelled}
    subject: {column: customer}
    time: {column: months, unit: months, after: 2000-01-01}
    data: [{to: subscription_id, column: customer}]
`

// TestSBGParametersOfFaderAndHardie2007ThroughTheLog has the two cohorts of 1,000 customers with the shares left after each of
// seven periods, here months.
func TestSBGParametersOfFaderAndHardie2007ThroughTheLog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		left []int
		want []float64
	}{
		{[]int{1000, 631, 468, 382, 326, 289, 262, 241}, []float64{.704077, 1.182043}},
		{[]int{1000, 869, 743, 653, 593, 551, 517, 491}, []float64{.668088, 3.806095}},
	} {
		var table strings.Builder
		table.WriteString("customer,months\n")
		for i := range 1000 {
			period := 0
			for period+1 < len(c.left) && i < c.left[period+1] {
				period++
			}
			months := strconv.Itoa(period + 1)
			if period == len(c.left)-1 {
				months = ""
			}
			fmt.Fprintf(&table, "c%d,%s\n", i, months)
		}
		log := importedTable(t, table.String(), cohortMapping)
		out := train(t, log, historic(t, ""), training.Options{Model: "sbg", At: at(t, "2000-08-01T00:00:00Z")})
		checkParameters(t, out, 5e-6, c.want...)
		if event, err := out.Event(); err != nil || out.Role != "" || domain.RoleOf(event.Model) != "" {
			t.Errorf("the role is %q, %v", out.Role, err)
		}
	}
}
