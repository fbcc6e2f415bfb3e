package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// comments holds the texts of the structs of package domain, turned from Go comments into descriptions.
type comments struct {
	structs map[string]string // by struct name
	fields  map[string]string // by struct name, dot, field name
}

// readComments parses the Go files of a folder.
func readComments(dir string) (*comments, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	c := &comments{structs: make(map[string]string), fields: make(map[string]string)}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.TYPE {
				c.add(gen)
			}
		}
	}
	return c, nil
}

func (c *comments) add(gen *ast.GenDecl) {
	for _, spec := range gen.Specs {
		ts := spec.(*ast.TypeSpec)
		st, ok := ts.Type.(*ast.StructType)
		if !ok {
			continue
		}
		doc := gen.Doc
		if ts.Doc != nil {
			doc = ts.Doc
		}
		c.structs[ts.Name.Name] = describe(ts.Name.Name, doc)
		for _, f := range st.Fields.List {
			for _, name := range f.Names {
				c.fields[ts.Name.Name+"."+name.Name] = describe(name.Name, f.Doc)
			}
		}
	}
}

// rows matches the references to rows of the source inventory, which mean nothing outside the source.
var rows = regexp.MustCompile(` \([A-Z]+-?\d+(, [A-Z]+-?\d+)*\)`)

// describe turns a Go comment into a description: without the name it must start with, and without row references.
func describe(name string, doc *ast.CommentGroup) string {
	text := rows.ReplaceAllString(strings.Join(strings.Fields(doc.Text()), " "), "")
	for _, verb := range []string{" says that ", " says ", " is ", " are "} {
		if rest, ok := strings.CutPrefix(text, name+verb); ok {
			first, size := utf8.DecodeRuneInString(rest)
			return string(unicode.ToUpper(first)) + rest[size:]
		}
	}
	return text
}

// ofStruct returns the description of a struct that must have one.
func (c *comments) ofStruct(name string) (string, error) { return found(c.structs, name) }

// ofField returns the description of a struct field that must have one.
func (c *comments) ofField(structName, field string) (string, error) {
	return found(c.fields, structName+"."+field)
}

func found(texts map[string]string, name string) (string, error) {
	if texts[name] == "" {
		return "", fmt.Errorf("%s has no comment", name)
	}
	return texts[name], nil
}

// firstSentence returns a text up to its first full stop that ends a sentence.
func firstSentence(text string) string {
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1]
	}
	return text
}
