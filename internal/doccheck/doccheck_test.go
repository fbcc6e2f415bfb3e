package doccheck

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/projections"
)

const root = "../.."

var (
	testName  = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`)
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w+)\(`)
	link      = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	guarantee = regexp.MustCompile(`(?m)^\| G\d+ .*$`)
)

// files returns the contents of the files below root with the given ending, by path.
func files(t *testing.T, ending string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(path, ending) {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			found[path] = string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDocumentsNameTestsThatExist(t *testing.T) {
	t.Parallel()
	exist := make(map[string]bool)
	for _, text := range files(t, "_test.go") {
		for _, m := range testFunc.FindAllStringSubmatch(text, -1) {
			exist[m[1]] = true
		}
	}
	for path, text := range files(t, ".md") {
		for _, name := range testName.FindAllString(text, -1) {
			if !exist[name] {
				t.Errorf("%s names %s, which does not exist", path, name)
			}
		}
	}
}

func TestEveryGuaranteeNamesATest(t *testing.T) {
	t.Parallel()
	rows := guarantee.FindAllString(files(t, "guarantees.md")[filepath.Join(root, "docs", "guarantees.md")], -1)
	if len(rows) == 0 {
		t.Fatal("there are no guarantees")
	}
	for _, row := range rows {
		if !testName.MatchString(row) {
			t.Errorf("no test is named in %s", row)
		}
	}
}

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	for path, text := range files(t, ".md") {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", path, m[1], err)
			}
		}
	}
}

func TestEveryKindOfCellIsDescribed(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "cells.md"))
	if err != nil {
		t.Fatal(err)
	}
	for kind := projections.CellNone + 1; int(kind) < projections.CellKindCount; kind++ {
		if !strings.Contains(string(page), "| `"+kind.String()+"` |") {
			t.Errorf("docs/cells.md has no row for %s", kind)
		}
	}
}

// slug finds the name of a kind of problem in the source of the API.
var slug = regexp.MustCompile(`kind\{slug: "([^"]+)"`)

func TestEveryProblemHasARow(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join(root, "internal", "httpapi", "problem.go"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "problems.md"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := slug.FindAllStringSubmatch(string(source), -1)
	if len(kinds) == 0 {
		t.Fatal("no kinds of problem were found")
	}
	for _, k := range kinds {
		if !strings.Contains(string(page), "| `"+k[1]+"` |") {
			t.Errorf("docs/problems.md has no row for %s", k[1])
		}
	}
}
