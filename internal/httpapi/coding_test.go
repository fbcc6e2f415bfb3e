package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/rapport-crm/rapport/internal/httpapi"
)

// gzipped returns text compressed with gzip.
func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	compress(t, z, text)
	return b.String()
}

// zstandard returns text compressed with zstd.
func zstandard(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	compress(t, z, text)
	return b.String()
}

func compress(t testing.TB, z io.WriteCloser, text string) {
	t.Helper()
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestBodiesMayBeCompressed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for coding, compressed := range map[string]func(testing.TB, string) string{"gzip": gzipped, "zstd": zstandard} {
		s.post(one, compressed(t, purchase("c1")), "Content-Encoding", coding).wants(http.StatusAccepted)
		s.post(batch, compressed(t, "["+purchase("c1")+"]"), "Content-Encoding", coding).wants(http.StatusOK)
		s.post(ndjson, compressed(t, purchase("c1")+"\n"), "Content-Encoding", coding).wants(http.StatusOK)
	}
	if n := s.appended(); n != 6 {
		t.Errorf("the log has %d records, want 6", n)
	}
	p := s.post(one, purchase("c1"), "Content-Encoding", "br")
	p.problem(http.StatusUnsupportedMediaType, "unsupported-media-type")
	if got := p.header.Get("Accept-Encoding"); got != "gzip, zstd" {
		t.Errorf("Accept-Encoding is %q", got)
	}
}

func TestATruncatedStreamKeepsWhatCameBeforeAndSaysWhereItEnded(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var lines []string
	for range 2000 {
		lines = append(lines, purchase("c1"))
	}
	for coding, compressed := range map[string]func(testing.TB, string) string{"gzip": gzipped, "zstd": zstandard} {
		before := s.appended()
		whole := compressed(t, strings.Join(lines, "\n"))
		r := s.post(ndjson, whole[:len(whole)*3/4], "Content-Encoding", coding).wants(http.StatusOK)
		got := r.outcomes()
		last := got[len(got)-1]
		if last.Problem == nil || !strings.HasSuffix(last.Problem.Type, "/truncated-body") {
			t.Fatalf("%s: the last line is %+v", coding, last)
		}
		accepted := len(got) - 1
		for _, o := range got[:accepted] {
			if o.Status != "accepted" {
				t.Errorf("%s: line %d is %s", coding, o.Line, o.Status)
			}
		}
		if n := s.appended() - before; accepted == 0 || accepted == len(lines) || n != int64(accepted) {
			t.Errorf("%s: %d of %d lines were accepted, %d appended", coding, accepted, len(lines), n)
		}
	}
}

func TestATruncatedBatchIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	s := setup(t)
	whole := gzipped(t, "["+purchase("c1")+"]")
	for _, cut := range []int{0, 5, len(whole) - 1} {
		s.post(batch, whole[:cut], "Content-Encoding", "gzip").problem(http.StatusBadRequest, "truncated-body")
		s.post(one, whole[:cut], "Content-Encoding", "gzip").problem(http.StatusBadRequest, "truncated-body")
		s.post(ndjson, whole[:min(cut, 5)], "Content-Encoding", "gzip").problem(http.StatusBadRequest, "truncated-body")
	}
	if n := s.appended(); n != 0 {
		t.Errorf("the log has %d records", n)
	}
}

func TestABodyThatIsNotCompressedAsItSaysIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, coding := range []string{"gzip", "zstd"} {
		for _, media := range []string{one, batch, ndjson} {
			s.post(media, strings.Repeat("this is not compressed ", 10), "Content-Encoding", coding).problem(http.StatusBadRequest, "malformed-body")
		}
	}
}

func TestACompressedBodyDoesNotGrowWithoutBounds(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) { o.MaxInflated = 1 << 20 })
	bomb := gzipped(t, strings.Repeat(" ", 2<<20))
	s.post(one, bomb, "Content-Encoding", "gzip").problem(http.StatusRequestEntityTooLarge, "too-large")
	s.post(ndjson, bomb, "Content-Encoding", "gzip").problem(http.StatusRequestEntityTooLarge, "too-large")
	got := s.post(ndjson, gzipped(t, purchase("c1")+"\n"+strings.Repeat("\n", 2<<20)), "Content-Encoding", "gzip").wants(http.StatusOK).outcomes()
	if len(got) != 2 || got[0].Status != "accepted" || got[1].Problem == nil || !strings.HasSuffix(got[1].Problem.Type, "/too-large") {
		t.Errorf("results are %+v", got)
	}
}
