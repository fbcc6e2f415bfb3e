package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// recorded is a server that gives one answer to every request and remembers the last request.
type recorded struct {
	url      string
	request  atomic.Pointer[http.Request]
	status   int
	kind     string
	document []byte
}

// answer starts a server that answers with the JSON form of document.
func answer(t *testing.T, document any) *recorded {
	t.Helper()
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return answerWith(t, http.StatusOK, "application/json", body)
}

// answerWith starts a server that gives the answer as it stands.
func answerWith(t *testing.T, status int, kind string, body []byte) *recorded {
	t.Helper()
	f := &recorded{status: status, kind: kind, document: body}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.request.Store(r)
		w.Header().Set("Content-Type", f.kind)
		w.WriteHeader(f.status)
		if _, err := w.Write(f.document); err != nil {
			t.Errorf("answer: %v", err)
		}
	}))
	t.Cleanup(s.Close)
	f.url = s.URL
	return f
}

// outcome is what a run of the program shows.
type outcome struct {
	code           int
	stdout, stderr string
}

// execute runs the program with the given arguments.
func execute(t *testing.T, args ...string) outcome {
	t.Helper()
	return executeWith(t.Context(), strings.NewReader(""), args...)
}

func executeWith(ctx context.Context, stdin io.Reader, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, stdin, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// readVerbs are all verbs that read a document of a server, with the path they read.
var readVerbs = []struct {
	args []string
	path string
}{
	{[]string{"summary"}, "/v1/summary"},
	{[]string{"customers"}, "/v1/customers"},
	{[]string{"customer", "c-1"}, "/v1/customers/c-1"},
	{[]string{"timeline", "c-1"}, "/v1/customers/c-1/timeline"},
	{[]string{"explain", "c-1"}, "/v1/customers/c-1/explain"},
	{[]string{"history", "c-1"}, "/v1/customers/c-1/history"},
	{[]string{"lifecycle"}, "/v1/lifecycle"},
	{[]string{"complaints"}, "/v1/complaints"},
	{[]string{"complaints", "report"}, "/v1/complaints/report"},
	{[]string{"deadlines"}, "/v1/deadlines"},
	{[]string{"deadlines", "report"}, "/v1/deadlines/report"},
	{[]string{"satisfaction"}, "/v1/satisfaction"},
	{[]string{"satisfaction", "stages"}, "/v1/satisfaction/stages"},
	{[]string{"satisfaction", "follow-ups"}, "/v1/satisfaction/follow-ups"},
	{[]string{"rectifications"}, "/v1/rectifications"},
	{[]string{"rectifications", "report"}, "/v1/rectifications/report"},
	{[]string{"departures"}, "/v1/departures"},
	{[]string{"warnings"}, "/v1/warnings"},
	{[]string{"warnings", "groups"}, "/v1/warnings/groups"},
	{[]string{"warnings", "report"}, "/v1/warnings/report"},
	{[]string{"contacts"}, "/v1/contacts/statistics"},
	{[]string{"may-contact", "c-1"}, "/v1/customers/c-1/may-contact"},
	{[]string{"brief", "c-1"}, "/v1/customers/c-1/brief"},
	{[]string{"positions"}, "/v1/positions"},
	{[]string{"quarantine"}, "/v1/quarantine"},
	{[]string{"quarantine", "show", "2:17"}, "/v1/quarantine/2:17"},
	{[]string{"redrive"}, "/v1/parked"},
	{[]string{"webhooks"}, "/v1/webhooks"},
	{[]string{"webhooks", "show", "w-1"}, "/v1/webhooks/w-1"},
	{[]string{"deliveries"}, "/v1/deliveries"},
	{[]string{"deliveries", "show", "d-1"}, "/v1/deliveries/d-1"},
}

func TestJSONPrintsTheDocumentOfTheServerAsItIs(t *testing.T) {
	t.Parallel()
	const document = `{"unknown": 1.50, "items":[]}`
	for _, v := range readVerbs {
		t.Run(strings.Join(v.args, " "), func(t *testing.T) {
			t.Parallel()
			server := answerWith(t, http.StatusOK, "application/json", []byte(document+"\n"))
			got := execute(t, append(v.args, "--json", "--url", server.url)...)
			if want := (outcome{exitDone, document + "\n", ""}); got != want {
				t.Errorf("%v shows %+v, want %+v", v.args, got, want)
			}
			if server.request.Load().URL.Path != v.path {
				t.Errorf("%v reads %s, want %s", v.args, server.request.Load().URL.Path, v.path)
			}
		})
	}
}

func TestExitCodesTellTheKindsOfRefusalApart(t *testing.T) {
	t.Parallel()
	const media = "application/problem+json"
	for name, c := range map[string]struct {
		status int
		kind   string
		body   string
		code   int
		says   string
	}{
		"malformed request":       {400, media, `{"title":"Malformed","detail":"No JSON."}`, exitUsage, "Malformed: No JSON."},
		"broken rule":             {422, media, `{"title":"Rules","errors":[{"pointer":"limit","rule":"max","message":"must be at most 500"}]}`, exitUsage, "Rules\n  limit must be at most 500 (max)\n"},
		"not found":               {404, media, `{"title":"Not found","detail":"There is no such customer."}`, exitNotFound, "There is no such customer."},
		"conflict":                {409, media, `{"title":"Conflict"}`, exitConflict, "Conflict"},
		"precondition":            {412, media, `{"title":"Precondition"}`, exitConflict, "Precondition"},
		"position not reached":    {504, media, `{"title":"Not reached","detail":"Waited 5s."}`, exitFailed, "Waited 5s."},
		"fault of the server":     {500, media + "; charset=utf-8", `{"title":"Wrong"}`, exitFailed, "Wrong"},
		"terminal codes":          {404, media, `{"title":"a\u001b[2Jb"}`, exitNotFound, `a\x1b[2Jb`},
		"another program's 404":   {404, "text/html", `<html>`, exitFailed, "is --url the address of rapport?"},
		"problem that is no JSON": {404, media, `{`, exitFailed, "is --url the address of rapport?"},
		"answer that is no JSON":  {200, "text/html", `<html>`, exitFailed, "is --url the address of rapport?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := answerWith(t, c.status, c.kind, []byte(c.body))
			got := execute(t, "customer", "c-1", "--url", server.url)
			if got.code != c.code || got.stdout != "" || !strings.Contains(got.stderr, c.says) {
				t.Errorf("the run shows %+v, want code %d and %q on standard error only", got, c.code, c.says)
			}
		})
	}
}

