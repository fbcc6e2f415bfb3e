package learnedrisk_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
)

// drawModel draws up to six features, of which some were missing of some customers.
func drawModel(t *rapid.T) learnedrisk.Model {
	number := func(name string) float64 { return rapid.Float64Range(-30, 30).Draw(t, name) }
	m := learnedrisk.Model{Horizon: 90, Intercept: number("intercept")}
	for i := range rapid.IntRange(0, 6).Draw(t, "features") {
		f := learnedrisk.Feature{Name: fmt.Sprintf("f%d", i), Weight: number("weight"), Mean: number("mean")}
		f.Scale = math.Exp(number("scale") / 10)
		if rapid.Bool().Draw(t, "missing") {
			f.MissingShare, f.MissingWeight = rapid.Float64Range(0, 1).Draw(t, "share"), number("missing weight")
		}
		m.Features = append(m.Features, f)
	}
	return m
}

// drawValues draws values of some features, and of one that the model does not know.
func drawValues(t *rapid.T, m learnedrisk.Model) []learnedrisk.Value {
	values := []learnedrisk.Value{{Name: "unknown", Number: 1}}
	for _, f := range m.Features {
		if rapid.Bool().Draw(t, "known") {
			values = append(values, learnedrisk.Value{Name: f.Name, Number: rapid.Float64Range(-100, 100).Draw(t, "value")})
		}
	}
	return rapid.Permutation(values).Draw(t, "order")
}

func TestContributionsAddUpToTheScoreExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		values := drawValues(t, m)
		e, err := m.Explain(values)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Probability(values)
		if err != nil {
			t.Fatal(err)
		}
		if e.Score < 0 || e.Score > 100 || math.Abs(e.Score-100*p) > 1e-8 {
			t.Errorf("the score is %v, but the chance %v", e.Score, p)
		}
		forward, backward := e.Base, 0.0
		for i := range e.Contributions {
			forward += e.Contributions[i].Points
			backward += e.Contributions[len(e.Contributions)-1-i].Points
		}
		if backward += e.Base; forward != e.Score || backward != e.Score {
			t.Errorf("the points add up to %v and, backwards, to %v; the score is %v", forward, backward, e.Score)
		}
	})
}

// TestPointsFollowFromTheNumbersOfAnExplanation computes them as a reader would.
func TestPointsFollowFromTheNumbersOfAnExplanation(t *testing.T) {
	t.Parallel()
	m := learnedrisk.Model{Horizon: 90, Intercept: 0.5, Features: []learnedrisk.Feature{
		{Name: "complaints", Mean: 0.4, Scale: 0.8, Weight: 0.6},
		{Name: "satisfaction", Mean: 8, Scale: 1.5, Weight: -0.9, MissingShare: 0.7, MissingWeight: 0.25},
		{Name: "silent_days", Mean: 60, Scale: 40, Weight: 1.1},
	}}
	e, err := m.Explain([]learnedrisk.Value{{"silent_days", 100}, {"complaints", 0}})
	if err != nil {
		t.Fatal(err)
	}
	logOdds := []float64{0.6 * (0 - 0.4) / 0.8, 0.25 * (1 - 0.7), 1.1 * (100 - 60) / 40}
	z := 0.5
	for _, part := range logOdds {
		z += part
	}
	chance := func(z float64) float64 { return 100 / (1 + math.Exp(-z)) }
	for i, c := range e.Contributions {
		want := logOdds[i] * (chance(z) - chance(0.5)) / (z - 0.5)
		if math.Abs(c.LogOdds-logOdds[i]) > 1e-12 || math.Abs(c.Points-want) > 1e-9 {
			t.Errorf("%s: %v log-odds and %v points, want %v and %v", c.Feature, c.LogOdds, c.Points, logOdds[i], want)
		}
	}
	if math.Abs(e.Base-chance(0.5)) > 1e-9 || math.Abs(e.Score-chance(z)) > 1e-9 {
		t.Errorf("the base is %v and the score %v, want %v and %v", e.Base, e.Score, chance(0.5), chance(z))
	}
	if v := e.Contributions[1].Value; v != nil || *e.Contributions[2].Value != 100 {
		t.Errorf("the values are %v and %v", v, *e.Contributions[2].Value)
	}
}

