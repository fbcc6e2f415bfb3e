package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// domainDir is the folder domain as seen from this package.
const domainDir = "../.."

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	t.Parallel()
	files, err := render(domainDir)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(domainDir, path))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: run go generate ./domain/...", path)
		}
	}
}

func TestEverySchemaFileBelongsToAType(t *testing.T) {
	t.Parallel()
	files, err := render(domainDir)
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(domainDir, "schemas/*/v*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		rel, err := filepath.Rel(domainDir, path)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := files[filepath.ToSlash(rel)]; !ok {
			t.Errorf("%s belongs to no type of the catalogue", rel)
		}
	}
}

func TestRunWritesWhatRenderReturns(t *testing.T) {
	t.Parallel()
	// The catalogue page lies beside the folder domain, so the copy needs a folder above it.
	copied := filepath.Join(t.TempDir(), "domain")
	if err := os.CopyFS(copied, os.DirFS(domainDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(copied, "schemas", "purchase.recorded")); err != nil {
		t.Fatal(err)
	}
	if err := run(copied); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"schemas/purchase.recorded/v1.json", "descriptions.go", "../docs/events.md"} {
		if _, err := os.Stat(filepath.Join(copied, path)); err != nil {
			t.Error(err)
		}
	}
}

func TestDescriptionsAreSentences(t *testing.T) {
	t.Parallel()
	text, err := readComments(domainDir)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range text.fields {
		if d != "" && d[len(d)-1] != '.' {
			t.Errorf("the description of %s does not end with a full stop: %q", name, d)
		}
	}
}
