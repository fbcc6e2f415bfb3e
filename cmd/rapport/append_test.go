package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// door is a server that takes events, remembers what was sent and gives one answer.
type door struct {
	url    string
	header http.Header
	body   string
	paths  []string
}

func newDoor(t *testing.T, status int, kind, position, document string) *door {
	t.Helper()
	d := &door{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.paths = append(d.paths, r.Method+" "+r.URL.RequestURI())
		if r.Method != http.MethodPost {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, "{}")
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read body: %v", err)
		}
		d.header, d.body = r.Header, string(body)
		w.Header().Set("Content-Type", kind)
		if kind == mediaStream {
			w.Header().Set("Trailer", "Rapport-Position")
		} else {
			w.Header().Set("Rapport-Position", position)
		}
		w.WriteHeader(status)
		io.WriteString(w, document)
		w.Header().Set("Rapport-Position", position)
	}))
	t.Cleanup(s.Close)
	d.url = s.URL
	return d
}

const problemKind = "application/problem+json"

func TestAppendSendsTheEventOfTheFlags(t *testing.T) {
	t.Parallel()
	d := newDoor(t, http.StatusAccepted, "application/json", "1:7", `{"id":"e1","status":"accepted","position":"1:7"}`)
	got := execute(t, "append", "--url", d.url, "--type", "purchase.recorded", "--subject", "c1", "--data", `{"amount": {"minor":1,"currency":"CNY"}}`,
		"--time", "2026-03-01T08:00:00+08:00", "--id", "e1", "--source", "/shop", "--actor", "a", "--orgunit", "brand/north", "--channel", "phone",
		"--expected-version", "3", "--wait")
	if got.code != exitDone || got.stdout != "accepted e1 at 1:7\n" {
		t.Errorf("exit code %d: %s%s", got.code, got.stdout, got.stderr)
	}
	const want = `{"specversion":"1.0","id":"e1","source":"/shop","type":"purchase.recorded","subject":"c1","time":"2026-03-01T00:00:00Z",` +
		`"actor":"a","orgunit":"brand/north","channel":"phone","expectedversion":"3","data":{"amount":{"minor":1,"currency":"CNY"}}}`
	if d.body != want || d.header.Get("Content-Type") != mediaEvent || d.header.Get("Prefer") != "wait=5" {
		t.Errorf("sent as %s, %s\n%s\nwant\n%s", d.header.Get("Content-Type"), d.header.Get("Prefer"), d.body, want)
	}
	if paths := strings.Join(d.paths, ", "); paths != "POST /v1/events, GET /v1/summary?after=1%3A7" {
		t.Errorf("requests %s", paths)
	}
}

func TestAppendMintsAnIDAndATime(t *testing.T) {
	t.Parallel()
	d := newDoor(t, http.StatusAccepted, "application/json", "1:7", `{"id":"x","status":"accepted","position":"1:7"}`)
	if got := execute(t, "append", "--url", d.url, "--type", "note.added", "--subject", "c1"); got.code != exitDone {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	var ev struct{ ID, Time, Source string }
	if err := json.Unmarshal([]byte(d.body), &ev); err != nil {
		t.Fatal(err)
	}
	if len(ev.ID) != 36 || ev.ID[14] != '7' || ev.Time == "" || ev.Source != "/rapport/append" {
		t.Errorf("sent %s", d.body)
	}
	if d.header.Get("Prefer") != "" || len(d.paths) != 1 {
		t.Errorf("without --wait it sent %v and made the requests %v", d.header, d.paths)
	}
}

func TestAppendSendsStandardInputInTheFormItHas(t *testing.T) {
	t.Parallel()
	const one = `{"id":"1"}`
	tests := []struct{ name, input, kind, answer, want string }{
		{"one event", "{\n\"id\":\"1\"\n}\n", mediaEvent, `{"id":"1","status":"accepted","position":"0:1"}`, "accepted 1 at 0:1\n"},
		{"lines", one + "\n" + one + "\n", mediaStream, `{"line":1,"id":"1","status":"accepted","position":"0:1"}` + "\n" + `{"line":2,"id":"1","status":"duplicate","position":"0:1"}` + "\n",
			"line 1 accepted 1 at 0:1\nline 2 duplicate 1 at 0:1\n"},
		{"an array", "\n[" + one + "]", mediaBatch, `{"results":[{"id":"1","status":"accepted","position":"0:1"}]}`, "accepted 1 at 0:1\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			kind := "application/json"
			if test.kind == mediaStream {
				kind = mediaStream
			}
			d := newDoor(t, http.StatusOK, kind, "0:1", test.answer)
			got := executeWith(t.Context(), strings.NewReader(test.input), "append", "-", "--url", d.url, "--wait")
			if got.code != exitDone || got.stdout != test.want {
				t.Errorf("exit code %d: %s%s", got.code, got.stdout, got.stderr)
			}
			if d.body != test.input || d.header.Get("Content-Type") != test.kind {
				t.Errorf("sent as %s: %s", d.header.Get("Content-Type"), d.body)
			}
			if len(d.paths) != 2 || d.paths[1] != "GET /v1/summary?after=0%3A1" {
				t.Errorf("requests %v", d.paths)
			}
		})
	}
}

