package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/internal/verify"
	"github.com/rapport-crm/rapport/projections/refold"
)

func TestVerifyListsWhatDiffers(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	a := &app{Stdout: &stdout}
	report := &verify.Report{
		Checked: 1200, Different: 23, DigestLive: "00ff", DigestLog: "11ee", Positions: eventstore.Positions{120, 7},
		Differences: []refold.Difference{
			{Partition: 1, Kind: "customer", ID: "c-1\x1b[2J", Fields: []refold.Field{{Name: "events", Live: "12", Log: "13"}, {Name: "stage", Live: "2", Log: "3"}}},
			{Partition: 0, Kind: "rollups", ID: "1 2 0 0 0 ", Fields: []refold.Field{{Name: "row", Live: refold.Absent, Log: string(bytes.Repeat([]byte("[1 0 0 0] "), 9))}}},
		},
	}
	if err := printValue(a, report, (*printer).verified); err != nil {
		t.Fatal(err)
	}
	golden(t, "verify", stdout.String())
}

func TestSizesAreReadWithTheirUnits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"0": 0, "1": 1, "17B": 17, "3KiB": 3 << 10, "512MiB": 512 << 20, "1GiB": 1 << 30, "8 GiB": 8 << 30} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err != nil || int64(b) != want {
			t.Errorf("%q is read as %d, %v; want %d", text, b, err, want)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "1GB", "1.5GiB", "9999999999GiB"} {
		if err := new(byteSize).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a size", text)
		}
	}
}

// verified runs the verb in dir and returns its report.
func verified(t *testing.T, dir string, code int, flags ...string) *verify.Report {
	t.Helper()
	report := new(verify.Report)
	if err := json.Unmarshal([]byte(command(t, dir, code, append([]string{"verify", "--json"}, flags...)...)), report); err != nil {
		t.Fatal(err)
	}
	return report
}

// reach waits until the views reflect the given positions, longer than one request waits.
func (s *server) reach(t *testing.T, after string) {
	t.Helper()
	for range 20 {
		reading := start(t, s.dir, "summary", "--json", "--url", s.url, "--after", after)
		if reading.wait() == 0 {
			return
		}
	}
	t.Fatalf("the views do not reach %s\n%s", after, s.err.String())
}

func TestVerifyComparesTheAnswersOfAServerWithItsLog(t *testing.T) {
	t.Parallel()
	d := cdnow(t)
	dir := t.TempDir()
	s := serve(t, dir)
	want := s.summary(t, importFile(t, dir, d).Positions.String())
	for _, flags := range [][]string{nil, {"--memory", "4MiB"}} {
		report := verified(t, dir, 0, append(flags, "--url", s.url)...)
		if report.Checked != d.customers || report.Different != 0 || report.DigestLive != report.DigestLog || report.DigestLive != want.Digest {
			t.Errorf("with %v: %+v, the server has digest %s", flags, report, want.Digest)
		}
	}
	if report := verified(t, dir, 0, "--sample", "25", "--url", s.url); report.Checked != 25 || report.Different != 0 {
		t.Errorf("of a sample: %+v", report)
	}
	other := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(other, []byte("version: other\nlifecycle: {decline_gaps: 1.1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if report := verified(t, dir, exitDifferent, "--url", s.url, "--policy", other); report.Different == 0 || report.DigestLive == report.DigestLog {
		t.Errorf("under another policy: %+v", report)
	}
}

func TestVerifyFindsARowThatWasChangedInTheDatabase(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	d := cdnow(t)
	dir := t.TempDir()
	s := serve(t, dir, "--database-url", database)
	s.reach(t, importFile(t, dir, d).Positions.String())
	if report := verified(t, dir, 0, "--database-url", database); report.Checked != d.customers || report.Different != 0 {
		t.Errorf("before: %+v", report)
	}
	if report := verified(t, dir, 0, "--database-url", database, "--sample", "40"); report.Checked != 40 || report.Different != 0 {
		t.Errorf("of a sample before: %+v", report)
	}
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	const change = "UPDATE rapport_g1.customers SET purchases = purchases + 1 WHERE id = (SELECT min(id) FROM rapport_g1.customers)"
	if _, err := conn.Exec(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	report := verified(t, dir, exitDifferent, "--database-url", database)
	if report.Different != 1 || report.Differences[0].Fields[0].Name != "purchases" {
		t.Errorf("after: %+v", report)
	}
}
