package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

const (
	one    = "application/cloudevents+json"
	batch  = "application/cloudevents-batch+json"
	ndjson = "application/x-ndjson"
)

func TestOneEventIsAnsweredWithItsPositionAndCanBeReadAfterIt(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := s.post(one, purchase("c1", "id", `"e1"`)).wants(http.StatusAccepted)
	var o outcome
	r.into(&o)
	if o.ID != "e1" || o.Status != "accepted" || o.Position == "" || o.Position != r.header.Get("Rapport-Position") {
		t.Errorf("answer is %s with position %q", r.body, r.header.Get("Rapport-Position"))
	}
	var view customer
	r = s.get("/v1/customers/c1?after=" + o.Position).wants(http.StatusOK)
	r.into(&view)
	if view.Version != 1 || view.Trade.Purchases != 1 || view.Position != o.Position {
		t.Errorf("customer is %s", r.body)
	}
	if got := r.header.Get("ETag"); got != `"v1"` {
		t.Errorf("ETag is %s", got)
	}
}

func TestABatchHasOneResultForEachItemAndTheGoodOnesAreUnharmed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := s.post(batch, "["+strings.Join([]string{
		purchase("c1"),
		purchase("c2", "data", `{"amount":{"minor":1,"currency":"yuan"}}`),
		`{"specversion":"1.0"}`,
		`7`,
		purchase("c3"),
	}, ",")+"]").wants(http.StatusOK)
	var answer struct{ Results []outcome }
	r.into(&answer)
	var statuses []string
	for _, o := range answer.Results {
		statuses = append(statuses, o.Status)
	}
	if got := strings.Join(statuses, " "); got != "accepted invalid invalid invalid accepted" {
		t.Errorf("statuses are %s: %s", got, r.body)
	}
	if n := s.appended(); n != 2 {
		t.Errorf("the log has %d records, want 2", n)
	}
	s.get("/v1/customers/c3?after=" + r.header.Get("Rapport-Position")).wants(http.StatusOK)
}

func TestAnEmptyBatchIsAnsweredWithNoResults(t *testing.T) {
	t.Parallel()
	r := setup(t).post(batch, " [ ] ").wants(http.StatusOK)
	if got := strings.TrimSpace(string(r.body)); got != `{"results":[]}` {
		t.Errorf("answer is %s", got)
	}
}

func TestABatchThatIsNotAnArrayIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.post(batch, "["+purchase("c1")+",{]").problem(http.StatusBadRequest, "malformed-body")
	s.post(batch, "["+purchase("c1")).problem(http.StatusBadRequest, "malformed-body")
	s.post(batch, purchase("c1")).problem(http.StatusUnprocessableEntity, "invalid-event")
	if n := s.appended(); n != 0 {
		t.Errorf("the log has %d records of refused batches", n)
	}
}

func TestAStreamIsAnsweredLineByLine(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := s.post(ndjson, purchase("c1", "id", `"a"`)+"\n\r\n  \n"+purchase("c2", "id", `"b"`)+"\r\n"+`{"id":`+"\n"+purchase("c3", "id", `"c"`)).
		wants(http.StatusOK)
	got := r.outcomes()
	if len(got) != 4 || got[0].Line != 1 || got[0].ID != "a" || got[1].Line != 4 || got[1].ID != "b" ||
		got[2].Line != 5 || got[2].Status != "invalid" || got[2].Errors[0].Rule != "syntax" || got[3].Line != 6 || got[3].Status != "accepted" {
		t.Errorf("answer is\n%s", r.body)
	}
	if n := s.appended(); n != 3 {
		t.Errorf("the log has %d records, want 3", n)
	}
	s.get("/v1/customers/c3?after=" + r.trailer.Get("Rapport-Position")).wants(http.StatusOK)
}

func TestAStreamAnswersEachLineBeforeTheNextOneComes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	talk := s.talk(ndjson)
	for range 3 {
		talk.send(purchase("c1") + "\n")
		if line := talk.receive(); !strings.Contains(line, `"status":"accepted"`) {
			t.Errorf("line is %s", line)
		}
	}
	talk.end()
}

func TestOneEventMayComeInTheBinaryContentMode(t *testing.T) {
	t.Parallel()
	s := setup(t)
	headers := []string{
		"Ce-Specversion", "1.0", "Ce-Id", "e1", "Ce-Source", "urn:test", "Ce-Type", "purchase.recorded", "Ce-Subject", "%E5%AE%A2",
		"Ce-Time", "2026-03-01T09:30:00Z", "Ce-Orgunit", "brand/north",
	}
	r := s.post("application/json", `{"amount":{"minor":1,"currency":"CNY"}}`, headers...).wants(http.StatusAccepted)
	var view customer
	s.get("/v1/customers/客?after=" + r.header.Get("Rapport-Position")).wants(http.StatusOK).into(&view)
	if view.Trade.Purchases != 1 {
		t.Errorf("customer is %+v", view)
	}
	headers[9] = "%E5%zz"
	p := s.post("application/json", `{}`, headers...).problem(http.StatusUnprocessableEntity, "invalid-event")
	if p.Errors[0].Pointer != "/subject" {
		t.Errorf("errors are %+v", p.Errors)
	}
}

func TestABadIfMatchIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, value := range []string{"v1", `"1"`, `W/"v1"`, "*", `"v1", "v2"`, `"v-1"`, `"v01"`, `"v+1"`, `"v9223372036854775808"`, `"v"`} {
		s.post(one, purchase("c1"), "If-Match", value).problem(http.StatusBadRequest, "malformed-precondition")
	}
	s.post(one, purchase("c1", "expectedversion", "3"), "If-Match", `"v2"`).problem(http.StatusBadRequest, "malformed-precondition")
	s.post(batch, "[]", "If-Match", `"v1"`).problem(http.StatusBadRequest, "malformed-precondition")
	if n := s.appended(); n != 0 {
		t.Errorf("the log has %d records", n)
	}
}
