package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/internal/training"
)

// cdnowLog imports the sample of CDNOW and returns the data directory.
func cdnowLog(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if got := execute(t, "import", shared(t, "cdnow/CDNOW_sample.txt"), "--format", "cdnow", "--data", data); got.code != exitDone {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	return data
}

func TestFitRecordsAModelOnce(t *testing.T) {
	t.Parallel()
	data := cdnowLog(t)
	fit := func(flags ...string) outcome {
		t.Helper()
		return execute(t, append([]string{"fit", "--at", "1997-09-30", "--data", data, "--actor", "analyst"}, flags...)...)
	}
	dry := fit("--dry-run", "--json")
	var document struct {
		Model, Wanted string
		Customers     int
		Recorded      *struct{ Positions []string }
	}
	if err := json.Unmarshal([]byte(dry.stdout), &document); err != nil {
		t.Fatal(err, dry.stderr)
	}
	if document.Model != "mbg_nbd" || document.Customers != 2357 || document.Recorded != nil {
		t.Errorf("a dry run prints %s", dry.stdout)
	}
	first := fit()
	golden(t, "fit", first.stdout)
	if again := fit(); !strings.Contains(again.stdout, "it is in force already") {
		t.Errorf("a second time it prints %s", again.stdout)
	}
	summary := execute(t, "asof", "--all", "--at", "1998-07-01", "--data", data, "--json")
	if !strings.Contains(summary.stdout, `"policy_version":"default-1+`) {
		t.Errorf("the policy in force is not that of %s", summary.stdout)
	}
	before := execute(t, "asof", "--all", "--at", "1998-06-29", "--data", data, "--json")
	if !strings.Contains(before.stdout, `"policy_version":"default-1"`) {
		t.Errorf("before the record the policy in force is not that of %s", before.stdout)
	}
	risk := fit("--model", "risk", "--horizon", "2184h")
	golden(t, "fit_risk", risk.stdout)
}

func TestFitNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if got := execute(t, "import", writeText(t, "a.txt", threePurchases), "--format", "cdnow", "--data", data); got.code != exitDone {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	for _, c := range []struct {
		flags []string
		code  int
		want  string
	}{
		{[]string{"--model", "rfm"}, exitUsage, "must be one of"},
		{[]string{"--at", "yesterday"}, exitUsage, "--at"},
		{[]string{"--horizon", "-1h"}, exitUsage, "--horizon"},
		{nil, exitFailed, "too few customers"},
		{[]string{"--model", "sbg"}, exitFailed, "nobody has subscribed"},
	} {
		got := execute(t, append([]string{"fit", "--data", data}, c.flags...)...)
		if got.code != c.code || got.stdout != "" || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%v: exit code %d, %q, %q", c.flags, got.code, got.stdout, got.stderr)
		}
	}
}

func TestFitKnowsEveryModel(t *testing.T) {
	t.Parallel()
	for _, name := range training.Names {
		got := execute(t, "fit", "--model", name, "--data", filepath.Join(t.TempDir(), "none"))
		if got.code != exitFailed {
			t.Errorf("%s: exit code %d: %s", name, got.code, got.stderr)
		}
	}
}

func TestPolicyDiffKeepsTheModelsThatADocumentSaysNothingOf(t *testing.T) {
	t.Parallel()
	before := writeText(t, "before.yaml", "version: a\nmodels: {purchase: {name: nbd, parameters: {r: 1, alpha: 2}}}\n")
	none := writeText(t, "none.yaml", "version: b\nmodels: {}\n")
	if got := executeWith(t.Context(), strings.NewReader("version: a\n"), "policy", "diff", before, "-", "--json"); strings.Contains(got.stdout, "models") {
		t.Errorf("it prints %s", got.stdout)
	}
	if got := execute(t, "policy", "diff", before, none, "--json"); !strings.Contains(got.stdout, `{"field":"models.purchase.name","a":"nbd","b":""}`) {
		t.Errorf("it prints %s", got.stdout)
	}
}
