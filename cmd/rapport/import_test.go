package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const threePurchases = " customer_id  date number_of_cds  dollar_value\r\n" +
	" 00001 19970101  1   11.77\r\n 00002 19970112  1   12.00\r\n 00002 19970112  0   77.00\r\n"

// writeText writes a file for one test and returns its path.
func writeText(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportPrintsOneDocumentAndWritesTheRejectedRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rejects := filepath.Join(dir, "rejects.ndjson")
	file := writeText(t, "a.txt", threePurchases)
	for range 2 {
		got := execute(t, "import", file, file, "--format", "cdnow", "--data", filepath.Join(dir, "data"), "--rejects", rejects, "--json")
		if got.code != exitDone {
			t.Fatalf("exit code %d: %s", got.code, got.stderr)
		}
		var doc struct {
			Read, Skipped, Appended, Invalid int64
			Positions                        map[string]int64
			Files                            []struct{ Source string }
		}
		if err := json.Unmarshal([]byte(got.stdout), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Read != 6 || doc.Appended != 4 || doc.Invalid != 2 || len(doc.Files) != 2 || doc.Files[0].Source != "a.txt" || len(doc.Positions) == 0 {
			t.Errorf("the document is %s", got.stdout)
		}
		const row = `{"source":"a.txt","row":3,"line":4,"problems":[{"pointer":"/data/quantity","rule":"min","message":"must be at least 1"}]}` + "\n"
		written, err := os.ReadFile(rejects)
		if err != nil || string(written) != row+row {
			t.Errorf("the rejected rows are %s, %v", written, err)
		}
		if !strings.Contains(got.stderr, "rejected: a.txt: row 3 (line 4): /data/quantity must be at least 1 (min)") {
			t.Errorf("standard error is %s", got.stderr)
		}
	}
}

func TestImportShowsAtMostTwentyRejectedRowsAndFailsWhenNothingIsLeft(t *testing.T) {
	t.Parallel()
	file := writeText(t, "a.ndjson", strings.Repeat("{}\n", 30))
	got := execute(t, "import", file, "--format", "cloudevents", "--data", t.TempDir())
	if got.code != exitFailed || strings.Count(got.stderr, "rejected: a.ndjson: row") != shownRejects || !strings.Contains(got.stderr, "every row was rejected") {
		t.Errorf("exit code %d: %s", got.code, got.stderr)
	}
	if !strings.Contains(got.stdout, "a.ndjson") || !strings.Contains(got.stdout, " 30") {
		t.Errorf("standard output is %s", got.stdout)
	}
}

func TestImportRefusesWrongUsage(t *testing.T) {
	t.Parallel()
	file := writeText(t, "a.csv", "a\n")
	tests := []struct {
		args []string
		want string
	}{
		{[]string{file, "--format", "csv"}, "--map goes with --format csv"},
		{[]string{file, "--format", "cdnow", "--map", file}, "--map goes with --format csv"},
		{[]string{file, "--format", "xls"}, "must be one of"},
		{[]string{file}, "--format"},
		{[]string{file, file, "--format", "cdnow", "--state", "s"}, "--state goes with one file"},
	}
	for _, test := range tests {
		got := execute(t, append([]string{"import", "--data", t.TempDir()}, test.args...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%v: exit code %d, %s", test.args, got.code, got.stderr)
		}
	}
}

func TestImportRefusesTwoFilesOfOneSource(t *testing.T) {
	t.Parallel()
	january, february := writeText(t, "sales.txt", threePurchases), writeText(t, "sales.txt.gz", threePurchases)
	got := execute(t, "import", january, february, "--format", "cdnow", "--data", t.TempDir())
	if got.code != exitUsage || !strings.Contains(got.stderr, `has the source name "sales.txt" too`) {
		t.Errorf("exit code %d: %s", got.code, got.stderr)
	}
}

func TestImportOfAFileThatIsNotThereFails(t *testing.T) {
	t.Parallel()
	got := execute(t, "import", filepath.Join(t.TempDir(), "none"), "--format", "cdnow", "--data", t.TempDir(), "--json")
	if got.code != exitFailed || !strings.Contains(got.stderr, "no such file") || !strings.Contains(got.stdout, `"files":[]`) {
		t.Errorf("exit code %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

func TestAnInterruptedImportSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	// The first row is rejected, which interrupts the import while it reads its first round.
	file := writeText(t, "a.txt", " 00001 19970101  0   11.77\n"+strings.Repeat(" 00001 19970101  1   11.77\n", 40_000))
	data := filepath.Join(t.TempDir(), "data")
	var stdout strings.Builder
	code := run(ctx, []string{"import", file, "--format", "cdnow", "--data", data, "--json"}, strings.NewReader(""), &stdout, interrupting{t, cancel})
	if code != exitInterrupted || !strings.Contains(stdout.String(), `"read":16384,"skipped":0,"appended":16383,"invalid":1,`) {
		t.Errorf("exit code %d: %s", code, stdout.String())
	}
	got := execute(t, "import", file, "--format", "cdnow", "--data", data, "--json")
	if got.code != exitDone || !strings.Contains(got.stdout, `"resumed":16384`) || !strings.Contains(got.stdout, `{"read":40001,"skipped":0,"appended":40000,"invalid":1,`) {
		t.Errorf("exit code %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

// interrupting interrupts the program when it shows a rejected row.
type interrupting struct {
	t      *testing.T
	cancel context.CancelFunc
}

func (w interrupting) Write(p []byte) (int, error) {
	switch {
	case strings.HasPrefix(string(p), "rejected:"):
		w.cancel()
	case strings.HasPrefix(string(p), "rapport:") && !strings.Contains(string(p), "the same command goes on after row 16384"):
		w.t.Errorf("standard error is %s", p)
	}
	return len(p), nil
}
