package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/httpapi"
)

// order posts to a route other than that of the events.
func (s *server) order(path, media, body string, headers ...string) *reply {
	s.t.Helper()
	if media != "" {
		headers = append(headers, "Content-Type", media)
	}
	return s.do(http.MethodPost, path, strings.NewReader(body), headers...)
}

const (
	asJSON = "application/json"
	asYAML = "application/yaml"
)

// policies is what the tests look at in the list of policies.
type policies struct {
	Items []struct {
		Version, Document string
		Published         *time.Time `json:"published_at"`
		Positions         []string
	}
}

func TestAPolicyIsPublishedToEveryPartitionAndListed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var before policies
	s.get("/v1/policies").wants(http.StatusOK).into(&before)
	if len(before.Items) != 1 || before.Items[0].Version != "default-1" || before.Items[0].Published != nil || before.Items[0].Document != string(domain.DefaultPolicy().Document()) {
		t.Fatalf("before: %+v", before)
	}
	var published struct {
		Version   string
		Published time.Time `json:"published_at"`
		Positions []string
		Shown     bool
	}
	r := s.order("/v1/policies?actor=employee:e1", asYAML, "version: autumn\nlifecycle:\n  decline_gaps: 3\n", "Prefer", "wait=30").wants(http.StatusCreated)
	r.into(&published)
	if published.Version != "autumn" || len(published.Positions) != 3 || !published.Shown || published.Published.IsZero() || r.header.Get("Preference-Applied") != "wait" {
		t.Errorf("published: %+v", published)
	}
	var after policies
	s.get("/v1/policies?after=" + r.header.Get("Rapport-Position")).wants(http.StatusOK).into(&after)
	if len(after.Items) != 2 || after.Items[0].Version != "autumn" || !slices.Equal(after.Items[0].Positions, published.Positions) || after.Items[1].Version != "default-1" {
		t.Errorf("after: %+v", after)
	}
	if parsed, err := domain.ParsePolicy([]byte(after.Items[0].Document)); err != nil || parsed.Lifecycle.DeclineGaps != 3 {
		t.Errorf("the document is %s: %v", after.Items[0].Document, err)
	}
	for _, p := range s.partitions() {
		if p.Policy != "autumn" {
			t.Errorf("partition %d is under %s", p.Partition, p.Policy)
		}
	}
	// The same again as JSON, without a wait.
	again := s.order("/v1/policies", asJSON, `{"document":"version: autumn\nlifecycle: {decline_gaps: 3}\n","actor":"employee:e2"}`).wants(http.StatusCreated)
	if again.into(&published); published.Shown || again.header.Get("Preference-Applied") != "" {
		t.Errorf("again: %+v", published)
	}
}

func TestAVersionOfAPolicyCannotBeUsedForAnotherOne(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.order("/v1/policies", asYAML, "version: a\n", "Prefer", "wait=30").wants(http.StatusCreated)
	n := s.appended()
	for name, document := range map[string]string{
		"published":        "version: a\nmax_future: 1h\n",
		"the one at first": "version: default-1\nmax_future: 1h\n",
	} {
		if p := s.order("/v1/policies", asYAML, document).problem(http.StatusConflict, "version-in-use"); p.Detail == "" {
			t.Errorf("%s: the problem is %+v", name, p)
		}
	}
	if s.appended() != n {
		t.Error("something was published")
	}
	s.order("/v1/policies", asYAML, "# as it is\n").wants(http.StatusCreated)
}

func TestAPolicyThatIsRefusedNamesEveryFieldAndRule(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.order("/v1/policies", asYAML, "version: ''\nclok: x\nlifecycle:\n  decline_gaps: many\n  gaps: 2\n").problem(http.StatusUnprocessableEntity, "invalid-policy")
	want := []domain.Problem{
		{Pointer: "/clok", Rule: "unknown", Message: "is not a name of the policy"},
		{Pointer: "/lifecycle/decline_gaps", Rule: "policy", Message: "must be a number"},
		{Pointer: "/lifecycle/gaps", Rule: "unknown", Message: "is not a name of the policy"},
		{Pointer: "/version", Rule: "policy", Message: "must have 1 to 128 characters"},
	}
	if !slices.Equal(p.Errors, want) {
		t.Errorf("errors are %+v", p.Errors)
	}
	if p := s.order("/v1/policies", asYAML, "[").problem(http.StatusUnprocessableEntity, "invalid-policy"); p.Errors[0].Pointer != "" {
		t.Errorf("errors are %+v", p.Errors)
	}
	if s.appended() != 0 {
		t.Error("something was published")
	}
}

