package wire_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

var update = flag.Bool("update", false, "write golden files for event types and versions that have none")

// The golden files hold one record of every version of every event type, in both modes: <type>/v<n>.json is a value
// in structured mode, <type>/v<n>.binary.json a binaryRecord. They stand for what is in logs, so a committed one never
// changes; the manifest lists their SHA-256 sums in the format of sha256sum.
const (
	goldenDir      = "testdata/golden"
	goldenManifest = "manifest.sha256"
)

// binaryRecord is a record in binary mode as a golden file.
type binaryRecord struct {
	Key     string         `json:"key"`
	Headers []goldenHeader `json:"headers"`
	Value   string         `json:"value"`
}

type goldenHeader struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// goldenEvent is the event of the golden files of a type.
func goldenEvent(t *testing.T, typ *domain.Type) domain.Event {
	t.Helper()
	ev := full()
	ev.Type = typ.Name
	ev.DataSchema = fmt.Sprintf("https://rapport-crm.github.io/schemas/%s/v%d.json", typ.Name, typ.Version)
	ev.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ev.CausationID = "0198c2f0-5b1e-7c3a-9d2e-000000000001"
	ev.Extensions = ev.Extensions[:1]
	switch typ.Stream {
	case domain.StreamOrg:
		ev.Subject = domain.OrgPrefix + ev.OrgUnit
	case domain.StreamEmployee:
		ev.Subject = domain.EmployeePrefix + ev.Actor
	}
	ev.Extensions[0].Value = ev.Subject
	var data bytes.Buffer
	if err := json.Compact(&data, typ.Example()); err != nil {
		t.Fatalf("example of %s: %v", typ.Name, err)
	}
	ev.Data = data.Bytes()
	return ev
}

func goldenName(typ *domain.Type) string { return fmt.Sprintf("%s/v%d", typ.Name, typ.Version) }

// TestGoldenFiles is one test in three parts, because -update must have written before the other parts read.
func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	sums := readManifest(t)
	if *update {
		addGolden(t, sums)
	}
	t.Run("every type has one", func(t *testing.T) {
		for _, typ := range domain.Types() {
			for _, ext := range []string{".json", ".binary.json"} {
				if sums[goldenName(typ)+ext] == "" {
					t.Errorf("%s has no golden file; run this test with -update", goldenName(typ)+ext)
				}
			}
		}
	})
	t.Run("none has changed", func(t *testing.T) {
		for name, want := range sums {
			if got := sum(readGolden(t, name)); got != want {
				t.Errorf("%s has changed: sha256 %s, was %s", name, got, want)
			}
		}
		for _, name := range listGolden(t) {
			if sums[name] == "" {
				t.Errorf("%s is not in the manifest", name)
			}
		}
	})
	t.Run("each is read in both modes and written as it was", func(t *testing.T) {
		for name := range sums {
			if base, ok := strings.CutSuffix(name, ".binary.json"); ok {
				checkGolden(t, base)
			}
		}
	})
}

// checkGolden decodes both golden files of one version of a type.
func checkGolden(t *testing.T, base string) {
	t.Helper()
	value := readGolden(t, base+".json")
	var r binaryRecord
	if err := json.Unmarshal(readGolden(t, base+".binary.json"), &r); err != nil {
		t.Fatalf("%s: %v", base, err)
	}
	var headers []wire.Header
	for _, h := range r.Headers {
		headers = append(headers, wire.Header{Key: h.Key, Value: []byte(h.Value)})
	}
	var structured, binary domain.Event
	if err := wire.Decode(&structured, []byte(r.Key), value, wire.Headers()); err != nil {
		t.Errorf("%s.json: %v", base, err)
	}
	if err := wire.Decode(&binary, []byte(r.Key), []byte(r.Value), headers); err != nil {
		t.Errorf("%s.binary.json: %v", base, err)
	}
	if !reflect.DeepEqual(structured, binary) {
		t.Errorf("%s: the modes differ:\n%+v\n%+v", base, structured, binary)
	}
	if got := wire.Encode(nil, &structured); !bytes.Equal(got, value) {
		t.Errorf("%s: encoded as\n%s\nwas\n%s", base, got, value)
	}
	if err := domain.Validate(&structured); err != nil {
		t.Errorf("%s: %v", base, err)
	}
	typ, ok := domain.Lookup(structured.Type)
	if !ok {
		t.Errorf("%s: the type is not in the catalogue", base)
		return
	}
	if _, err := domain.NewDecoder().Decode(typ, structured.Data); err != nil {
		t.Errorf("%s: %v", base, err)
	}
}

// addGolden writes the files that are missing and adds them to sums and the manifest.
func addGolden(t *testing.T, sums map[string]string) {
	t.Helper()
	for _, typ := range domain.Types() {
		ev := goldenEvent(t, typ)
		r := binaryRecord{Key: ev.Subject, Value: string(ev.Data)}
		for _, h := range binary(&ev) {
			r.Headers = append(r.Headers, goldenHeader{Key: h.Key, Value: string(h.Value)})
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(r); err != nil {
			t.Fatal(err)
		}
		addFile(t, sums, goldenName(typ)+".json", wire.Encode(nil, &ev))
		addFile(t, sums, goldenName(typ)+".binary.json", text.Bytes())
	}
	var manifest strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&manifest, "%s  %s\n", sums[name], name)
	}
	writeGolden(t, goldenManifest, []byte(manifest.String()))
}

func addFile(t *testing.T, sums map[string]string, name string, content []byte) {
	t.Helper()
	if sums[name] == "" {
		writeGolden(t, name, content)
		sums[name] = sum(content)
	}
}

func sum(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }

func writeGolden(t *testing.T, name string, content []byte) {
	t.Helper()
	path := filepath.Join(goldenDir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func readGolden(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(goldenDir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// readManifest returns the sum of each golden file by its name.
func readManifest(t *testing.T) map[string]string {
	t.Helper()
	sums := map[string]string{}
	content, err := os.ReadFile(filepath.Join(goldenDir, goldenManifest))
	if err != nil && !(*update && os.IsNotExist(err)) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		hash, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok || sums[name] != "" {
			t.Fatalf("manifest: bad line %q", line)
		}
		sums[name] = hash
	}
	return sums
}

// listGolden returns the names of the golden files there are.
func listGolden(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(goldenDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == goldenManifest {
			return err
		}
		name, err := filepath.Rel(goldenDir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
