package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// source is one parsed Go file.
type source struct {
	// pkg is the folder below the module's root, with slashes; "." is the root itself.
	pkg  string
	name string
	test bool
	file *ast.File
	fset *token.FileSet
}

// readSources parses every Go file below root, except below folders that the go command ignores too: testdata, vendor
// and those whose names begin with a dot or an underscore.
func readSources(root string) ([]source, error) {
	var found []source
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if relative != "." && ignored(entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || ignored(entry.Name()) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		file, err := parser.ParseFile(fset, relative, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		found = append(found, source{
			pkg: path.Dir(relative), name: path.Base(relative), test: strings.HasSuffix(relative, "_test.go"),
			file: file, fset: fset,
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the sources below %s: %w", root, err)
	}
	return found, nil
}

func ignored(name string) bool {
	return name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// importPath returns the path that a specification imports.
func importPath(spec *ast.ImportSpec) string {
	// The parser accepts quoted strings only.
	imported, _ := strconv.Unquote(spec.Path.Value)
	return imported
}

// matches reports whether name fits the pattern: itself, or with "/..." at the pattern's end anything below it too.
func matches(pattern, name string) bool {
	if above, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == above || strings.HasPrefix(name, above+"/")
	}
	return name == pattern
}

// matchesAny reports whether name fits one of the patterns.
func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if matches(p, name) {
			return true
		}
	}
	return false
}