func TestAnOrderThatIsRefusedNamesThePlaceAndTheRule(t *testing.T) {
	t.Parallel()
	s := setup(t)
	at := s.setAside("c1")
	discard := "/v1/quarantine/" + at + "/discard"
	for _, c := range []struct {
		path, media, body string
		status            int
		slug              string
		pointer, rule     string
	}{
		{discard, asJSON, `{"reason":""}`, 422, "invalid-request", "/body/reason", "required"},
		{discard, asJSON, `{"reason":"  \n"}`, 422, "invalid-request", "/body/reason", "required"},
		{discard, asJSON, `{}`, 422, "invalid-request", "/body/reason", "required"},
		{discard, asJSON, `{"reason":7}`, 422, "invalid-request", "/body/reason", "type"},
		{discard, asJSON, `{"reason":null}`, 422, "invalid-request", "/body/reason", "type"},
		{discard, asJSON, `{"reason":"x","a/b":1}`, 422, "invalid-request", "/body/a~1b", "unknown"},
		{discard, asJSON, `{"reason":"x","actor":"a\u0000b"}`, 422, "invalid-request", "/body/actor", "format"},
		{discard, asJSON, `{"reason":"x\u0000"}`, 422, "invalid-request", "/body/reason", "nul"},
		{discard + "?actor=" + strings.Repeat("x", 300), asJSON, `{"reason":"x"}`, 422, "invalid-request", "/query/actor", "length"},
		{discard + "?why=x", asJSON, `{"reason":"x"}`, 422, "invalid-request", "/query/why", "unknown"},
		{discard, asJSON, `[]`, 422, "invalid-request", "/body", "type"},
		{discard, asJSON, `null`, 422, "invalid-request", "/body", "type"},
		{discard, asJSON, `{"reason":"x"}}`, 400, "malformed-body", "/body", "syntax"},
		{discard, asJSON, ``, 400, "malformed-body", "/body", "syntax"},
		{discard, "text/plain", `{"reason":"x"}`, 415, "unsupported-media-type", "", ""},
		{discard, "", `{"reason":"x"}`, 415, "unsupported-media-type", "", ""},
		{discard, asJSON, `{"reason":"` + strings.Repeat("x", 300<<10) + `"}`, 413, "too-large", "", ""},
		{"/v1/quarantine/9:99/discard", asJSON, `{"reason":"x"}`, 404, "not-found", "", ""},
		{"/v1/quarantine/nine/discard", asJSON, `{"reason":"x"}`, 422, "invalid-request", "/path/position", "format"},
		{"/v1/quarantine/0:-1/redrive", "", "", 422, "invalid-request", "/path/position", "format"},
		{"/v1/quarantine/2:99/redrive", "", "", 404, "not-found", "", ""},
		{"/v1/quarantine/" + at + "/redrive?x=1", "", "", 422, "invalid-request", "/query/x", "unknown"},
		{"/v1/quarantine/" + at + "/redrive?actor=%00", "", "", 422, "invalid-request", "/query/actor", "format"},
		{"/v1/parked/c1/redrive", "", "", 404, "not-found", "", ""},
		{"/v1/policies", asJSON, `{}`, 422, "invalid-request", "/body/document", "required"},
		{"/v1/policies", asJSON, `{"document":"version: a","wait":"x"}`, 422, "invalid-request", "/body/wait", "unknown"},
		{"/v1/policies", asJSON, `{"document":"version: a","actor":"a\u0000"}`, 422, "invalid-request", "/body/actor", "format"},
		{"/v1/policies", "text/plain", "version: a", 415, "unsupported-media-type", "", ""},
	} {
		p := s.order(c.path, c.media, c.body).problem(c.status, c.slug)
		if c.pointer == "" && len(p.Errors) == 0 {
			continue
		}
		if len(p.Errors) != 1 || p.Errors[0].Pointer != c.pointer || p.Errors[0].Rule != c.rule {
			t.Errorf("%s %.40s: errors are %+v, want %s %s", c.path, c.body, p.Errors, c.pointer, c.rule)
		}
	}
	// A control record that was refused is not in the log, and nothing was redriven before it was refused.
	if n := s.appended(); n != 1 {
		t.Errorf("the log has %d records, want the one that was set aside", n)
	}
}

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