func TestBadUsageIsExitCodeTwo(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"address without a scheme": {"summary", "--url", "127.0.0.1:8080"},
		"address of a file":        {"summary", "--url", "file:///etc"},
		"address that is none":     {"summary", "--url", "http://[::1"},
		"empty id":                 {"customer", "", "--url", "http://127.0.0.1:1"},
		"no id":                    {"timeline"},
		"time that is none":        {"customer", "c-1", "--as-of", "yesterday"},
		"list since no time":       {"complaints", "--from", "spring"},
		"contact at no time":       {"may-contact", "c-1", "--at", "soon"},
		"brief without a customer": {"brief"},
		"unknown verb":             {"sum-up"},
		"unknown flag":             {"summary", "--aftr", "0:1"},
		"limit that is no number":  {"customers", "--limit", "all"},
		"no partitions":            {"topics", "create", "--kafka", "127.0.0.1:1", "--partitions", "0"},
		"policy file missing":      {"policy", "check", "testdata/no-such-file.yaml"},
		"two sources of a policy":  {"policy", "show", "--file", "client_test.go", "--url", "http://127.0.0.1:1"},
		"no records to redrive":    {"quarantine", "redrive"},
		"records and all":          {"quarantine", "redrive", "0:1", "--all"},
		"no reason":                {"quarantine", "discard", "0:1"},
		"unknown status":           {"quarantine", "--status", "closed"},
		"customers and all":        {"redrive", "c-1", "--all"},
		"nothing to edit":          {"webhooks", "edit", "w-1"},
		"nothing to redeliver":     {"deliveries", "redeliver"},
		"deliveries and a webhook": {"deliveries", "redeliver", "d-1", "--dead", "w-1"},
		"unknown state":            {"deliveries", "--status", "lost"},
		"network that is none":     {"serve", "--webhook-networks", "10.1.2.3"},
		"policy compared twice":    {"policy", "diff", "-", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := execute(t, args...); got.code != exitUsage || got.stderr == "" {
				t.Errorf("%q shows %+v, want code %d and an explanation", args, got, exitUsage)
			}
		})
	}
}

func TestAServerThatIsNotThereIsExplained(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	got := execute(t, "summary", "--url", "http://user:secret@"+addr)
	if got.code != exitFailed || !strings.Contains(got.stderr, addr) || !strings.Contains(got.stderr, "is `rapport serve` running there?") {
		t.Errorf("the run shows %+v, want code %d, the address and a hint", got, exitFailed)
	}
	if strings.Contains(got.stderr, "secret") {
		t.Errorf("the password is shown: %s", got.stderr)
	}
}

func TestAnInterruptedReadIsExitCode130(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	got := executeWith(ctx, strings.NewReader(""), "summary", "--url", server.URL)
	if got.code != exitInterrupted || got.stdout != "" {
		t.Errorf("the run shows %+v, want code %d", got, exitInterrupted)
	}
}

func TestAnIdIsOneSegmentOfThePathWhateverItHolds(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"org:north/5", "a b?c#d%2F", "客户", ".", "..", "...", "+"} {
		f := clientFlags{URL: "http://127.0.0.1:8080/base/?x=1"}
		target, err := f.target(query("after", "0:1"), []string{"v1", "customers", id, "timeline"})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Split(parsed.EscapedPath(), "/")
		if len(segments) != 6 || segments[1] != "base" || parsed.RawQuery != "after=0%3A1" {
			t.Errorf("the address for %q is %s", id, target)
			continue
		}
		if back, err := url.PathUnescape(segments[4]); err != nil || back != id || segments[4] == "." || segments[4] == ".." {
			t.Errorf("the segment for %q is %q and read as %q, %v", id, segments[4], back, err)
		}
	}
}