// TestTheMeanCustomerHasTheBase and moving along a feature moves the points of this feature the way of its weight.
func TestTheMeanCustomerHasTheBase(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		var values []learnedrisk.Value
		for i := range m.Features {
			m.Features[i].MissingShare = 0
			values = append(values, learnedrisk.Value{Name: m.Features[i].Name, Number: m.Features[i].Mean})
		}
		e, err := m.Explain(values)
		if err != nil || e.Score != e.Base {
			t.Errorf("the score is %v and the base %v, %v", e.Score, e.Base, err)
		}
		for i, f := range m.Features {
			values[i].Number += f.Scale
			e, err := m.Explain(values)
			if err != nil || e.Contributions[i].Points*f.Weight < 0 {
				t.Errorf("a weight of %v gives %v points, %v", f.Weight, e.Contributions[i].Points, err)
			}
			values[i].Number -= f.Scale
		}
	})
}

func TestAModelIsRestoredFromItsParameters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		again, err := learnedrisk.New(customerbase.Named(m.Parameters()))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}

func TestErrorsNameTheParameter(t *testing.T) {
	t.Parallel()
	good := learnedrisk.Model{Horizon: 90, Features: []learnedrisk.Feature{{Name: "silent_days", Scale: 1}}}
	for name, change := range map[string]func(p map[string]float64){
		"horizon_days":               func(p map[string]float64) { p["horizon_days"] = 0 },
		"intercept":                  func(p map[string]float64) { delete(p, "intercept") },
		"silent_days.scale":          func(p map[string]float64) { p["silent_days.scale"] = 0 },
		"silent_days.mean":           func(p map[string]float64) { delete(p, "silent_days.mean") },
		"silent_days.weight":         func(p map[string]float64) { p["silent_days.weight"] = math.NaN() },
		"silent_days.missing_share":  func(p map[string]float64) { p["silent_days.missing_share"] = 1.5 },
		"silent_days.missing_weight": func(p map[string]float64) { p["silent_days.missing_weight"] = math.Inf(1) },
		"lone.mean":                  func(p map[string]float64) { p["lone.mean"] = 1 },
		"bias":                       func(p map[string]float64) { p["bias"] = 1 },
		`"Silent"`: func(p map[string]float64) {
			for _, of := range []string{".weight", ".mean", ".scale", ".missing_share", ".missing_weight"} {
				p["Silent"+of] = 1
			}
		},
	} {
		p := customerbase.Named(good.Parameters())
		change(p)
		_, err := learnedrisk.New(p)
		if !errors.Is(err, customerbase.ErrParameters) || !strings.Contains(err.Error(), strings.TrimSuffix(name, "_days")) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if _, err := learnedrisk.New(customerbase.Named(good.Parameters())); err != nil {
		t.Errorf("without a change the error is %v", err)
	}
	_, err := good.Probability([]learnedrisk.Value{{"silent_days", math.NaN()}})
	if !errors.Is(err, customerbase.ErrArgument) || !strings.Contains(err.Error(), "silent_days") {
		t.Errorf("a value of NaN: the error is %v", err)
	}
}

// TestScoresHaveTheRecordedBits holds on every platform.
func TestScoresHaveTheRecordedBits(t *testing.T) {
	t.Parallel()
	m := learnedrisk.Model{Horizon: 90, Intercept: 0.501, Features: []learnedrisk.Feature{
		{Name: "age_days", Mean: 138.011031, Scale: 23.2837154, Weight: 0.0743102767},
		{Name: "frequency", Mean: 0.352169185, Scale: 0.551930394, Weight: -0.656961841},
		{Name: "satisfaction", Mean: 8.1, Scale: 1.7, Weight: -0.8, MissingShare: 0.6, MissingWeight: 0.2},
	}}
	e, err := m.Explain([]learnedrisk.Value{{"age_days", 211}, {"frequency", math.Ln2}})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%x %x %x", e.Base, e.Score, e.PointsPerLogOdds)
	for _, c := range e.Contributions {
		got += fmt.Sprintf(" %x", c.Points)
	}
	const want = "0x1.f227cb3c98p+05 0x1.e0807a5c68p+05 0x1.7bf8ef5472314p+04 0x1.620d10c34p+02 -0x1.346f774cp+03 0x1.e65d5b4dp+00"
	if got != want {
		t.Errorf("the bits are %s", got)
	}
}