// parked is what the tests look at in the list of parked streams.
type parked struct {
	Items []struct {
		Customer, Position, Error string
		Queue                     int
		Parked                    time.Time `json:"parked_at"`
	}
}

func TestAParkedStreamIsShownAndRedriven(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.broken.Store(true)
	const id = "north/5"
	s.post(one, purchase(id), "Prefer", "wait=30").wants(http.StatusCreated)
	bad := s.post(one, purchase(id, "actor", `"`+breaker+`"`)).wants(http.StatusAccepted).header.Get("Rapport-Position")
	last := s.post(one, purchase(id)).wants(http.StatusAccepted).header.Get("Rapport-Position")

	var list parked
	s.get("/v1/parked?after=" + last).wants(http.StatusOK).into(&list)
	if len(list.Items) != 1 || list.Items[0].Customer != id || list.Items[0].Position != bad || list.Items[0].Queue != 2 ||
		!strings.Contains(list.Items[0].Error, "no rule for this") || list.Items[0].Parked.IsZero() {
		t.Fatalf("parked: %+v", list)
	}
	var view struct {
		Parked  bool
		Version int
	}
	path := url.PathEscape(id)
	if s.get("/v1/customers/" + path).into(&view); !view.Parked || view.Version != 1 {
		t.Errorf("the customer is %+v", view)
	}

	redrive := func(headers ...string) (*reply, *bool) {
		r := s.order("/v1/parked/"+path+"/redrive?actor=employee:e1", "", "", headers...)
		var answer struct{ Parked *bool }
		r.into(&answer)
		return r, answer.Parked
	}
	if r, still := redrive("Prefer", "wait=30"); r.status != http.StatusOK || still == nil || !*still {
		t.Errorf("before the fix: %d %s", r.status, r.body)
	}
	s.broken.Store(false)
	if r, still := redrive("Prefer", "wait=30"); r.status != http.StatusOK || still == nil || *still {
		t.Errorf("after the fix: %d %s", r.status, r.body)
	}
	s.get("/v1/parked").into(&list)
	if s.get("/v1/customers/" + path).into(&view); len(list.Items) != 0 || view.Parked || view.Version != 3 {
		t.Errorf("parked: %+v, the customer is %+v", list, view)
	}
	s.order("/v1/parked/"+path+"/redrive", "", "").problem(http.StatusNotFound, "not-found")
}

