package training_test

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/valuation"
	"github.com/rapport-crm/rapport/internal/fit"
	"github.com/rapport-crm/rapport/internal/importer"
	"github.com/rapport-crm/rapport/internal/training"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// calibration is the end of the calibration period of CDNOW (39 weeks).
const calibration = "1997-09-30T00:00:00Z"

// checkParameters compares parameters with published ones.
func checkParameters(t *testing.T, out *training.Outcome, tolerance float64, want ...float64) {
	t.Helper()
	if len(out.Parameters) != len(want) {
		t.Fatalf("the parameters are %+v", out.Parameters)
	}
	for i, p := range out.Parameters {
		if !(math.Abs(p.Value-want[i]) <= tolerance) {
			t.Errorf("%s: %s is %v, want %v", out.Model, p.Name, p.Value, want[i])
		}
	}
}

// TestParametersOfTheCDNOWSampleFromTheLog compares with CLVTools, BTYD, lifetimes and BTYDplus: the log goes on for nine
// months after the calibration period.
func TestParametersOfTheCDNOWSampleFromTheLog(t *testing.T) {
	t.Parallel()
	log := imported(t, "cdnow/CDNOW_sample.txt", importer.FileOptions{Format: importer.CDNow})
	policy := historic(t, "")
	for model, want := range map[string][]float64{
		"mbg_nbd": {0.524843, 6.183085, 0.891359, 1.614002}, "bg_nbd": {0.242595, 4.413602, 0.792922, 2.425907},
		"nbd": {0.384766, 12.072024},
	} {
		out := train(t, log, policy, training.Options{Model: model, At: at(t, calibration)})
		checkParameters(t, out, 5e-6, want...)
		if out.Customers != 2357 || out.RepeatBuyers != 946 || out.Fallback != "" || out.Role != domain.RolePurchase {
			t.Errorf("%s: %+v", model, out)
		}
	}
}

func TestAFitIsRecordedOnceAndTakesEffectInEveryReplay(t *testing.T) {
	t.Parallel()
	options := importer.FileOptions{Format: importer.CDNow}
	log, copied := imported(t, "cdnow/CDNOW_sample.txt", options), imported(t, "cdnow/CDNOW_sample.txt", options)
	policy := historic(t, "")
	before := whole(t, log, policy)
	first := train(t, log, policy, training.Options{At: at(t, calibration)})
	recorded := record(t, log, policy, first)
	if len(recorded.Positions) != 2 || recorded.At != at(t, "1998-06-30T00:00:00Z") {
		t.Errorf("it is recorded at %v from %s on", recorded.Positions, recorded.At)
	}
	if again := train(t, log, policy, training.Options{At: at(t, calibration)}); !reflect.DeepEqual(again, first) {
		t.Errorf("a refit gives %+v, not %+v", again, first)
	}
	if again := record(t, log, policy, first); len(again.Positions) != 0 {
		t.Errorf("a second time it is recorded at %v", again.Positions)
	}
	if other := record(t, copied, policy, train(t, copied, policy, training.Options{At: at(t, calibration)})); !slices.Equal(other.IDs, recorded.IDs) {
		t.Errorf("the same fit of the same log has the ids %v and %v", recorded.IDs, other.IDs)
	}
	after, twice := whole(t, log, policy), whole(t, log, policy)
	if a, b := after.Standing().Digest, twice.Standing().Digest; a != b || a == before.Standing().Digest {
		t.Errorf("digests: %s before, %s and %s after", before.Standing().Digest, a, b)
	}
	checkModelMeasure(t, before, false)
	checkModelMeasure(t, after, true)
}

// checkModelMeasure checks whether the scores of customers have a part of the purchase model.
func checkModelMeasure(t *testing.T, store *memview.Store, want bool) {
	t.Helper()
	for p := range 2 {
		contents, err := store.Contents(p)
		if err != nil {
			t.Fatal(err)
		}
		if fitted := strings.HasPrefix(contents.Fold.Policy().Version, "historic+"); fitted != want {
			t.Errorf("partition %d has the policy %q", p, contents.Fold.Policy().Version)
		}
		scored := 0
		for c := range contents.Streams() {
			score := contents.Fold.ScoreAt(c, at(t, "1998-07-01T00:00:00Z"))
			if score == nil {
				continue
			}
			scored++
			has := slices.ContainsFunc(score.Contributions, func(x projections.Contribution) bool { return x.Factor == domain.MeasureModel })
			if has != want {
				t.Fatalf("%s: %+v", c.ID, score)
			}
		}
		if scored == 0 {
			t.Errorf("nobody of partition %d has a score", p)
		}
	}
}

// TestOnlineRetailFromTheLogDoesNotTellWhetherCustomersLeave has a log that begins in the middle of most relationships.
func TestOnlineRetailFromTheLogDoesNotTellWhetherCustomersLeave(t *testing.T) {
	t.Parallel()
	log := imported(t, "online_retail/online_retail_invoices.csv", importer.FileOptions{Format: importer.OnlineRetail})
	out := train(t, log, historic(t, ""), training.Options{At: at(t, "2011-06-09T23:59:59Z")})
	if out.Model != "nbd" || out.Wanted != "mbg_nbd" || out.Fallback != fit.ReasonNoAttrition {
		t.Errorf("the result is %+v", out)
	}
	if event, err := out.Event(); err != nil || event.Model != "nbd" {
		t.Errorf("it is recorded as %+v, %v", event, err)
	}
}

