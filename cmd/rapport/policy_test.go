package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
)

// policyFile writes a policy document into a file.
func policyFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPolicyShowPrintsTheDocumentedDefaults(t *testing.T) {
	t.Parallel()
	if got, want := execute(t, "policy", "show"), (outcome{exitDone, string(domain.DefaultPolicyDocument()), ""}); got != want {
		t.Errorf("the run shows %+v", got)
	}
}

func TestPolicyShowPrintsADocumentThatReadsAsTheSamePolicy(t *testing.T) {
	t.Parallel()
	const text = "version: \"7\"\nmax_future: 90s\nlifecycle:\n  decline_gaps: 2.5\n  decline_risk: high\n"
	want, err := domain.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{nil, {"--json"}} {
		shown := execute(t, append([]string{"policy", "show", "--file", policyFile(t, text)}, flags...)...)
		if shown.code != exitDone || shown.stderr != "" {
			t.Fatalf("the run shows %+v", shown)
		}
		if flags != nil && !json.Valid([]byte(shown.stdout)) {
			t.Errorf("not JSON: %s", shown.stdout)
		}
		// JSON is YAML too.
		got, err := domain.ParsePolicy([]byte(shown.stdout))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("with %q it shows\n%s\nwhich is\n%+v, want\n%+v", flags, shown.stdout, got, want)
		}
	}
}

func TestPolicyCheckFindsNoFaultInAGoodDocument(t *testing.T) {
	t.Parallel()
	file := policyFile(t, "version: autumn\n")
	if got, want := execute(t, "policy", "check", file), (outcome{exitDone, "valid policy  autumn\n", ""}); got != want {
		t.Errorf("the run shows %+v, want %+v", got, want)
	}
	want := outcome{exitDone, `{"valid":true,"version":"autumn","faults":[]}` + "\n", ""}
	if got := execute(t, "policy", "check", file, "--json"); got != want {
		t.Errorf("the run shows %+v, want %+v", got, want)
	}
}

func TestPolicyCheckNamesTheFieldAndTheRuleOfEveryFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []domain.PolicyFault
	}{
		"value out of range": {"lifecycle:\n  maturity_occasions: 0\n", []domain.PolicyFault{{Field: "lifecycle.maturity_occasions", Rule: "must be at least 1"}}},
		"unknown name":       {"clok: events\n", []domain.PolicyFault{{Field: "clok", Rule: "is not a name of the policy"}}},
		"unknown name below": {"lifecycle:\n  gaps: 2\n", []domain.PolicyFault{{Field: "lifecycle.gaps", Rule: "is not a name of the policy"}}},
		"every kind at once": {
			"version: ''\nmax_future: soon\nclok: x\nlifecycle:\n  decline_gaps: many\n  decline_risk: huge\n  termination_days: -1\n",
			[]domain.PolicyFault{
				{Field: "max_future", Rule: "must be a length of time such as 15m"},
				{Field: "clok", Rule: "is not a name of the policy"},
				{Field: "lifecycle.decline_gaps", Rule: "must be a number"},
				{Field: "lifecycle.decline_risk", Rule: "must be one of low, watch, high, critical"},
				{Field: "version", Rule: "must have 1 to 128 characters"},
				{Field: "lifecycle.termination_days", Rule: "must be between 0 and 36500"},
			},
		},
		"values of other types": {
			"version: [1]\ntime_zone: {a: b}\nlifecycle:\n  prior_weight: x\ncontact: 3\n",
			[]domain.PolicyFault{
				{Field: "version", Rule: "must be a text"},
				{Field: "time_zone", Rule: "must be a text"},
				{Field: "lifecycle.prior_weight", Rule: "must be a whole number"},
				{Field: "contact", Rule: "must be a mapping of names to values"},
			},
		},
		"value behind an alias": {
			"version: &v ''\ntime_zone: *v\n",
			[]domain.PolicyFault{{Field: "time_zone", Rule: "must be an IANA zone such as Asia/Shanghai"}, {Field: "version", Rule: "must have 1 to 128 characters"}},
		},
		"list":          {"- 1\n", []domain.PolicyFault{{Field: "document", Rule: "must be a mapping of names to values"}}},
		"name twice":    {"clock: events\nclock: events\n", []domain.PolicyFault{{Field: "clock", Rule: "is given twice"}}},
		"not a mapping": {"[", []domain.PolicyFault{{Field: "document", Rule: "must be YAML: line 1: did not find expected node content"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := executeWith(t.Context(), strings.NewReader(c.text), "policy", "check", "-", "--json")
			var check policyCheck
			if err := json.Unmarshal([]byte(got.stdout), &check); err != nil {
				t.Fatalf("%v in %+v", err, got)
			}
			if got.code != exitUsage || check.Valid || !reflect.DeepEqual(check.Faults, c.want) {
				t.Errorf("exit code %d and faults\n%q, want %d and\n%q", got.code, check.Faults, exitUsage, c.want)
			}
			readable := executeWith(t.Context(), strings.NewReader(c.text), "policy", "check", "-")
			for _, fault := range c.want {
				if !strings.Contains(readable.stdout, fault.Field) || !strings.Contains(readable.stdout, fault.Rule) {
					t.Errorf("fault %q is missing in\n%s", fault, readable.stdout)
				}
			}
		})
	}
}

func TestAPolicyThatIsNotValidIsNotShown(t *testing.T) {
	t.Parallel()
	got := execute(t, "policy", "show", "--file", policyFile(t, "clock: sun\n"))
	if got.code != exitUsage || got.stdout != "" || !strings.Contains(got.stderr, "clock must be") {
		t.Errorf("the run shows %+v", got)
	}
}
