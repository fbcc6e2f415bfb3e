package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/projections"
)

// verdict is what an event that is sent with Prefer: wait comes to.
type verdict struct {
	name, event string
	// status is the HTTP status of one event, slug the problem it is, if any.
	status int
	slug   string
	// word is the status of an item, version its version, -1 for none, rule what it breaks.
	word    string
	version int64
	rule    string
}

// verdicts returns an event for every verdict, in the order in which they must be sent, and the server to send them to.
// Its front door is ahead of the log's clock, so that it lets events in which are dated too far in the future.
func verdicts(t *testing.T, subject string, s *server) (*server, []verdict) {
	t.Helper()
	ahead := time.Now().AddDate(2, 0, 0)
	s = s.with(func() time.Time { return ahead }, s.outcomes)
	future := ahead.UTC().Format(`"2006-01-02T15:04:05Z"`)
	first := purchase(subject)
	id := first[strings.Index(first, `"id":"`)+len(`"id":`):][:38]
	return s, []verdict{
		{"the first event", first, 201, "", "accepted", 1, ""},
		{"the same event again", first, 200, "", "duplicate", 1, ""},
		{"its id with other content", purchase(subject, "id", id, "channel", `"shop"`), 409, "id-reused", "conflict", 1, "id_reused"},
		{"an event for version 0", purchase(subject, "expectedversion", `"0"`), 412, "version-mismatch", "conflict", 1, "version"},
		{"an event for version 7", purchase(subject, "expectedversion", `"7"`), 412, "version-mismatch", "conflict", 1, "version"},
		{"an event for version 1", purchase(subject, "expectedversion", `"1"`), 201, "", "accepted", 2, ""},
		{"an event of the future", purchase(subject, "time", future), 422, "invalid-event", "invalid", -1, "future"},
		{"the first event for another version", strings.Replace(first, `"data"`, `"expectedversion":"9","data"`, 1), 200, "", "duplicate", 2, ""},
	}
}

func TestTheAnswerToOneEventIsItsVerdict(t *testing.T) {
	t.Parallel()
	s, all := verdicts(t, "c1", setup(t))
	router := contract(t, s)
	for i, v := range all {
		r := s.post(one, v.event, "Prefer", "wait=30").wants(v.status)
		checkAnswer(t, router, http.MethodPost, "/v1/events", r)
		if r.header.Get("Preference-Applied") != "wait" || r.header.Get("Rapport-Position") == "" {
			t.Errorf("%s: headers are %v", v.name, r.header)
		}
		if n := s.appended(); n != int64(i)+1 {
			t.Errorf("%s: the log has %d records, want %d", v.name, n, i+1)
		}
		if v.slug != "" {
			v.checkProblem(t, r)
			continue
		}
		var o outcome
		r.into(&o)
		v.check(t, o)
		if tag := fmt.Sprintf(`"v%d"`, v.version); r.header.Get("ETag") != tag || s.get("/v1/customers/c1").header.Get("ETag") != tag {
			t.Errorf("%s: the tag is %s, want %s as that of the customer", v.name, r.header.Get("ETag"), tag)
		}
	}
	if n := strings.Count(string(s.get("/v1/quarantine").body), `"offset"`); n != 4 {
		t.Errorf("%d records were set aside, want 4", n)
	}
}

func (v verdict) checkProblem(t *testing.T, r *reply) {
	t.Helper()
	p := r.problem(v.status, v.slug)
	if len(p.Errors) != 1 || p.Errors[0].Rule != v.rule {
		t.Errorf("%s: errors are %+v", v.name, p.Errors)
	}
	if got := p.Version != nil; got != (v.version >= 0) || got && *p.Version != v.version {
		t.Errorf("%s: the version is wrong: %s", v.name, r.body)
	}
}

