package arch

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// Violation is a place in the source that breaks a rule.
type Violation struct {
	// File is the path below the module's root; Line counts from 1.
	File    string
	Line    int
	Message string
}

// String returns the violation in the form that editors jump to.
func (v Violation) String() string { return fmt.Sprintf("%s:%d: %s", v.File, v.Line, v.Message) }

// Check returns every violation of the rules in the module whose root folder is given, ordered by place. The error says
// that a file cannot be read or parsed.
func Check(root string) ([]Violation, error) {
	sources, err := readSources(root)
	if err != nil {
		return nil, err
	}
	var all []Violation
	for _, s := range sources {
		all = append(all, s.check()...)
	}
	slices.SortFunc(all, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return all, nil
}

// check returns the violations of one file.
func (s source) check() []Violation {
	all := s.checkName()
	if s.test {
		return all
	}
	for _, spec := range s.file.Imports {
		imported := importPath(spec)
		all = append(all, s.checkLayer(spec, imported)...)
		all = append(all, s.checkHomes(spec, imported)...)
		if s.pure() && matchesAny(impureImports, imported) {
			all = append(all, s.violation(spec, "%s is pure and must not import %s", s.pkg, imported))
		}
	}
	all = append(all, s.checkInit()...)
	if s.pure() {
		all = append(all, s.checkClock()...)
	}
	return all
}

// checkName refuses package names that say nothing. A folder is checked with each of its files.
func (s source) checkName() []Violation {
	name := strings.TrimSuffix(s.file.Name.Name, "_test")
	if !slices.Contains(vagueNames, name) {
		return nil
	}
	return []Violation{s.violation(s.file.Name, "package name %s says nothing about the content", name)}
}

// checkLayer applies the import table to an import of this module.
func (s source) checkLayer(at ast.Node, imported string) []Violation {
	own, ok := strings.CutPrefix(imported, module+"/")
	if !ok {
		return nil
	}
	for _, l := range layers {
		if !matches(l.from, s.pkg) {
			continue
		}
		if matchesAny(l.allow, own) {
			return nil
		}
		return []Violation{s.violation(at, "%s must not import %s", s.pkg, own)}
	}
	return []Violation{s.violation(at, "%s has no row in the import table", s.pkg)}
}

// checkHomes applies the tables of packages with few homes.
func (s source) checkHomes(at ast.Node, imported string) []Violation {
	var all []Violation
	for _, h := range slices.Concat(restricted, homes) {
		if matches(h.of, imported) && !matchesAny(h.in, s.pkg) {
			all = append(all, s.violation(at, "%s must not import %s: %s", s.pkg, imported, h.why))
		}
	}
	return all
}

// checkInit refuses functions that work before main does.
func (s source) checkInit() []Violation {
	var all []Violation
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			all = append(all, s.violation(f, "init function: construct explicitly instead"))
		}
	}
	return all
}

// checkClock refuses the machine's clock. The name under which the file imports package time is taken into account.
func (s source) checkClock() []Violation {
	name := ""
	for _, spec := range s.file.Imports {
		if importPath(spec) == "time" {
			name = "time"
			if spec.Name != nil {
				name = spec.Name.Name
			}
		}
	}
	var all []Violation
	ast.Inspect(s.file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == name && slices.Contains(clock, selector.Sel.Name) {
			all = append(all, s.violation(selector, "%s is pure and must not use time.%s", s.pkg, selector.Sel.Name))
		}
		return true
	})
	return all
}

// pure reports whether the file belongs to the code that may not touch the world.
func (s source) pure() bool {
	if !matchesAny(pure, s.pkg) || matchesAny(impure, s.pkg) {
		return false
	}
	return !slices.ContainsFunc(impureFiles, func(prefix string) bool { return strings.HasPrefix(s.name, prefix) })
}

// violation returns a violation at a node of the file.
func (s source) violation(at interface{ Pos() token.Pos }, format string, args ...any) Violation {
	place := s.fset.Position(at.Pos())
	return Violation{File: place.Filename, Line: place.Line, Message: fmt.Sprintf(format, args...)}
}
