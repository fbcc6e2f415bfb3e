package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

func TestQuarantineShowsTheRecordsWithTheRulesTheyBreak(t *testing.T) {
	t.Parallel()
	server := answer(t, &projections.QuarantinePage{
		Items: []projections.Quarantine{
			{
				Partition: 2, Offset: 17, Customer: "c-1", Event: "ev-1", Type: "purchase.recorded",
				Recorded: instant(t, "2026-02-01T00:00:01Z"), Verdict: eventstore.Quarantined, Status: projections.StatusOpen,
				Problems: []projections.QuarantineProblem{
					{Pointer: "/data/amount/minor", Rule: "min", Message: "must be at least 0"},
					{Pointer: "/data/quantity", Rule: "type", Message: "must be an integer"},
				},
			},
			{
				Partition: 0, Offset: 3, Recorded: instant(t, "2026-01-01T00:00:01Z"), Verdict: eventstore.Conflict,
				Status: projections.StatusDiscarded, Problems: []projections.QuarantineProblem{{Rule: "json", Message: "must be JSON"}},
			},
		},
		Next: "cXE",
	})
	got := execute(t, "quarantine", "--url", server.url, "--status", "all")
	if want := "more: --cursor cXE\n"; got.code != exitDone || got.stderr != want {
		t.Errorf("the run shows %+v, want %q on standard error", got, want)
	}
	golden(t, "quarantine", got.stdout)
	if q := server.request.Load().URL.RawQuery; q != "status=all" {
		t.Errorf("it asks with %s", q)
	}
}

func TestQuarantineShowPrintsTheEntryAndTheRecord(t *testing.T) {
	t.Parallel()
	const entry = `"partition":2,"offset":17,"customer":"c-1","event":"ev-1","type":"purchase.recorded","recorded_at":"2026-02-01T00:00:01Z",
		"verdict":"quarantined","problems":[{"pointer":"/data/amount","rule":"required","message":"is required"}]`
	for name, document := range map[string]string{
		"quarantine_open": `{` + entry + `,"status":"open","record":{"key":"c-1","value":"{\"id\":\"ev-1\",\"data\":{\"name\":\"\\u001b[2J\"}}\u001b","bytes":40,
			"headers":[{"name":"content-type","value":"application/cloudevents+json"},{"name":"x"}]}}`,
		"quarantine_discarded": `{` + entry + `,"status":"discarded","resolved_at":"2026-02-02T00:00:00Z","resolved_by":"employee:e1","reason":"a test","record":{"bytes":2,"headers":[]}}`,
		"quarantine_redriven":  `{` + entry + `,"status":"redriven","resolved_at":"2026-02-02T00:00:00Z","resolved_by":"employee:e1","redriven_position":"2:40"}`,
	} {
		server := answer(t, json.RawMessage(document))
		got := execute(t, "quarantine", "show", "2:17", "--url", server.url)
		if got.code != exitDone || got.stderr != "" || strings.Contains(got.stdout, "\x1b") {
			t.Errorf("the run shows %+v", got)
		}
		golden(t, name, got.stdout)
	}
}

func TestQuarantineRedriveTellsTheVerdictOnEveryRecord(t *testing.T) {
	t.Parallel()
	server := orders(t, map[string]reply{
		"GET /v1/quarantine?limit=500&status=open":           {200, `{"items":[{"partition":0,"offset":9},{"partition":0,"offset":7}],"next":"p2"}`},
		"GET /v1/quarantine?cursor=p2&limit=500&status=open": {200, `{"items":[{"partition":1,"offset":3}]}`},
		"POST /v1/quarantine/1:3/redrive":                    {201, `{"id":"a","status":"accepted","version":4,"position":"1:8"}`},
		"POST /v1/quarantine/0:7/redrive":                    {201, `{"id":"b","status":"conflict","version":2,"position":"0:10","errors":[{"pointer":"/expectedversion","rule":"version","message":"is not the version"}]}`},
		"POST /v1/quarantine/0:9/redrive":                    {201, `{"id":"c","status":"accepted","position":"0:11"}`},
		"POST /v1/quarantine/5:5/redrive":                    {409, `{"title":"Something was done about it before"}`},
		"POST /v1/quarantine/6:6/redrive":                    {404, `{"title":"There is no such thing"}`},
	})
	got := execute(t, "quarantine", "redrive", "--all", "--actor", "e", "--url", server.url)
	if got.code != exitConflict || !strings.Contains(got.stderr, "1 of 3 records were set aside again") {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "quarantine_redrive", got.stdout)
	server.wants(t, "/v1/quarantine/1:3/redrive|e|wait=5||", "/v1/quarantine/0:7/redrive|e|wait=5||", "/v1/quarantine/0:9/redrive|e|wait=5||")

	for args, code := range map[string]int{"1:3": exitDone, "5:5 1:3": exitConflict, "6:6 5:5": exitNotFound} {
		got := execute(t, append([]string{"quarantine", "redrive", "--json", "--url", server.url}, strings.Fields(args)...)...)
		if got.code != code || !json.Valid([]byte(got.stdout)) || strings.Contains(got.stdout, `"1:8"`) != strings.Contains(args, "1:3") {
			t.Errorf("%s: the run shows %+v, want code %d", args, got, code)
		}
	}
}

func TestQuarantineDiscardGivesTheReason(t *testing.T) {
	t.Parallel()
	server := orders(t, map[string]reply{
		"POST /v1/quarantine/0:7/discard": {200, `{"position":"0:10"}`},
		"POST /v1/quarantine/0:8/discard": {409, `{"title":"Something was done about it before"}`},
	})
	got := execute(t, "quarantine", "discard", "0:7", "--reason", `a "test"`, "--actor", "e", "--url", server.url)
	if want := (outcome{exitDone, "discarded 0:7, noted at 0:10\n", ""}); got != want {
		t.Errorf("the run shows %+v", got)
	}
	server.wants(t, `/v1/quarantine/0:7/discard|e|wait=5|application/json|{"reason":"a \"test\""}`)
	if got := execute(t, "quarantine", "discard", "0:8", "0:7", "--reason", "x", "--json", "--url", server.url); got.code != exitConflict || !strings.Contains(got.stdout, `"noted_position":"0:10"`) {
		t.Errorf("the run shows %+v", got)
	}
}
