package httpapi_test

import (
	"fmt"
	"net/http"
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
