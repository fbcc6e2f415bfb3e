package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
)

// livePolicies is the answer of a server with one published policy.
func livePolicies(t *testing.T) string {
	t.Helper()
	autumn, err := domain.ParsePolicy([]byte("version: autumn\nlifecycle:\n  decline_gaps: 3\ncalendar:\n  holidays: [2026-10-01, 2026-10-02]\n"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(map[string]any{"items": []any{
		map[string]any{"version": "autumn", "published_at": "2026-03-01T09:30:00Z", "positions": []string{"0:7", "1:9"}, "document": string(autumn.Document())},
		map[string]any{"version": "default-1", "published_at": nil, "positions": []string{}, "document": string(domain.DefaultPolicy().Document())},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

func TestPolicyShowPrintsThePolicyInForceOnAServer(t *testing.T) {
	t.Parallel()
	server := answer(t, json.RawMessage(livePolicies(t)))
	got := execute(t, "policy", "show", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "policy_show", got.stdout)
	if got := execute(t, "policy", "show", "--json", "--url", server.url); got.stdout != livePolicies(t)+"\n" {
		t.Errorf("the run shows %+v", got)
	}
}

func TestPolicyDiffNamesTheFieldsWithBothValues(t *testing.T) {
	t.Parallel()
	server := orders(t, map[string]reply{"GET /v1/policies": {200, livePolicies(t)}})
	file := policyFile(t, "version: winter\nlifecycle: {decline_gaps: 3}\ncalendar:\n  hours:\n    sat: {from: \"10:00\", to: \"14:00\"}\n")
	got := execute(t, "policy", "diff", "live", file, "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "policy_diff", got.stdout)
	if got := execute(t, "policy", "diff", "default", "default"); got != (outcome{exitDone, "no difference\n", ""}) {
		t.Errorf("the run shows %+v", got)
	}
	want := `{"different":[{"field":"version","a":"default-1","b":"x"}]}` + "\n"
	if got := executeWith(t.Context(), strings.NewReader("version: x\n"), "policy", "diff", "default", "-", "--json"); got != (outcome{exitDone, want, ""}) {
		t.Errorf("the run shows %+v", got)
	}
	for _, args := range [][]string{{"default", "no-such-file.yaml"}, {policyFile(t, "clock: sun\n"), "default"}} {
		if got := execute(t, append([]string{"policy", "diff"}, args...)...); got.code != exitUsage || got.stdout != "" {
			t.Errorf("%q shows %+v", args, got)
		}
	}
}

func TestPolicyPublishTellsWhereItTakesEffect(t *testing.T) {
	t.Parallel()
	file := policyFile(t, "version: autumn\n")
	server := orders(t, map[string]reply{"POST /v1/policies": {201, `{"version":"autumn","published_at":"2026-03-01T09:30:00Z","positions":["0:7","1:9"],"shown":true}`}})
	got := execute(t, "policy", "publish", file, "--actor", "e", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "policy_publish", got.stdout)
	server.wants(t, "/v1/policies|e|wait=5|application/yaml|version: autumn\n")
	for status, c := range map[int]struct {
		code int
		body string
	}{
		409: {exitConflict, `{"title":"The version belongs to another policy"}`},
		422: {exitUsage, `{"title":"The policy breaks rules","errors":[{"pointer":"/clock","rule":"policy","message":"must be one of wall, events"}]}`},
		503: {exitFailed, `{"title":"The log is unavailable"}`},
	} {
		server := orders(t, map[string]reply{"POST /v1/policies": {status, c.body}})
		if got := execute(t, "policy", "publish", file, "--url", server.url); got.code != c.code || got.stdout != "" || got.stderr == "" {
			t.Errorf("%d: the run shows %+v", status, got)
		}
	}
}
