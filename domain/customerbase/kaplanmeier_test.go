package customerbase_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// telco reads the contracts that a filter keeps as lifetimes in months.
func telco(t testing.TB, keep func(row map[string]string) bool) []customerbase.Lifetime {
	t.Helper()
	var lifetimes []customerbase.Lifetime
	for _, row := range readTable(t, "telco/telco_customer_churn.csv") {
		if keep(row) {
			lifetimes = append(lifetimes, customerbase.Lifetime{Duration: number(t, row["tenure"]), Ended: row["Churn"] == "Yes", Customers: 1})
		}
	}
	return lifetimes
}

func all(map[string]string) bool { return true }

// withContract keeps the contracts of one kind.
func withContract(kind string) func(map[string]string) bool {
	return func(row map[string]string) bool { return row["Contract"] == kind }
}

func kaplanMeier(t testing.TB, lifetimes []customerbase.Lifetime) customerbase.Curve {
	t.Helper()
	c, err := customerbase.KaplanMeier(lifetimes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSurvivalOfTheTelcoContractsAsInR(t *testing.T) {
	t.Parallel()
	c := kaplanMeier(t, telco(t, all))
	for _, want := range []struct {
		months   float64
		survival string
		atRisk   int
	}{
		{1, ".94596", 7032}, {6, ".88483", 5672}, {12, ".84320", 4974}, {24, ".78874", 3927},
		{36, ".74855", 3051}, {48, ".70884", 2303}, {60, ".66440", 1483}, {72, ".59279", 362},
	} {
		s := c.At(want.months)
		printed(t, fmt.Sprintf("survival of %v months", want.months), s.Survival, want.survival)
		if s.AtRisk != want.atRisk {
			t.Errorf("%d at risk at %v months, want %d", s.AtRisk, want.months, want.atRisk)
		}
	}
	printed(t, "standard error", c.At(12).StandardError, ".004492")
	if _, _, _, err := c.Median(); !errors.Is(err, customerbase.ErrNoValue) {
		t.Errorf("more than half survive, but the error of the median is %v", err)
	}
}

// TestSurvivalOfMonthlyInternetContractsAsPublishedWithLifelines is the report at lingying.me.
func TestSurvivalOfMonthlyInternetContractsAsPublishedWithLifelines(t *testing.T) {
	t.Parallel()
	lifetimes := telco(t, func(row map[string]string) bool {
		return row["Contract"] == "Month-to-month" && row["InternetService"] != "No"
	})
	ended := 0
	for _, l := range lifetimes {
		if l.Ended {
			ended++
		}
	}
	if len(lifetimes) != 3351 || ended != 1556 {
		t.Errorf("%d contracts and %d ends, want 3351 and 1556", len(lifetimes), ended)
	}
	c := kaplanMeier(t, lifetimes)
	for months, want := range map[float64]string{6: ".7803", 12: ".6950", 24: ".5753", 48: ".3872", 60: ".2890"} {
		printed(t, fmt.Sprintf("survival of %v months", months), c.At(months).Survival, want)
	}
	median, low, high, err := c.Median()
	if err != nil || median != 34 || low != 31 || high != 37 {
		t.Errorf("the median is %v (%v to %v), %v; want 34 (31 to 37)", median, low, high, err)
	}
}

func TestSurvivalByContractAndLogRankAsInR(t *testing.T) {
	t.Parallel()
	var groups [][]customerbase.Lifetime
	for kind, want := range map[string][4]string{
		"Month-to-month": {".7031", ".5859", ".3973", ".1290"},
		"One year":       {".9908", ".9783", ".9165", ".5681"},
		"Two year":       {"1", "1", ".9957", ".9357"},
	} {
		lifetimes := telco(t, withContract(kind))
		groups = append(groups, lifetimes)
		c := kaplanMeier(t, lifetimes)
		for i, months := range []float64{12, 24, 48, 72} {
			if want[i] == "1" {
				near(t, kind, c.At(months).Survival, 1, 1e-12)
				continue
			}
			printed(t, fmt.Sprintf("%s: survival of %v months", kind, months), c.At(months).Survival, want[i])
		}
	}
	chi, degrees, err := customerbase.LogRank(groups...)
	if err != nil || degrees != 2 {
		t.Fatalf("%d degrees of freedom, %v", degrees, err)
	}
	printed(t, "log-rank statistic", chi, "2352.87")
}

func TestSurvivalDoesNotDependOnOrderOrGrouping(t *testing.T) {
	t.Parallel()
	grouped := []customerbase.Lifetime{{3, true, 2}, {1, false, 1}, {3, false, 4}, {2, true, 1}}
	var single []customerbase.Lifetime
	for _, l := range grouped {
		for range l.Customers {
			single = append([]customerbase.Lifetime{{l.Duration, l.Ended, 1}}, single...)
		}
	}
	got, want := kaplanMeier(t, single), kaplanMeier(t, grouped)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v and %v", got, want)
	}
	// 1 of 7 ends at 2, then 2 of 6 at 3.
	near(t, "survival", want.At(99).Survival, 6.0/7*4/6, 1e-15)
	if before := want.At(0.5); before.Survival != 1 || before.AtRisk != 8 {
		t.Errorf("before the first step: %+v", before)
	}
}