func TestAnIdOfDotsIsThatOfACustomer(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/customers/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(r.PathValue("id")); err != nil {
			t.Errorf("answer: %v", err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, id := range []string{".", "..", "..."} {
		if got := execute(t, "customer", id, "--json", "--url", server.URL); got.stdout != `"`+id+"\"\n" {
			t.Errorf("customer %s shows %+v", id, got)
		}
	}
}

func TestTheAddressMayComeFromTheEnvironment(t *testing.T) {
	server := answer(t, map[string]any{})
	t.Setenv("RAPPORT_URL", server.url)
	if got := execute(t, "positions", "--json"); got.code != exitDone || got.stdout != "{}\n" {
		t.Errorf("the run shows %+v", got)
	}
}

func TestFlagsBecomeParametersOfTheRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"summary"}, ""},
		{[]string{"summary", "--after", "3:1204"}, "after=3:1204"},
		{
			[]string{
				"customers", "--stage", "decline", "--org-unit", "brand/north", "--owner", "e-1", "--text", "李",
				"--sort=-since", "--limit", "5", "--cursor", "x", "--after", "0:1,1:2",
			},
			"after=0:1,1:2&cursor=x&limit=5&org_unit=brand/north&owner=e-1&sort=-since&stage=decline&text=李",
		},
		{
			[]string{"customer", "c-1", "--as-of", "2026-03-01", "--known-at", "2026-03-01T10:00:00+08:00"},
			"as_of=2026-03-01T00:00:00Z&known_at=2026-03-01T02:00:00Z",
		},
		{
			[]string{"timeline", "c-1", "--type", "a.b,c.d", "--ascending", "--limit=-1"},
			"limit=-1&order=asc&type=a.b,c.d",
		},
		{[]string{"lifecycle", "--from", "2026-01-01", "--to", "2026-02-01", "--cohorts"}, "from=2026-01-01&to=2026-02-01"},
		{[]string{"quarantine", "--limit", "2", "--cursor", "y"}, "cursor=y&limit=2&status=open"},
		{
			[]string{"deliveries", "--webhook", "w", "--status", "dead", "--type", "a.b", "--customer", "c", "--limit", "3", "--cursor", "z"},
			"cursor=z&customer=c&limit=3&status=dead&type=a.b&webhook=w",
		},
		{[]string{"deliveries"}, ""},
		{
			[]string{
				"complaints", "--status", "overdue", "--org-unit", "a/b", "--holder", "e-1", "--customer", "c", "--topic", "price",
				"--from", "2026-01-01", "--to", "2026-02-01", "--sort=due_at", "--limit", "5", "--cursor", "x", "--after", "0:1",
			},
			"after=0:1&cursor=x&customer=c&from=2026-01-01T00:00:00Z&holder=e-1&limit=5&org_unit=a/b&sort=due_at&status=overdue&to=2026-02-01T00:00:00Z&topic=price",
		},
		{
			[]string{
				"complaints", "report", "--from", "2026-01", "--to", "2026-03", "--org-unit", "a", "--subject", "s", "--product", "p",
				"--work-step", "repair", "--employee", "e",
			},
			"employee=e&from=2026-01&org_unit=a&product=p&subject=s&to=2026-03&work_step=repair",
		},
		{[]string{"deadlines", "report", "--deadline", "inquiry", "--employee", "e", "--from", "2026-01"}, "deadline=inquiry&employee=e&from=2026-01"},
		{
			[]string{
				"satisfaction", "--questionnaire", "nps", "--source", "internal", "--mode", "web", "--item", "NPS", "--employee", "e",
				"--role", "r", "--group", "month", "--depth", "2", "--latest",
			},
			"answers=latest&depth=2&employee=e&group=month&item=NPS&mode=web&questionnaire=nps&role=r&source=internal",
		},
		{[]string{"satisfaction", "stages", "--source", "external", "--to", "2026-03"}, "source=external&to=2026-03"},
		{[]string{"satisfaction", "follow-ups", "--kind", "handover"}, "kind=handover"},
		{[]string{"rectifications", "report", "--org-unit", "a"}, "org_unit=a"},
		{[]string{"contacts", "--employee", "e", "--from", "2026-01", "--to", "2026-01"}, "employee=e&from=2026-01&to=2026-01"},
		{[]string{"may-contact", "c", "--employee", "e", "--at", "2026-03-01T10:00:00+08:00"}, "at=2026-03-01T02:00:00Z&employee=e"},
		{[]string{"brief", "c", "--contacts", "3"}, "contacts=3"},
	} {
		server := answer(t, map[string]any{})
		if got := execute(t, append(c.args, "--json", "--url", server.url)...); got.code != exitDone {
			t.Errorf("%q shows %+v", c.args, got)
			continue
		}
		if got, err := url.QueryUnescape(server.request.Load().URL.RawQuery); err != nil || got != c.want {
			t.Errorf("%q asks with %s, want %s", c.args, got, c.want)
		}
	}
}
