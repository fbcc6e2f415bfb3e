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

var update = flag.Bool("update", false, "write golden files for types and versions that have none")

// The golden files hold one record of every version of every type of event and of derived event, in both modes:
// <type>/v<n>.json is a value in structured mode, <type>/v<n>.binary.json a binaryRecord. They stand for what is in logs,
// so a committed one never changes; the manifest lists their SHA-256 sums in the format of sha256sum.
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
	case domain.StreamControl:
		ev.Subject = domain.ControlSubject
	}
	ev.Extensions[0].Value = ev.Subject
	ev.Data = typ.Example()
	return ev
}

// goldenOutput is the derived event of the golden files of a type.
func goldenOutput(typ *domain.OutputType) domain.Event {
	full := full()
	return domain.Event{
		ID: domain.DerivedID("output", typ.Topic, full.Subject, "0000000000000007"), Source: "rapport", Type: typ.Name,
		Subject: full.Subject, Time: full.Time, CausationID: full.ID, ExpectedVersion: domain.NoExpectation,
		DataSchema: fmt.Sprintf("https://rapport-crm.github.io/schemas/%s/v%d.json", typ.Name, typ.Version),
		Extensions: []domain.Extension{
			{Name: "policyversion", Value: "2026-03"}, {Name: "position", Value: "3:1204"}, {Name: "sequence", Value: "0000000000000007"},
		},
		Data: typ.Example(),
	}
}

// goldenEvents returns the event of every type and the derived event of every output type, by the names of their files.
func goldenEvents(t *testing.T) map[string]domain.Event {
	t.Helper()
	events := make(map[string]domain.Event)
	for _, typ := range domain.Types() {
		events[goldenName(typ)] = goldenEvent(t, typ)
	}
	for _, typ := range domain.Outputs() {
		events[goldenName(typ.Type)] = goldenOutput(typ)
	}
	return events
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
		for name := range goldenEvents(t) {
			for _, ext := range []string{".json", ".binary.json"} {
				if sums[name+ext] == "" {
					t.Errorf("%s has no golden file; run this test with -update", name+ext)
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
	if output, found := domain.LookupOutput(structured.Type); found {
		typ, ok = output.Type, true
	}
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
	for name, ev := range goldenEvents(t) {
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
		addFile(t, sums, name+".json", wire.Encode(nil, &ev))
		addFile(t, sums, name+".binary.json", text.Bytes())
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
