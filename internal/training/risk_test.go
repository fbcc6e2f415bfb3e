package training_test

import (
	"bufio"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/evaluation"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/importer"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/internal/training"
	"github.com/rapport-crm/rapport/projections"
)

// quarter is a horizon of 13 weeks, in which the calibration period of CDNOW has an origin and its outcome.
const quarter = 13 * 7 * 24 * 3600 * 1e9

// TestTheLearnedRiskOfCDNOWRanksTheHoldoutPeriod learns from the customers of 26 weeks and what they did in the 13 weeks after,
// and is judged by the 39 weeks after those.
func TestTheLearnedRiskOfCDNOWRanksTheHoldoutPeriod(t *testing.T) {
	t.Parallel()
	log := imported(t, "cdnow/CDNOW_sample.txt", importer.FileOptions{Format: importer.CDNow})
	policy := historic(t, "risk: {source: learned, horizon: 6552h}\n")
	out := train(t, log, policy, training.Options{Model: "risk", At: at(t, calibration), Horizon: quarter})
	if out.Model != learnedrisk.Name || out.Role != domain.RoleRisk || out.Learning.Origin != at(t, "1997-07-01T00:00:00Z") {
		t.Fatalf("the result is %+v", out)
	}
	weights := make(map[string]float64)
	for _, p := range out.Parameters {
		weights[p.Name] = p.Value
	}
	if !(weights[projections.FeatureRepeats+".weight"] < 0 && weights[projections.FeatureSilence+".weight"] > 0) {
		t.Errorf("the weights are %v", weights)
	}
	fitted := inForce(t, policy, out)
	ranking, err := evaluation.Rank(outcomes(t, log, fitted), evaluation.RankOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("AUC %.4f, lift %.3f of %d customers", ranking.AUC.Value, ranking.Top[0].Lift.Value, ranking.Customers)
	if ranking.AUC.Value < 0.7825 || ranking.Top[0].Lift.Value < 1.275 {
		t.Errorf("the ranking is %+v", ranking)
	}
	short := train(t, log, historic(t, "risk: {horizon: 2184h}\n"), training.Options{Model: "risk", At: at(t, calibration)})
	brought, raw := brier(t, log, fitted), brier(t, log, inForce(t, policy, short))
	t.Logf("Brier score %.4f, without bringing the chances to the horizon %.4f", brought, raw)
	if !out.Learning.Recalibrated || short.Learning.Recalibrated || !(brought < raw) {
		t.Errorf("the chances are wrong by %v, without bringing them to the horizon by %v", brought, raw)
	}
}

// brier returns the Brier score of the learned chances.
func brier(t *testing.T, log *eventstore.Log, policy *domain.Policy) float64 {
	t.Helper()
	judgement, err := evaluation.Judge(outcomes(t, log, policy))
	if err != nil {
		t.Fatal(err)
	}
	return *judgement.Brier
}

// inForce returns the policy with the model in force.
func inForce(t *testing.T, policy *domain.Policy, out *training.Outcome) *domain.Policy {
	t.Helper()
	event, err := out.Event()
	if err != nil {
		t.Fatal(err)
	}
	role, model, err := event.Fitted()
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := policy.With(role, model)
	if err != nil {
		t.Fatal(err)
	}
	return fitted
}

// outcomes returns the learned chances at the end of the calibration period, and who bought nothing after it.
func outcomes(t *testing.T, log *eventstore.Log, policy *domain.Policy) []evaluation.Outcome {
	t.Helper()
	split := at(t, calibration)
	model, err := learnedrisk.New(policy.Models[string(domain.RoleRisk)].Parameters)
	if err != nil {
		t.Fatal(err)
	}
	then, err := replay.Whole(t.Context(), log, policy, projections.Bound{At: split}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	later := whole(t, log, policy)
	var list []evaluation.Outcome
	for p := range 2 {
		before, err := then.Contents(p)
		if err != nil {
			t.Fatal(err)
		}
		after, err := later.Contents(p)
		if err != nil {
			t.Fatal(err)
		}
		for c := range before.Streams() {
			if len(c.Trade.Days) == 0 {
				continue
			}
			chance, err := model.Probability(before.Fold.Features(c, split, nil))
			if err != nil {
				t.Fatal(err)
			}
			now, _ := after.Stream(c.ID)
			list = append(list, evaluation.Outcome{Score: chance, Lost: now.Trade.LastPurchase <= split})
		}
	}
	return list
}

// TestWhatHappensLaterHasNoPartInAFit fits the log of CDNOW up to a day once with and once without what comes after it.
func TestWhatHappensLaterHasNoPartInAFit(t *testing.T) {
	t.Parallel()
	policy := historic(t, "")
	full := imported(t, "cdnow/CDNOW_sample.txt", importer.FileOptions{Format: importer.CDNow})
	cut := importedUntil(t, "cdnow/CDNOW_sample.txt", "19970930")
	for _, model := range []string{"mbg_nbd", "gamma_gamma", "abc", "risk"} {
		o := training.Options{Model: model, At: at(t, calibration), Horizon: quarter}
		a, b := train(t, full, policy, o), train(t, cut, policy, o)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: with the later events %+v, without them %+v", model, a, b)
		}
	}
}

// importedUntil returns a log of the purchases of CDNOW up to a day.
func importedUntil(t *testing.T, name, day string) *eventstore.Log {
	t.Helper()
	text, err := os.ReadFile(dataFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	for lines := bufio.NewScanner(strings.NewReader(string(text))); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 4 && words[2] <= day {
			kept.WriteString(lines.Text() + "\n")
		}
	}
	return importedTable(t, kept.String(), "")
}
