package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
)

// setAside appends a record that is set aside, past the front door, and returns its place once the views have it.
func (s *server) setAside(customer string) string {
	s.t.Helper()
	return s.past(customer, fmt.Sprintf(`{"specversion":"1.0","id":"bad-%s","source":"urn:test","type":"purchase.recorded","subject":%q,"time":"2026-03-01T09:30:00Z","data":{}}`, customer, customer))
}

// past appends a value past the front door and returns its place once the views have it.
func (s *server) past(key, value string) string {
	s.t.Helper()
	appended, err := s.log.Append(s.t.Context(), []eventstore.Record{{
		Key: []byte(key), Value: []byte(value), Headers: []eventstore.Header{{Key: "content-type", Value: []byte("application/cloudevents+json")}},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	at := appended[0].Position.String()
	s.get("/v1/quarantine?after=" + at).wants(http.StatusOK)
	return at
}

// entry is what the tests look at in an entry of the quarantine.
type entry struct {
	Customer, Event, Status, Reason string
	By                              string `json:"resolved_by"`
	Redriven                        string `json:"redriven_position"`
	Record                          *struct {
		Key, Value *string
		Bytes      int
		Headers    []struct{ Name, Value string }
	}
}

func TestAnEntryOfTheQuarantineShowsTheRecordAsItStandsInTheLog(t *testing.T) {
	t.Parallel()
	s := setup(t)
	at := s.setAside("c1")
	var e entry
	s.get("/v1/quarantine/" + at).wants(http.StatusOK).into(&e)
	if e.Customer != "c1" || e.Event != "bad-c1" || e.Status != "open" || e.Record == nil {
		t.Fatalf("the entry is %+v", e)
	}
	if r := e.Record; *r.Key != "c1" || !strings.Contains(*r.Value, `"bad-c1"`) || r.Bytes != len(*r.Value) || r.Headers[0].Value != "application/cloudevents+json" {
		t.Errorf("the record is %+v", r)
	}
	at = s.past("c1", "\xff\xfe")
	s.get("/v1/quarantine/" + at).wants(http.StatusOK).into(&e)
	if r := e.Record; r.Bytes != 2 {
		t.Errorf("the record is %+v", r)
	}
	if body := string(s.get("/v1/quarantine/" + at).body); strings.Contains(body, `"value":"\ufffd`) {
		t.Errorf("what is no text is shown as one: %s", body)
	}
	p := s.get("/v1/quarantine/0:77").problem(http.StatusNotFound, "not-found")
	if p.Detail == "" {
		t.Errorf("the problem is %+v", p)
	}
	s.get("/v1/quarantine/77").problem(http.StatusUnprocessableEntity, "invalid-request")
}

func TestARedrivenRecordIsAnsweredWithItsVerdict(t *testing.T) {
	t.Parallel()
	s := setup(t)
	// An event for version 1 comes before the event that makes it.
	early := purchase("c1", "expectedversion", `"1"`)
	conflict := s.post(one, early, "Prefer", "wait=30")
	conflict.problem(http.StatusPreconditionFailed, "version-mismatch")
	at := conflict.header.Get("Rapport-Position")
	var o outcome
	s.order("/v1/quarantine/"+at+"/redrive?actor=employee:e1", "", "", "Prefer", "wait=30").wants(http.StatusCreated).into(&o)
	if o.Status != "conflict" || *o.Version != 0 || len(o.Errors) != 1 {
		t.Errorf("too early: %+v", o)
	}
	at = o.Position
	s.order("/v1/quarantine/"+at+"/redrive", "", "", "Prefer", "wait=0").wants(http.StatusCreated)
	// Nobody waited, so the views learn of it in a while.
	for noted := (entry{}); noted.Status != "redriven"; {
		s.get("/v1/quarantine/" + at).into(&noted)
	}
	s.order("/v1/quarantine/"+at+"/redrive", "", "").problem(http.StatusConflict, "already-resolved")

	s.post(one, purchase("c1"), "Prefer", "wait=30").wants(http.StatusCreated)
	var open struct {
		Items []struct{ Partition, Offset int64 }
	}
	s.get("/v1/quarantine").into(&open)
	if len(open.Items) != 1 {
		t.Fatalf("open: %+v", open)
	}
	at = fmt.Sprintf("%d:%d", open.Items[0].Partition, open.Items[0].Offset)
	r := s.order("/v1/quarantine/"+at+"/redrive?wait=30&actor=employee:e2", "", "").wants(http.StatusCreated)
	o = outcome{}
	r.into(&o)
	if o.Status != "accepted" || *o.Version != 2 || o.Position != r.header.Get("Rapport-Position") || r.header.Get("Preference-Applied") != "wait" {
		t.Errorf("in time: %+v", o)
	}
	var e entry
	if s.get("/v1/quarantine/" + at).into(&e); e.Status != "redriven" || e.Redriven != o.Position || e.By != "employee:e2" {
		t.Errorf("the entry is %+v", e)
	}
}

func TestADiscardedRecordLeavesTheListOfOpenOnes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	first, second := s.setAside("c1"), s.setAside("c2")
	r := s.order("/v1/quarantine/"+first+"/discard", asJSON, `{"reason":"a test of the shop's","actor":"employee:e1"}`, "Prefer", "wait=30").wants(http.StatusOK)
	var noted struct{ Position string }
	if r.into(&noted); noted.Position == "" || noted.Position != r.header.Get("Rapport-Position") {
		t.Errorf("the answer is %s", r.body)
	}
	s.order("/v1/quarantine/"+first+"/discard", asJSON, `{"reason":"again"}`).problem(http.StatusConflict, "already-resolved")
	for status, want := range map[string]int{"": 1, "?status=open": 1, "?status=discarded": 1, "?status=redriven": 0, "?status=all": 2} {
		var page struct{ Items []entry }
		s.get("/v1/quarantine" + status).wants(http.StatusOK).into(&page)
		if len(page.Items) != want {
			t.Errorf("%q lists %d entries, want %d", status, len(page.Items), want)
		}
	}
	var e entry
	s.get("/v1/quarantine/" + first).into(&e)
	if e.Status != "discarded" || e.Reason != "a test of the shop's" || e.By != "employee:e1" {
		t.Errorf("the entry is %+v", e)
	}
	s.get("/v1/quarantine?status=closed").problem(http.StatusUnprocessableEntity, "invalid-request")
	s.order("/v1/quarantine/"+second+"/discard", asJSON, `{"reason":"x"}`).wants(http.StatusAccepted)
}