func (v verdict) check(t *testing.T, o outcome) {
	t.Helper()
	version, rule := int64(-1), ""
	if o.Version != nil {
		version = *o.Version
	}
	if len(o.Errors) > 0 {
		rule = o.Errors[0].Rule
	}
	if o.Status != v.word || version != v.version || rule != v.rule || o.Position == "" {
		t.Errorf("%s: result is %+v with version %d", v.name, o, version)
	}
}

func TestABatchThatWaitsHasTheVerdictOfEachItem(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for subject, media := range map[string]string{"c1": batch, "c2": ndjson} {
		s, all := verdicts(t, subject, s)
		s.post(one, all[0].event).wants(http.StatusAccepted)
		// The door itself refuses an id that has two contents within one request, so those come in two.
		copied := all[3]
		copied.name = "a copy, which shares the fate of its original"
		for _, items := range [][]verdict{all[1:2], append(slices.Clone(all[2:7]), copied), all[7:]} {
			var events []string
			for _, v := range items {
				events = append(events, v.event)
			}
			body := strings.Join(events, "\n")
			if media == batch {
				body = "[" + strings.Join(events, ",") + "]"
			}
			r := s.post(media, body, "Prefer", "wait").wants(http.StatusOK)
			got := r.results(media)
			if len(got) != len(items) || r.header.Get("Preference-Applied") != "wait" {
				t.Fatalf("%s: the answer is %s with %v", media, r.body, r.header)
			}
			for i, v := range items {
				v.check(t, got[i])
			}
		}
	}
}

// results returns the items of the answer to a batch or stream.
func (r *reply) results(media string) []outcome {
	r.t.Helper()
	if media == ndjson {
		return r.outcomes()
	}
	var answer struct{ Results []outcome }
	r.into(&answer)
	return answer.Results
}

func TestAnEventWithAnExpectedVersionIsAnsweredWithItsVerdict(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := s.post(one, purchase("c1"), "If-Match", `"v0"`).wants(http.StatusCreated)
	if r.header.Get("ETag") != `"v1"` || r.header.Get("Preference-Applied") != "" {
		t.Errorf("headers are %v", r.header)
	}
	r = s.post(one, purchase("c1"), "If-Match", `"v0"`)
	if p := r.problem(http.StatusPreconditionFailed, "version-mismatch"); p.Version == nil || *p.Version != 1 {
		t.Errorf("problem is %s", r.body)
	}
	r = s.post(one, purchase("c1"), "If-Match", `"v1"`).wants(http.StatusCreated)
	if r.header.Get("ETag") != `"v2"` {
		t.Errorf("headers are %v", r.header)
	}
	r = s.post(one, purchase("nobody"), "If-Match", `"v3"`)
	if p := r.problem(http.StatusPreconditionFailed, "version-mismatch"); p.Version == nil || *p.Version != 0 {
		t.Errorf("the version of a stream without events is not 0: %s", r.body)
	}
}

func TestPreferencesAreReadAsTheirStandardSays(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, test := range []struct {
		prefer []string
		status int
	}{
		{nil, 202},
		{[]string{"wait"}, 201},
		{[]string{"WAIT = 10"}, 201},
		{[]string{`respond-async, wait="10"; x=y`}, 201},
		{[]string{"handling=lenient", "wait=10"}, 201},
		{[]string{"wait=99999999999999999999999999"}, 201},
		{[]string{"wait=0"}, 202},
		{[]string{"wait=0, wait=10"}, 202},
		{[]string{"respond-async"}, 202},
		{[]string{"wait=soon"}, 202},
		{[]string{"wait=-1"}, 202},
		{[]string{"await=5"}, 202},
	} {
		var headers []string
		for _, line := range test.prefer {
			headers = append(headers, "Prefer", line)
		}
		if r := s.post(one, purchase("c1"), headers...); r.status != test.status {
			t.Errorf("with %q the status is %d, want %d", test.prefer, r.status, test.status)
		}
	}
	// A client that does not want to wait does not, whatever version it expects.
	r := s.post(one, purchase("c1", "expectedversion", `"99"`), "Prefer", "wait=0").wants(http.StatusAccepted)
	if r.header.Get("Preference-Applied") != "wait" {
		t.Errorf("headers are %v", r.header)
	}
}

