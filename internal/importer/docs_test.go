package importer

import (
	"os"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
)

// Each example in the documentation begins with the header and a row of its file as comments.
func TestTheMappingsOfTheDocumentationWork(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```")
	examples := 0
	for i := 1; i < len(parts); i += 2 {
		doc, ok := strings.CutPrefix(parts[i], "yaml\n")
		if !ok {
			continue
		}
		examples++
		lines := strings.SplitN(doc, "\n", 3)
		table := strings.TrimPrefix(lines[0], "# The file: ") + "\n" + strings.TrimLeft(lines[1], "# ") + "\n"
		all := readAll(openFile(t, writeFile(t, "example.csv", table), FileOptions{Format: CSV, Mapping: []byte(doc)}), 0)
		if all.err != nil || len(all.rejects) > 0 || len(all.events) != 1 {
			t.Errorf("example %d: %d events, rejections %v, error %v", examples, len(all.events), all.rejects, all.err)
			continue
		}
		if _, data, err := domain.NewDecoder().DecodeEvent(&all.events[0]); err != nil || data == nil {
			t.Errorf("example %d: %v", examples, err)
		}
	}
	if examples == 0 {
		t.Error("the documentation has no example")
	}
}
