// Command gen writes what follows from the structs of the event catalogue: the descriptions that package domain
// carries, the JSON Schema of every type, and the catalogue page of the documentation. Run it with go generate in the
// folder domain.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes all generated files of the folder domain at the given path.
func run(domainDir string) error {
	files, err := render(domainDir)
	if err != nil {
		return err
	}
	for path, content := range files {
		path = filepath.Join(domainDir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// render returns the content of all generated files by their paths relative to the folder domain.
func render(domainDir string) (map[string][]byte, error) {
	text, err := readComments(domainDir)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	if err := renderSchemas(files, text); err != nil {
		return nil, err
	}
	if err := renderDescriptions(files, text); err != nil {
		return nil, err
	}
	return files, renderPage(files, text)
}