// TestSpendOfTheCDNOWSampleFromTheLog compares with CLVTools and lifetimes, whose amounts are those of the repeat purchases.
func TestSpendOfTheCDNOWSampleFromTheLog(t *testing.T) {
	t.Parallel()
	log := imported(t, "cdnow/CDNOW_sample.txt", importer.FileOptions{Format: importer.CDNow})
	out := train(t, log, historic(t, ""), training.Options{Model: "gamma_gamma", At: at(t, calibration)})
	checkParameters(t, out, 0.02, 6.25, 3.74, 15.44)
	if out.Customers != 946 || out.Currency != "USD" || math.Abs(out.LogLikelihood+4055.92) > 0.5 {
		t.Errorf("the result is %+v", out)
	}
}

// TestClassesOfOnlineRetailFromTheLog has the published numbers of customers.
func TestClassesOfOnlineRetailFromTheLog(t *testing.T) {
	t.Parallel()
	log := imported(t, "online_retail/online_retail_invoices.csv", importer.FileOptions{Format: importer.OnlineRetail})
	policy := historic(t, "value: {measure: purchases}\n")
	out := train(t, log, policy, training.Options{Model: "abc"})
	record(t, log, policy, out)
	var least []int64
	for _, p := range out.Parameters {
		least = append(least, int64(p.Value))
	}
	counts := make([]int, 3)
	store := whole(t, log, policy)
	for p := range 2 {
		contents, err := store.Contents(p)
		if err != nil {
			t.Fatal(err)
		}
		for c := range contents.Streams() {
			if value, _ := c.Value(policy.Value.Measure); value > 0 {
				counts[valuation.ClassOf(value, least)]++
			}
		}
	}
	if want := []int{1133, 1469, 1736}; !slices.Equal(counts, want) {
		t.Errorf("the classes have %v customers, want %v, with %+v", counts, want, out.Parameters)
	}
}

// TestTheMigrationOfCDNOWFallsWithRecency records the chances of a purchase by the quarters since the last one.
func TestTheMigrationOfCDNOWFallsWithRecency(t *testing.T) {
	t.Parallel()
	log := imported(t, "cdnow/CDNOW_sample.txt", importer.FileOptions{Format: importer.CDNow})
	policy := historic(t, "value: {migration: {period_days: 91, states: 3}}\n")
	out := train(t, log, policy, training.Options{Model: "customer_migration"})
	if len(out.Parameters) != 4 || out.Role != domain.RoleMigration || out.Customers != 2357 {
		t.Fatalf("the result is %+v", out)
	}
	for i, p := range out.Parameters[:3] {
		if next := out.Parameters[i+1]; p.Name < "period_days" && next.Name < "period_days" && !(next.Value < p.Value) {
			t.Errorf("%s is %v, %s is %v", p.Name, p.Value, next.Name, next.Value)
		}
	}
	if recorded := record(t, log, policy, out); len(recorded.Positions) != 2 {
		t.Errorf("it is recorded as %+v", recorded)
	}
	if again := record(t, log, policy, train(t, log, policy, training.Options{Model: "customer_migration"})); len(again.Positions) != 0 {
		t.Errorf("a second time it is recorded as %+v", again)
	}
}

func TestWhatCannotBeFittedIsAnError(t *testing.T) {
	t.Parallel()
	log := imported(t, "cdnow/CDNOW_sample.txt", importer.FileOptions{Format: importer.CDNow})
	for _, c := range []struct {
		options training.Options
		want    error
	}{
		{training.Options{Model: "rfm"}, training.ErrUnknown},
		{training.Options{At: at(t, "1996-01-01T00:00:00Z")}, fit.ErrTooFew},
		{training.Options{At: at(t, "1997-01-05T00:00:00Z")}, fit.ErrTooFew},
		{training.Options{Model: "gamma_gamma", Currency: "EUR"}, fit.ErrTooFew},
		{training.Options{Model: "risk", At: at(t, "1997-01-05T00:00:00Z")}, fit.ErrTooFew},
		{training.Options{Model: "sbg"}, fit.ErrTooFew},
		{training.Options{Model: "kaplan_meier"}, fit.ErrTooFew},
	} {
		if _, err := training.Train(t.Context(), log, historic(t, ""), c.options); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.options, err, c.want)
		}
	}
}

// BenchmarkFitOfTheCDNOWMasterFromTheLog replays the log of the 23,570 customers up to the end of the calibration period and fits.
func BenchmarkFitOfTheCDNOWMasterFromTheLog(b *testing.B) {
	log := imported(b, "cdnow/CDNOW_master.txt", importer.FileOptions{Format: importer.CDNow})
	policy := historic(b, "")
	for _, model := range []string{"mbg_nbd", "pareto_nbd", "gamma_gamma", "risk"} {
		b.Run(model, func(b *testing.B) {
			for b.Loop() {
				train(b, log, policy, training.Options{Model: model, At: at(b, calibration), Horizon: quarter})
			}
		})
	}
}