func TestAppendPrintsOneDocument(t *testing.T) {
	t.Parallel()
	d := newDoor(t, http.StatusOK, mediaStream, "0:1", `{"line":1,"id":"1","status":"accepted","position":"0:1"}`+"\n"+
		`{"line":2,"status":"invalid","errors":[{"pointer":"/id","rule":"required","message":"must be set"}]}`+"\n")
	got := executeWith(t.Context(), strings.NewReader("{}\n{}\n"), "append", "-", "--url", d.url, "--json")
	const want = `{"results":[{"line":1,"id":"1","status":"accepted","position":"0:1"},` +
		`{"line":2,"status":"invalid","errors":[{"pointer":"/id","rule":"required","message":"must be set"}]}]}` + "\n"
	if got.code != exitUsage || got.stdout != want || !strings.Contains(got.stderr, "1 of 2 events are invalid") {
		t.Errorf("exit code %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

func TestAppendHasAnExitCodeForEachOutcome(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		status       int
		kind, answer string
		want         int
	}{
		{"another version", http.StatusPreconditionFailed, problemKind, `{"title":"The version is another one","detail":"version 4"}`, exitConflict},
		{"an id that is taken", http.StatusConflict, problemKind, `{"title":"The id is taken"}`, exitConflict},
		{"an invalid event", http.StatusUnprocessableEntity, problemKind, `{"title":"The event breaks rules","errors":[{"pointer":"/type","rule":"format","message":"m"}]}`, exitUsage},
		{"a log that is away", http.StatusServiceUnavailable, problemKind, `{"title":"The log is unavailable"}`, exitFailed},
		{"a conflict in a batch", http.StatusOK, "application/json", `{"results":[{"id":"1","status":"conflict"},{"id":"2","status":"invalid"}]}`, exitConflict},
		{"an unknown outcome in a batch", http.StatusOK, "application/json", `{"results":[{"id":"1","status":"unknown"}]}`, exitFailed},
		{"an answer that breaks off", http.StatusOK, "application/json", `{"results":[{"id":"1",`, exitFailed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t, test.status, test.kind, "", test.answer)
			got := executeWith(t.Context(), strings.NewReader("[{},{}]"), "append", "-", "--url", d.url)
			if got.code != test.want || got.stderr == "" {
				t.Errorf("exit code %d, want %d: %s%s", got.code, test.want, got.stdout, got.stderr)
			}
		})
	}
}

