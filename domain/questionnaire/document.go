package questionnaire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document reads values from YAML and collects the faults.
type document struct {
	faults []Fault
}

// members are the readers of the values of a mapping by name.
type members map[string]func(path string, node *yaml.Node)

// unless notes a fault, one for each field.
func (d *document) unless(ok bool, field, rule string) {
	known := func(f Fault) bool { return f.Field == field }
	if !ok && !slices.ContainsFunc(d.faults, known) {
		d.faults = append(d.faults, Fault{Field: field, Rule: rule})
	}
}

// read reads the questionnaires of a document into a set. An empty document changes nothing.
func (d *document) read(doc []byte, into *Set) {
	var root, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(doc))
	switch err := dec.Decode(&root); {
	case errors.Is(err, io.EOF):
		return
	case err != nil:
		d.unless(false, "document", "must be YAML: "+strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	d.unless(errors.Is(dec.Decode(&more), io.EOF), "document", "must be one YAML document")
	if node := root.Content[0]; node.Tag != "!!null" {
		d.set(node, into)
	}
}

// mapping reads the values of a mapping. A name that has no reader is a fault.
func (d *document) mapping(path string, node *yaml.Node, values members) {
	if node.Kind != yaml.MappingNode {
		d.unless(false, path, "must be a mapping of names to values")
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		field := strings.TrimPrefix(path+"."+name, "document.")
		d.unless(!seen[name], field, "is given twice")
		seen[name] = true
		if read, known := values[name]; known {
			read(field, node.Content[i+1])
		} else {
			d.unless(false, field, "is not a name of this form")
		}
	}
}

// list reads the elements of a list of at most the given length.
func (d *document) list(path string, node *yaml.Node, most int, each func(path string, node *yaml.Node)) {
	if node.Kind != yaml.SequenceNode {
		d.unless(false, path, "must be a list")
		return
	}
	if len(node.Content) > most {
		d.unless(false, path, fmt.Sprintf("must have at most %d elements", most))
		return
	}
	for i, element := range node.Content {
		each(fmt.Sprintf("%s[%d]", path, i), element)
	}
}

// name returns a reader of a name or id.
func (d *document) name(into *string) func(string, *yaml.Node) {
	return func(path string, node *yaml.Node) {
		if *into = node.Value; !nameable(*into) || node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
			d.unless(false, path, "must have 1 to 64 letters, digits, points, hyphens or underscores")
		}
	}
}

func nameable(s string) bool {
	strange := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_", r)
	}
	return s != "" && utf8.RuneCountInString(s) <= 64 && !strings.ContainsFunc(s, strange)
}

// text returns a reader of a text for people.
func (d *document) text(into *string) func(string, *yaml.Node) {
	return func(path string, node *yaml.Node) {
		*into = node.Value
		length := utf8.RuneCountInString(*into)
		ok := node.Kind == yaml.ScalarNode && node.Tag == "!!str" && length >= 1 && length <= 500
		d.unless(ok && !strings.ContainsFunc(*into, unicode.IsControl), path, "must be a text of 1 to 500 characters on one line")
	}
}

// number returns a reader of a whole number.
func number[T int | int64](d *document, into *T) func(string, *yaml.Node) {
	return func(path string, node *yaml.Node) {
		n, err := strconv.Atoi(node.Value)
		d.unless(err == nil && node.Tag == "!!int", path, "must be a whole number")
		*into = T(n)
	}
}

// instant returns a reader of a point in time.
func (d *document) instant(into *time.Time) func(string, *yaml.Node) {
	return func(path string, node *yaml.Node) {
		at, err := time.Parse(time.RFC3339, node.Value)
		d.unless(err == nil && !at.IsZero(), path, "must be a time such as 2026-01-31T00:00:00+08:00")
		*into = at.UTC()
	}
}
