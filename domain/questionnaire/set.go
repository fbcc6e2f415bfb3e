package questionnaire

import (
	"bytes"
	_ "embed"
	"errors"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Set is a set of questionnaires.
type Set struct {
	// Definitions are the questionnaires: the built-in ones first, each with a name of its own.
	Definitions []*Definition `yaml:"questionnaires"`
}

//go:embed questionnaire.yaml
var builtIn []byte

// DefaultDocument returns the built-in questionnaires as a documented YAML document.
func DefaultDocument() []byte { return bytes.Clone(builtIn) }

// Default returns the built-in questionnaires: sales, service, nps, csat and ces. They are shared and must not be changed.
func Default() *Set { return parsedDefault() }

var parsedDefault = sync.OnceValue(func() *Set {
	s, err := Parse(nil)
	if err != nil {
		panic("questionnaire: the embedded document is invalid: " + err.Error())
	}
	return s
})

// Parse reads a YAML document over the built-in questionnaires: one with the name of a built-in questionnaire replaces
// it, others are added. Unknown names, values of the wrong kind and values out of range are faults of one *Error that
// lists all of them.
func Parse(doc []byte) (*Set, error) {
	var d document
	s := new(Set)
	d.read(builtIn, s)
	d.read(doc, s)
	if len(d.faults) > 0 {
		return nil, &Error{Faults: d.faults}
	}
	return s, nil
}

// Document returns the set as a canonical YAML document: every value, also those that are defaults, in a fixed order and
// without comments. Parse reads it back to an equal set.
func (s *Set) Document() []byte {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(s), enc.Close()); err != nil {
		panic("questionnaire: the set cannot be written: " + err.Error())
	}
	return b.Bytes()
}

// Find returns the questionnaire with a name.
func (s *Set) Find(name string) (*Definition, bool) {
	for _, d := range s.Definitions {
		if d.Name == name {
			return d, true
		}
	}
	return nil, false
}

// put adds a questionnaire or replaces the one with its name.
func (s *Set) put(d *Definition) {
	for i := range s.Definitions {
		if s.Definitions[i].Name == d.Name {
			s.Definitions[i] = d
			return
		}
	}
	s.Definitions = append(s.Definitions, d)
}
