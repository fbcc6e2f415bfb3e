package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/internal/demo"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// dealersStream returns the life of a group of dealers as a stream of events.
func dealersStream(t *testing.T) []byte {
	t.Helper()
	world, err := demo.New(demo.Options{Customers: 300, Days: 500, End: domain.InstantOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))})
	if err != nil {
		t.Fatal(err)
	}
	var stream []byte
	for ev := range world.Events() {
		stream = append(wire.Encode(stream, &ev), '\n')
	}
	return stream
}

// fetch reads a path of the API.
func (s *server) fetch(t *testing.T, path string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.ask(t, req)
}

// ask sends a request and returns the body of its answer, which must be a success.
func (s *server) ask(t *testing.T, req *http.Request) []byte {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v\n%s", req.Method, req.URL.Path, res.Status, err, body)
	}
	return body
}

// live appends a stream over HTTP and waits until no customer is followed by an employee who left before.
func (s *server) live(t *testing.T, stream []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/events", bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	if results := s.ask(t, req); bytes.Contains(results, []byte(`"invalid"`)) || bytes.Contains(results, []byte(`"problem"`)) {
		t.Fatalf("the stream was not taken: %s", results[max(0, len(results)-500):])
	}
	want := int64(bytes.Count(stream, []byte("\n")))
	for end := time.Now().Add(patience); ; {
		sum := parseSummary(t, string(s.fetch(t, "/v1/summary")))
		if sum.Events >= want && s.followedByWhoLeft(t) == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d events, and %q still follows customers\n%s", sum.Events, want, s.followedByWhoLeft(t), s.err.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// followedByWhoLeft returns an employee who left and whom customers still have as their owner, empty for none.
func (s *server) followedByWhoLeft(t *testing.T) string {
	t.Helper()
	var left struct{ Items []struct{ Holder string } }
	s.read(t, "/v1/departures?limit=500", &left)
	for _, departure := range left.Items {
		var customers struct{ Items []any }
		s.read(t, "/v1/customers?limit=1&owner="+url.QueryEscape(departure.Holder), &customers)
		if len(customers.Items) > 0 {
			return departure.Holder
		}
	}
	return ""
}

func (s *server) read(t *testing.T, path string, into any) {
	t.Helper()
	if err := json.Unmarshal(s.fetch(t, path), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// report returns an answer without the members that depend on how many partitions the log has.
func (s *server) report(t *testing.T, path string) string {
	t.Helper()
	var members map[string]any
	s.read(t, path, &members)
	for _, name := range []string{"positions", "position"} {
		delete(members, name)
	}
	text, err := json.MarshalIndent(members, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// serviceReads are the lists and reports about satisfaction, complaints, contacts and deadlines.
var serviceReads = []string{
	"/v1/complaints?limit=500", "/v1/complaints?status=overdue&sort=due_at", "/v1/complaints/report", "/v1/complaints/report?from=2025-10&org_unit=calder/east",
	"/v1/deadlines?limit=500", "/v1/deadlines?limit=500&sort=due_at&status=open", "/v1/deadlines/report",
	"/v1/rectifications", "/v1/rectifications/report", "/v1/departures?limit=500", "/v1/contacts/statistics",
	"/v1/satisfaction", "/v1/satisfaction?answers=latest&group=item", "/v1/satisfaction?group=employee", "/v1/satisfaction?from=2025-12&to=2026-02&group=org_unit&depth=2",
	"/v1/satisfaction/stages", "/v1/satisfaction/follow-ups",
	"/v1/customers/C000007", "/v1/customers/C000007/brief", "/v1/customers/C000100/may-contact?employee=e",
}

func TestServiceReportsAreTheSameInMemoryAndInPostgreSQLAndAfterAReplay(t *testing.T) {
	t.Parallel()
	kafka, database := kafkatest.Broker(t), pgtest.Database(t)
	stream, policy := dealersStream(t), writeText(t, "policy.yaml", "clock: events\n")
	dir := t.TempDir()
	memory := serve(t, dir, "--policy", policy)
	tables := serve(t, t.TempDir(), "--policy", policy, "--kafka", kafka, "--topic", "rapport."+uuid.NewString(), "--database-url", database)
	memory.live(t, stream)
	tables.live(t, stream)
	for _, path := range serviceReads {
		if a, b := memory.report(t, path), tables.report(t, path); a != b {
			t.Errorf("%s is in memory\n%.2000s\nin PostgreSQL\n%.2000s", path, a, b)
		}
	}
	sum := memory.summary(t, "")
	if other := tables.summary(t, ""); other.Digest != sum.Digest {
		t.Errorf("the digest is %s in memory, %s in PostgreSQL", sum.Digest, other.Digest)
	}
	tables.kill()
	tables.restart(t)
	if again := tables.summary(t, ""); again.Digest != sum.Digest {
		t.Errorf("the digest is %s after a restart on PostgreSQL, it was %s", again.Digest, sum.Digest)
	}
	checkQueriesOfCells(t, database)
	checkServiceOutputs(t, dir)
	checkServiceVerbs(t, memory)
	if code := memory.stop(); code != 0 {
		t.Errorf("serve ended with %d\n%s", code, memory.err.String())
	}
	replayed := parseSummary(t, command(t, dir, 0, "asof", "--all", "--at", sum.AsOf.String(), "--policy", policy, "--json"))
	if replayed.Digest != sum.Digest {
		t.Errorf("a replay has the digest %s, the server had %s", replayed.Digest, sum.Digest)
	}
}

// checkServiceOutputs checks that each kind of output was published, each under an id of its own.
func checkServiceOutputs(t *testing.T, dir string) {
	t.Helper()
	count, ids := map[string]int{}, map[string]bool{}
	for _, topic := range []string{"rapport.service", "rapport.satisfaction"} {
		printed := command(t, dir, 0, "tail", "--topic", topic, "--since", "1h", "--no-follow", "--json")
		for line := range strings.Lines(printed) {
			var record struct{ Event struct{ ID, Type string } }
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Fatal(err)
			}
			if ids[record.Event.ID] {
				t.Errorf("%s %s was published twice", record.Event.Type, record.Event.ID)
			}
			ids[record.Event.ID] = true
			count[record.Event.Type]++
		}
	}
	for _, kind := range []string{
		"contact.collision", "contact.multiple_followers", "service.deadline_near", "service.deadline_missed",
		"satisfaction.low_score", "satisfaction.dropped", "satisfaction.recovered",
	} {
		if count[kind] == 0 {
			t.Errorf("no %s was published: %v", kind, count)
		}
	}
}

// checkServiceVerbs runs every verb about service, each of which must find something.
func checkServiceVerbs(t *testing.T, s *server) {
	t.Helper()
	for _, verb := range []string{
		"complaints", "complaints --all --csv", "complaints report", "deadlines --status overdue", "deadlines --all --csv", "deadlines report",
		"rectifications --all", "rectifications report", "departures --all --csv", "contacts --from 2025-06", "satisfaction", "satisfaction --group role --csv",
		"satisfaction stages", "satisfaction follow-ups", "customers --all --csv", "brief C000007", "may-contact C000007", "customer C000007",
	} {
		printed := command(t, s.dir, 0, append(strings.Fields(verb), "--url", s.url)...)
		if strings.Count(printed, "\n") < 3 {
			t.Errorf("%s prints\n%s", verb, printed)
		}
	}
}

// checkQueriesOfCells runs the examples of the page about cells, each of which must find something.
func checkQueriesOfCells(t *testing.T, database string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "cells.md"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	queries := 0
	for _, m := range fenced.FindAllStringSubmatch(string(page), -1) {
		if m[1] != "sql" {
			continue
		}
		queries++
		rows, err := conn.Query(t.Context(), m[2])
		if err != nil {
			t.Fatal(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowToMap)
		if err != nil || len(found) == 0 {
			t.Errorf("%s finds %d rows: %v", m[2], len(found), err)
		}
	}
	if queries < 4 {
		t.Errorf("the page has %d queries", queries)
	}
}
