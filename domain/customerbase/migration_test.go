package customerbase_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// The periods of ten days of the first customer: 0 bought, 1 not, 2 bought, 3 not, 4 bought, 5 not, 6 runs.
func TestTrialsByHand(t *testing.T) {
	t.Parallel()
	trials := make(customerbase.Trials, 3)
	trials.Add([]int{100, 105, 120, 129, 145}, 164, 10)
	if want := (customerbase.Trials{{3, 0}, {2, 2}, {0, 0}}); !reflect.DeepEqual(trials, want) {
		t.Errorf("the first customer counts as %v, want %v", trials, want)
	}
	// Periods 1 to 3 went by; the purchase of the running one does not count yet, but takes nothing back.
	trials.Add([]int{0, 41}, 44, 10)
	if want := (customerbase.Trials{{4, 0}, {3, 2}, {1, 0}}); !reflect.DeepEqual(trials, want) {
		t.Errorf("both count as %v, want %v", trials, want)
	}
	// A purchase long after the customer was given up begins anew.
	trials.Add([]int{0, 70}, 89, 10)
	if want := (customerbase.Trials{{6, 0}, {4, 2}, {2, 0}}); !reflect.DeepEqual(trials, want) {
		t.Errorf("all three count as %v, want %v", trials, want)
	}
	m, ok := trials.Migration(10)
	if want := []float64{0, 0.5, 0}; !ok || !reflect.DeepEqual(m.Buy, want) {
		t.Errorf("the chances are %v, want %v", m.Buy, want)
	}
	if _, ok := make(customerbase.Trials, 1).Migration(10); ok {
		t.Error("a chance was estimated from nobody")
	}
}

func TestStageIsTheNumberOfPeriodsSinceTheLastPurchase(t *testing.T) {
	t.Parallel()
	m := customerbase.Migration{PeriodDays: 10, Buy: []float64{0.3, 0.2}}
	for until, want := range map[int]int{0: 0, 9: 0, 10: 0, 18: 0, 19: 1, 28: 1, 29: 2, 1000: 2} {
		if got := m.Stage([]int{0}, until); got != want {
			t.Errorf("on day %d the stage is %d, want %d", until, got, want)
		}
	}
	if got := m.Stage([]int{0, 25}, 39); got != 1 {
		t.Errorf("two periods after a second purchase the stage is %d, want 1", got)
	}
}

// Pfeifer and Carraway (2000): the values printed in their paper, without a horizon.
func TestMigrationHasTheValuesOfPfeiferAndCarraway(t *testing.T) {
	t.Parallel()
	m := customerbase.Migration{PeriodDays: 365, Buy: []float64{0.30, 0.20, 0.15, 0.05}}
	values, err := m.Chain(40, 4).LongRunValue(0.2)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{52.320, 5.554, 1.251, -1.820, 0} {
		if math.Abs(values[i]-want) > 0.0006 {
			t.Errorf("stage %d is worth %.3f, want %.3f", i, values[i], want)
		}
	}
}

func TestMigrationIsReadBackAsWritten(t *testing.T) {
	t.Parallel()
	want := customerbase.Migration{PeriodDays: 90, Buy: []float64{0.3, 0.2, 0}}
	got, err := customerbase.NewMigration(customerbase.Named(want.Parameters()))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read back %v, %v, want %v", got, err, want)
	}
	for parameter, given := range map[string]map[string]float64{
		"period_days is missing": {"buy.1": 0.5},
		"buy.2 is missing":       {"period_days": 90, "buy.1": 0.5, "buy.3": 0.5},
		"buy.1 is 2":             {"period_days": 90, "buy.1": 2},
		"period_days is 0.5":     {"period_days": 0.5, "buy.1": 1},
		"period_days is 0":       {"period_days": 0, "buy.1": 1},
		"buy.1 is missing":       {"period_days": 90},
	} {
		if _, err := customerbase.NewMigration(given); err == nil || !strings.Contains(err.Error(), parameter) {
			t.Errorf("%v: the error is %v, want one about %q", given, err, parameter)
		}
	}
}

func TestAModelOfMigrationHasAtMostAsManyStatesAsItsValueCanBeComputedFor(t *testing.T) {
	t.Parallel()
	for states, ok := range map[int]bool{customerbase.MostStates: true, customerbase.MostStates + 1: false} {
		m := customerbase.Migration{PeriodDays: 30, Buy: make([]float64, states)}
		_, err := customerbase.NewMigration(customerbase.Named(m.Parameters()))
		if (err == nil) != ok || !ok && !(errors.Is(err, customerbase.ErrParameters) && strings.Contains(err.Error(), "must be at most 24")) {
			t.Errorf("with %d states the error is %v", states, err)
		}
	}
}