func TestParkedStreamsAreListedInPages(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.broken.Store(true)
	for _, id := range []string{"c1", "c2", "c3"} {
		last := s.post(one, purchase(id, "actor", `"`+breaker+`"`)).wants(http.StatusAccepted).header.Get("Rapport-Position")
		s.get("/v1/parked?after=" + last).wants(http.StatusOK)
	}
	var seen []string
	for cursor := ""; ; {
		var page struct {
			parked
			Next string
		}
		s.get("/v1/parked?limit=2&cursor=" + cursor).wants(http.StatusOK).into(&page)
		for _, k := range page.Items {
			seen = append(seen, k.Customer)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if slices.Sort(seen); !slices.Equal(seen, []string{"c1", "c2", "c3"}) {
		t.Errorf("the pages show %q", seen)
	}
	s.get("/v1/parked?limit=0").problem(http.StatusUnprocessableEntity, "invalid-request")
	s.get("/v1/parked?cursor=x").problem(http.StatusUnprocessableEntity, "invalid-request")
}

func TestARedriveOfAStreamIsNotWaitedForUnlessAskedTo(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.broken.Store(true)
	last := s.post(one, purchase("c1", "actor", `"`+breaker+`"`)).wants(http.StatusAccepted).header.Get("Rapport-Position")
	s.get("/v1/parked?after=" + last).wants(http.StatusOK)
	r := s.order("/v1/parked/c1/redrive", "", "").wants(http.StatusAccepted)
	if strings.Contains(string(r.body), "parked") || r.header.Get("Rapport-Position") == "" {
		t.Errorf("the answer is %s", r.body)
	}
}

// partition is what the tests look at where a partition stands.
type partition struct {
	Partition int
	Next, End int64
	Records   *int64   `json:"lag_records"`
	Seconds   *float64 `json:"lag_seconds"`
	Owner     string
	Epoch     int64
	Recorded  *time.Time `json:"recorded_at"`
	Newest    *time.Time `json:"newest_at"`
	Due       *time.Time `json:"next_due_at"`
	Policy    string     `json:"policy_version"`
}

func (s *server) partitions() []partition {
	s.t.Helper()
	var view struct{ Partitions []partition }
	s.get("/v1/positions").wants(http.StatusOK).into(&view)
	return view.Partitions
}

func TestPositionsSayWhoFoldsAPartitionAndHowFarBehindItIs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	last := s.post(one, purchase("c1"), "Prefer", "wait=30").wants(http.StatusCreated).header.Get("Rapport-Position")
	at, err := eventstore.ParsePosition(last)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.partitions() {
		if p.Owner != "node-a" || p.Epoch != 1 || p.Policy != "default-1" || p.Records == nil || *p.Records != 0 || *p.Seconds != 0 || p.End != p.Next {
			t.Errorf("partition %d is %+v", p.Partition, p)
		}
		if used := p.Partition == at.Partition; (p.Next == 1) != used || (p.Recorded != nil) != used || (p.Due != nil) != used || (p.Newest != nil) != used {
			t.Errorf("partition %d is %+v", p.Partition, p)
		}
	}
	// The log is ahead of the views by three records, and the newest one they reflect is so many seconds old.
	ahead := lead{s.log, 3}
	var recorded time.Time
	for _, p := range s.partitions() {
		if p.Recorded != nil {
			recorded = *p.Recorded
		}
	}
	behind := s.with(time.Now, s.outcomes, func(o *httpapi.Options) {
		o.Ends, o.Now = ahead, func() time.Time { return recorded.Add(90 * time.Second) }
	})
	for _, p := range behind.partitions() {
		if *p.Records != 3 || p.End != p.Next+3 {
			t.Errorf("partition %d is %+v", p.Partition, p)
		}
		if used := p.Partition == at.Partition; (p.Seconds != nil) != used || used && *p.Seconds != 90 {
			t.Errorf("partition %d is %+v", p.Partition, p)
		}
	}
	text := string(behind.get("/metrics").body)
	for _, want := range []string{
		fmt.Sprintf(`rapport_projection_lag_records{partition="%d"} 3`, at.Partition),
		fmt.Sprintf(`rapport_projection_lag_seconds{partition="%d"} 90`, at.Partition),
		fmt.Sprintf(`rapport_partition_owner{owner="node-a",partition="%d"} 1`, at.Partition),
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the metrics do not have %s", want)
		}
	}
}

func TestMetricsSayWhatWaitsForSomebody(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.broken.Store(true)
	at := s.setAside("c1")
	s.setAside("c2")
	s.post(one, purchase("c3", "actor", `"`+breaker+`"`)).wants(http.StatusAccepted)
	last := s.post(one, purchase("c3")).wants(http.StatusAccepted).header.Get("Rapport-Position")
	s.get("/v1/parked?after=" + last).wants(http.StatusOK)
	s.order("/v1/quarantine/"+at+"/discard", asJSON, `{"reason":"x"}`, "Prefer", "wait=30").wants(http.StatusOK)
	later := s.with(time.Now, s.outcomes, func(o *httpapi.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Hour) }
	})
	text := string(later.get("/metrics").body)
	for _, want := range []string{
		"rapport_quarantine_open 1\n", "rapport_parked_streams 1\n", "rapport_parked_queue_records 2\n",
		"rapport_quarantine_oldest_age_seconds 36", "rapport_parked_oldest_age_seconds 36",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics do not have %q", want)
		}
	}
}

func TestWithoutAWriterNothingCanBeDecided(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) { o.Control, o.Records, o.Ends = nil, nil, nil })
	at := s.setAside("c1")
	s.order("/v1/policies", asYAML, "version: a\n").problem(http.StatusMethodNotAllowed, "method-not-allowed")
	s.order("/v1/quarantine/"+at+"/redrive", "", "").problem(http.StatusNotFound, "not-found")
	var e entry
	s.get("/v1/quarantine/" + at).wants(http.StatusOK).into(&e)
	if e.Record != nil {
		t.Errorf("the record is %+v", e.Record)
	}
	for _, p := range s.partitions() {
		if p.Records != nil || p.Seconds != nil {
			t.Errorf("partition %d is %+v", p.Partition, p)
		}
	}
}
