package arch_test

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/internal/arch"
)

func TestModuleKeepsItsArchitecture(t *testing.T) {
	t.Parallel()
	violations, err := arch.Check(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

// TestEveryKindOfViolationIsFound checks a small module that breaks every rule. Each line that breaks one ends with a
// comment `// want: text`, where text is a part of the message.
func TestEveryKindOfViolationIsFound(t *testing.T) {
	t.Parallel()
	root := filepath.Join("testdata", "bad")
	violations, err := arch.Check(root)
	if err != nil {
		t.Fatal(err)
	}
	wanted := expectations(t, root)
	if len(wanted) == 0 {
		t.Fatal("no expectations in testdata/bad")
	}
	for _, v := range violations {
		place := place{file: v.File, line: v.Line}
		if want, ok := wanted[place]; !ok || !strings.Contains(v.Message, want) {
			t.Errorf("%v: not expected here (want %q)", v, want)
		}
		delete(wanted, place)
	}
	for place, want := range wanted {
		t.Errorf("%s:%d: no violation found, want %q", place.file, place.line, want)
	}
}

// place is a line of a file.
type place struct {
	file string
	line int
}

// expectations returns the text of each `// want:` comment below root.
func expectations(t *testing.T, root string) map[place]string {
	t.Helper()
	wanted := map[place]string{}
	files := os.DirFS(root)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := files.Open(name)
		if err != nil {
			return err
		}
		lines := bufio.NewScanner(f)
		for n := 1; lines.Scan(); n++ {
			if _, want, ok := strings.Cut(lines.Text(), "// want: "); ok {
				wanted[place{file: name, line: n}] = want
			}
		}
		if err := lines.Err(); err != nil {
			return err
		}
		return f.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return wanted
}