func TestAVerdictThatDoesNotComeInTimeIsNoError(t *testing.T) {
	t.Parallel()
	s := setup(t)
	// Nobody tells these outcomes anything.
	mute := projections.NewOutcomes(s.log.Partitions(), projections.OutcomesOptions{})
	s = s.with(func() time.Time { return now }, mute, func(o *httpapi.Options) { o.WaitLimit = time.Millisecond })
	for _, headers := range [][]string{{"Prefer", "wait=30"}, {"If-Match", `"v5"`}} {
		r := s.post(one, purchase("c1"), headers...).wants(http.StatusAccepted)
		var o outcome
		r.into(&o)
		if o.Status != "accepted" || o.Version != nil || o.Position == "" || o.Position != r.header.Get("Rapport-Position") || r.header.Get("ETag") != "" {
			t.Errorf("the answer is %s with %v", r.body, r.header)
		}
	}
	for media, body := range map[string]string{batch: "[" + purchase("c1") + "]", ndjson: purchase("c1")} {
		got := s.post(media, body, "Prefer", "wait").wants(http.StatusOK).results(media)
		if len(got) != 1 || got[0].Status != "accepted" || got[0].Version != nil || got[0].Position == "" {
			t.Errorf("%s: results are %+v", media, got)
		}
	}
}

func TestABatchThatDoesNotWaitHasNoVerdicts(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for media, body := range map[string]string{
		batch: "[" + purchase("c1", "expectedversion", `"9"`) + "]", ndjson: purchase("c1", "expectedversion", `"9"`),
	} {
		r := s.post(media, body).wants(http.StatusOK)
		if got := r.results(media); len(got) != 1 || got[0].Status != "accepted" || got[0].Version != nil || r.header.Get("Preference-Applied") != "" {
			t.Errorf("%s: results are %+v", media, got)
		}
	}
}

// Many writers append to one stream, each at the version it believes the stream to have. Of those that expect the same
// version exactly one is accepted, all others learn the version there is, and the accepted versions have no gap.
func TestOfConcurrentWritersWithTheSameExpectedVersionOneIsAccepted(t *testing.T) {
	t.Parallel()
	const writers, each = 24, 6
	s := setup(t)
	var mu sync.Mutex
	var accepted []int64
	refused := make(map[int64]int)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			version := int64(0)
			for done := 0; done < each; {
				r := s.post(one, purchase("c1"), "If-Match", fmt.Sprintf(`"v%d"`, version), "Prefer", "wait=30")
				mu.Lock()
				switch r.status {
				case http.StatusCreated:
					version++
					accepted = append(accepted, version)
					done++
					if r.header.Get("ETag") != fmt.Sprintf(`"v%d"`, version) {
						t.Errorf("an event that expected version %d made %s of it", version-1, r.header.Get("ETag"))
					}
				case http.StatusPreconditionFailed:
					refused[version]++
					if p := r.problem(http.StatusPreconditionFailed, "version-mismatch"); p.Version == nil || *p.Version <= version {
						t.Errorf("an event that expected version %d was refused: %s", version, r.body)
						done = each
					} else {
						version = *p.Version
					}
				default:
					t.Errorf("status is %d: %s", r.status, r.body)
					done = each
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	slices.Sort(accepted)
	for i, version := range accepted {
		if version != int64(i)+1 {
			t.Fatalf("accepted versions are %v", accepted)
		}
	}
	if len(accepted) != writers*each || refused[0] != writers-1 {
		t.Errorf("%d were accepted, want %d; %d writers were refused at version 0, want %d", len(accepted), writers*each, refused[0], writers-1)
	}
}