func TestAppendPrintsTheVerdictAndTheVersion(t *testing.T) {
	t.Parallel()
	const refused = `{"title":"The stream is at another version","version":4,"errors":[{"pointer":"/expectedversion","rule":"version","message":"the stream is at version 4"}]}`
	tests := []struct {
		name         string
		status       int
		kind, answer string
		code         int
		text, json   string
	}{
		{
			"accepted", http.StatusCreated, "application/json", `{"id":"e1","status":"accepted","version":4,"position":"1:7"}`, exitDone,
			"accepted e1 at 1:7 version 4\n", `{"results":[{"id":"e1","status":"accepted","version":4,"position":"1:7"}]}`,
		},
		{
			"duplicate", http.StatusOK, "application/json", `{"id":"e1","status":"duplicate","version":5,"position":"1:7"}`, exitDone,
			"duplicate e1 at 1:7 version 5\n", `{"results":[{"id":"e1","status":"duplicate","version":5,"position":"1:7"}]}`,
		},
		{
			"another version", http.StatusPreconditionFailed, problemKind, refused, exitConflict,
			"conflict e1 at 1:7 version 4\n  /expectedversion the stream is at version 4 (version)\n",
			`{"results":[{"id":"e1","status":"conflict","version":4,"position":"1:7",` +
				`"errors":[{"pointer":"/expectedversion","rule":"version","message":"the stream is at version 4"}]}]}`,
		},
		{
			"a stream without events", http.StatusPreconditionFailed, problemKind, `{"title":"The stream is at another version","version":0}`, exitConflict,
			"conflict e1 at 1:7 version 0\n", `{"results":[{"id":"e1","status":"conflict","version":0,"position":"1:7"}]}`,
		},
		{
			"an id that is taken", http.StatusConflict, problemKind, `{"title":"The id belongs to another event"}`, exitConflict,
			"conflict e1 at 1:7\n", `{"results":[{"id":"e1","status":"conflict","position":"1:7"}]}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t, test.status, test.kind, "1:7", test.answer)
			args := []string{"append", "--url", d.url, "--type", "note.added", "--subject", "c1", "--id", "e1", "--expected-version", "3", "--wait"}
			if got := execute(t, args...); got.code != test.code || got.stdout != test.text {
				t.Errorf("exit code %d, want %d: %s%s", got.code, test.code, got.stdout, got.stderr)
			}
			if got := execute(t, append(args, "--json")...); got.code != test.code || got.stdout != test.json+"\n" {
				t.Errorf("exit code %d, want %d: %s%s", got.code, test.code, got.stdout, got.stderr)
			}
			// What is judged is in the views: there is nothing more to wait for.
			if len(d.paths) != 2 {
				t.Errorf("requests %v", d.paths)
			}
		})
	}
}

func TestAppendToARunningServerTellsTheVerdict(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		appendEachVerdict(t, serve(t, t.TempDir()))
	})
	t.Run("Kafka and PostgreSQL", func(t *testing.T) {
		t.Parallel()
		kafka, database := kafkatest.Broker(t), pgtest.Database(t)
		appendEachVerdict(t, serve(t, t.TempDir(), "--kafka", kafka, "--topic", "rapport."+uuid.NewString(), "--database-url", database))
	})
}

// appendEachVerdict appends events of one customer that come to each verdict.
func appendEachVerdict(t *testing.T, s *server) {
	t.Helper()
	try := func(code int, status string, version int64, flags ...string) {
		t.Helper()
		args := append([]string{"append", "--url", s.url, "--json", "--type", "note.added", "--subject", "c1", "--data", `{"text":"t"}`}, flags...)
		var got appendResults
		if err := json.Unmarshal([]byte(command(t, s.dir, code, args...)), &got); err != nil {
			t.Fatal(err)
		}
		if one := got.Results[0]; one.Status != status || one.Version == nil || *one.Version != version || one.ID == "" || one.Position == "" {
			t.Errorf("%v: result is %+v", flags, one)
		}
	}
	const at = "2026-03-01T08:00:00Z"
	try(exitDone, "accepted", 1, "--wait", "--id", "e1", "--time", at)
	try(exitDone, "duplicate", 1, "--wait", "--id", "e1", "--time", at)
	try(exitConflict, "conflict", 1, "--wait", "--id", "e1")
	try(exitConflict, "conflict", 1, "--expected-version", "0")
	try(exitDone, "accepted", 2, "--expected-version", "1", "--wait")
	try(exitConflict, "conflict", 2, "--expected-version", "1", "--wait")
	if sum := s.summary(t, ""); sum.Events != 2 || sum.Verdicts["duplicate"] != 1 || sum.Verdicts["conflict"] != 3 {
		t.Errorf("verdicts %v", sum.Verdicts)
	}
}

func TestAppendOfAStreamThatBrokeOffFails(t *testing.T) {
	t.Parallel()
	d := newDoor(t, http.StatusOK, mediaStream, "0:1", `{"line":1,"id":"1","status":"accepted","position":"0:1"}`+"\n"+
		`{"problem":{"title":"The body ends too early","detail":"Line 2 was not read."}}`+"\n")
	got := executeWith(t.Context(), strings.NewReader("{}\n{}\n"), "append", "-", "--url", d.url)
	if got.code != exitFailed || !strings.Contains(got.stderr, "The body ends too early: Line 2 was not read.") || !strings.Contains(got.stdout, "line 1 accepted") {
		t.Errorf("exit code %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

func TestAppendRefusesWrongUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		want string
	}{
		{nil, "--type and --subject"},
		{[]string{"--type", "note.added"}, "--type and --subject"},
		{[]string{"file"}, "give -"},
		{[]string{"-", "--type", "note.added"}, "goes without"},
		{[]string{"-"}, "standard input is empty"},
		{[]string{"--type", "note.added", "--subject", "c", "--data", "{"}, "--data must be JSON"},
		{[]string{"--type", "note.added", "--subject", "c", "--data", "@/nowhere"}, "no such file"},
		{[]string{"--type", "note.added", "--subject", "c", "--time", "now"}, "--time"},
		{[]string{"--type", "note.added", "--subject", "c", "--url", "ftp://x"}, "--url"},
	}
	for _, test := range tests {
		got := execute(t, append([]string{"append"}, test.args...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%v: exit code %d, %s", test.args, got.code, got.stderr)
		}
	}
}
