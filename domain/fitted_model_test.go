package domain_test

import (
	"errors"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
)

var (
	mbg = domain.FittedModel{Name: "mbg_nbd", Parameters: map[string]float64{"r": 0.5, "alpha": 6, "a": 0.9, "b": 1.6}}
	nbd = domain.FittedModel{Name: "nbd", Parameters: map[string]float64{"r": 0.4, "alpha": 12}}
	abc = domain.FittedModel{Name: "abc", Parameters: map[string]float64{"least.CNY.A": 900, "least.CNY.B": 30}}
)

// put puts models in force one after the other.
func put(t *testing.T, p *domain.Policy, models ...domain.FittedModel) *domain.Policy {
	t.Helper()
	for _, m := range models {
		next, err := p.With(domain.RoleOf(m.Name), m)
		if err != nil {
			t.Fatal(err)
		}
		p = next
	}
	return p
}

func parsed(t *testing.T, document string) *domain.Policy {
	t.Helper()
	p, err := domain.ParsePolicy([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAFittedModelTakesThePlaceOfTheOneOfItsRole(t *testing.T) {
	t.Parallel()
	base := domain.DefaultPolicy()
	one := put(t, base, mbg)
	digest, marked := strings.CutPrefix(one.Version, base.Version+"+")
	if !marked || len(digest) != 8 {
		t.Errorf("the version is %q", one.Version)
	}
	two := put(t, one, abc, nbd)
	if len(two.Models) != 2 || !two.Models["purchase"].Equal(nbd) || !two.Models["classes"].Equal(abc) {
		t.Errorf("the models are %+v", two.Models)
	}
	if again := put(t, base, nbd, abc); again.Version != two.Version || again.Digest() != two.Digest() {
		t.Errorf("in another order the version is %q, not %q", again.Version, two.Version)
	}
	if strings.Count(two.Version, "+") != 1 || two.Version == one.Version {
		t.Errorf("the version is %q after %q", two.Version, one.Version)
	}
	if base.Models != nil || len(one.Models) != 1 {
		t.Error("a policy was changed")
	}
	if again := put(t, one, mbg); again.Digest() != one.Digest() {
		t.Error("the same model gives another policy")
	}
}

func TestAPolicyThatSaysNothingOfModelsKeepsThoseInForce(t *testing.T) {
	t.Parallel()
	before := put(t, domain.DefaultPolicy(), mbg)
	next := parsed(t, "version: next-2")
	after, err := next.After(before)
	if err != nil {
		t.Fatal(err)
	}
	if !after.Models["purchase"].Equal(mbg) || !strings.HasPrefix(after.Version, "next-2+") {
		t.Errorf("version %q has %+v", after.Version, after.Models)
	}
	if back := after.Published(); back.Version != "next-2" || back.Digest() != next.Digest() {
		t.Errorf("it was published as %q", back.Version)
	}
	for _, document := range []string{"version: none\nmodels: {}", "version: own\nmodels: {purchase: {name: nbd, parameters: {r: 1, alpha: 2}}}"} {
		p := parsed(t, document)
		after, err := p.After(before)
		if err != nil {
			t.Fatal(err)
		}
		if after.Digest() != p.Digest() || after.Published() != after {
			t.Errorf("%s: in force is version %q with %+v", document, after.Version, after.Models)
		}
	}
	if p, err := next.After(domain.DefaultPolicy()); err != nil || p.Digest() != next.Digest() {
		t.Errorf("without models in force the policy is %+v, %v", p, err)
	}
}

func TestModelsAreReadBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for _, p := range []*domain.Policy{domain.DefaultPolicy(), parsed(t, "models: {}"), put(t, domain.DefaultPolicy(), mbg, abc)} {
		again := parsed(t, string(p.Document()))
		if again.Digest() != p.Digest() || !maps.EqualFunc(again.Models, p.Models, domain.FittedModel.Equal) || (again.Models == nil) != (p.Models == nil) {
			t.Errorf("%+v became %+v", p.Models, again.Models)
		}
	}
}

func TestAModelMustBeWhatItsRoleNeeds(t *testing.T) {
	t.Parallel()
	for document, field := range map[string]string{
		"models: {purchases: {name: nbd, parameters: {r: 1, alpha: 2}}}":                                "models.purchases",
		"models: {purchase: {name: gamma_gamma, parameters: {p: 1, q: 2, v: 3}}}":                       "models.purchase.name",
		"models: {purchase: {name: nbd, parameters: {r: 1}}}":                                           "models.purchase.parameters",
		"models: {purchase: {name: nbd, parameters: {r: 1, alpha: 0}}}":                                 "models.purchase.parameters",
		"models: {purchase: {name: nbd, parameters: {r: 1, alpha: 2, a: 3}}}":                           "models.purchase.parameters",
		"models: {purchase: {name: nbd, parameters: {r: .nan, alpha: 2}}}":                              "models.purchase.parameters",
		"models: {purchase: {name: nbd, parameters: {r: one, alpha: 2}}}":                               "models.purchase.parameters.r",
		"models: {risk: {name: learned_risk, parameters: {horizon_days: 90}}}":                          "models.risk.parameters",
		"models: {classes: {name: abc, parameters: {least.CNY: 1}}}":                                    "models.classes.parameters",
		"models: {classes: {name: abc, parameters: {least.CNY.A: 1.5}}}":                                "models.classes.parameters",
		"models: {purchase: {name: nbd, parameters: {r: 1, alpha: 2}, from: yesterday}}":                "models.purchase.from",
		"models: {purchase: {name: nbd, parameters: {r: 1, alpha: 2}, customers: -1}}":                  "models.purchase.customers",
		"models: {purchase: {name: nbd, parameters: {r: 1, alpha: 2}, log_likelihood: .inf}}":           "models.purchase.log_likelihood",
		"models: {purchase: {name: nbd, parameters: {r: 1, alpha: 2}, sample: all, currency: \"\\t\"}}": "models.purchase.sample",
	} {
		_, err := domain.ParsePolicy([]byte(document))
		invalid, ok := errors.AsType[*domain.PolicyError](err)
		if !ok || invalid.Faults[0].Field != field {
			t.Errorf("%s: %v, want a fault of %s", document, err, field)
		}
	}
	if _, err := domain.DefaultPolicy().With(domain.RoleSpend, nbd); err == nil {
		t.Error("a purchase model is taken for one of spend")
	}
}

func TestAFittedEventSaysWhichModelItIs(t *testing.T) {
	t.Parallel()
	at := domain.Date(10_000).Time()
	ok := domain.ModelFitted{
		Model: "nbd", Parameters: []byte(`{"r":0.4,"alpha":12}`), WindowTo: domain.InstantOf(at), N: 7, LogLikelihood: -3.5,
	}
	role, m, err := ok.Fitted()
	want := nbd
	want.To, want.Customers, want.LogLikelihood = "1997-05-19T00:00:00Z", 7, -3.5
	if err != nil || role != domain.RolePurchase || !m.Equal(want) {
		t.Errorf("%s: %+v, %v", role, m, err)
	}
	for pointer, bad := range map[string]domain.ModelFitted{
		"/data/model":      {Model: "sbg", Parameters: []byte(`{"alpha":1,"beta":2}`)},
		"/data/parameters": {Model: "nbd"},
	} {
		_, _, err := bad.Fitted()
		invalid, is := errors.AsType[*domain.Invalid](err)
		if !is || invalid.Problems[0].Pointer != pointer {
			t.Errorf("%s: %v, want a problem at %s", bad.Model, err, pointer)
		}
	}
}

func TestLeastValuesAreWholeMinorUnits(t *testing.T) {
	t.Parallel()
	least, err := domain.LeastValues(map[string]float64{domain.LeastName("CNY", "A.1"): -5, domain.LeastName("EUR", "A.1"): 1 << 53})
	if err != nil || least["CNY"]["A.1"] != -5 || least["EUR"]["A.1"] != 1<<53 {
		t.Errorf("%v, %v", least, err)
	}
	if _, err := domain.LeastValues(map[string]float64{"least.CNY.A": math.Inf(1)}); err == nil {
		t.Error("an infinite value is taken")
	}
}
