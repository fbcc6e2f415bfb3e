package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// Mapping says how the rows of a table become events. docs/import.md describes it for those who write one.
type Mapping struct {
	// Source names where the rows come from. Default: the name of the file.
	Source string `yaml:"source"`
	// Delimiter stands between fields: one ASCII character, "tab", or "whitespace" for any amount of white space.
	// Default: a comma.
	Delimiter string `yaml:"delimiter"`
	// Columns name the columns. Default: the names in the header.
	Columns []string `yaml:"columns"`
	// Header says whether the first row names the columns. Default: true unless Columns are given.
	Header *bool `yaml:"header"`
	// Blanks are texts that mean that a field is empty, besides the empty one.
	Blanks []string `yaml:"blanks"`
	// Where leaves out the rows that break any of the conditions.
	Where []Condition `yaml:"where"`
	// Events are the events of a row, each under conditions of its own.
	Events []EventMapping `yaml:"events"`
}

// Condition is what a field must be like. Exactly one of its tests is given.
type Condition struct {
	Column string   `yaml:"column"`
	Empty  *bool    `yaml:"empty"`
	In     []string `yaml:"in"`
	NotIn  []string `yaml:"not_in"`
}

// EventMapping says how one event is made of a row.
type EventMapping struct {
	Where   []Condition `yaml:"where"`
	Type    Value       `yaml:"type"`
	Subject Value       `yaml:"subject"`
	Time    TimeMapping `yaml:"time"`
	// ID is the id of the event. Default: an id derived from the source, the number of the row and its text.
	ID *Value `yaml:"id"`
	// Attributes are further attributes of the envelope: actor, orgunit, channel, or extensions.
	Attributes []Attribute `yaml:"attributes"`
	// Data are the members of the data, in the order in which they are written.
	Data []Field `yaml:"data"`
}

// Value is a text: that of a column, or a constant.
type Value struct {
	Column   string  `yaml:"column"`
	Constant *string `yaml:"constant"`
	// Values translate the text of the column. A text that is not among them breaks the rule "oneof".
	Values map[string]string `yaml:"values"`
	// Prefix is put before a text that is not empty.
	Prefix string `yaml:"prefix"`
}

// Attribute is an attribute of the envelope.
type Attribute struct {
	To    string `yaml:"to"`
	Value `yaml:",inline"`
}

// TimeMapping says how a text becomes an instant: by layouts, or by counting units from a fixed instant.
type TimeMapping struct {
	Column   string  `yaml:"column"`
	Constant *string `yaml:"constant"`
	// Layouts are tried in turn. Each is a layout of Go's time package, "date" or "rfc3339". Default: rfc3339, then
	// date.
	Layouts []string `yaml:"layouts"`
	// Zone is the IANA zone of texts without one. Default: UTC.
	Zone string `yaml:"zone"`
	// Unit, when given, makes the text a whole number of seconds, minutes, hours, days, weeks, months or years After
	// or Before an instant, of which one is given.
	Unit   string `yaml:"unit"`
	After  string `yaml:"after"`
	Before string `yaml:"before"`
}

// Field is a member of the data. An empty text leaves the member out.
type Field struct {
	// To is the name of the member; a dot leads into an object within the data.
	To    string `yaml:"to"`
	Value `yaml:",inline"`
	// As is the form of the member: string, int, number, money, bool or time. Default: string.
	As string `yaml:"as"`
	// Currency, or the text of CurrencyColumn, is the ISO 4217 code of an amount of money.
	Currency       string `yaml:"currency"`
	CurrencyColumn string `yaml:"currency_column"`
	// Places is the number of decimal places of the minor unit. Default: 2.
	Places *int `yaml:"places"`
	// Absolute takes away the sign of an int, a number or an amount.
	Absolute bool `yaml:"absolute"`
	// Time says how a member of the form time is read, except for its column.
	Time *TimeMapping `yaml:"time"`
	// Answers, when given, make the member a list of answers to the items of a questionnaire.
	Answers []AnswerMapping `yaml:"answers"`
}

// AnswerMapping is the answer to one item of a questionnaire.
type AnswerMapping struct {
	Item   string            `yaml:"item"`
	Column string            `yaml:"column"`
	Values map[string]string `yaml:"values"`
	// As is the form of the answer: score, yes or text. Default: score.
	As string `yaml:"as"`
	// Blank is what an empty field means: skip, refused or not_applicable. Default: skip, the item is left out.
	Blank string `yaml:"blank"`
}

// ParseMapping reads a YAML document. Unknown names are errors.
func ParseMapping(doc []byte) (*Mapping, error) {
	m := new(Mapping)
	dec := yaml.NewDecoder(bytes.NewReader(doc))
	dec.KnownFields(true)
	if err := dec.Decode(m); err != nil {
		return nil, fmt.Errorf("parse mapping: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("parse mapping: there must be one document")
	}
	if _, err := m.delimiter(); err != nil {
		return nil, fmt.Errorf("parse mapping: %w", err)
	}
	if len(m.Events) == 0 {
		return nil, errors.New("parse mapping: events are missing")
	}
	if !m.header() && len(m.Columns) == 0 {
		return nil, errors.New("parse mapping: columns are needed for a file without a header")
	}
	return m, nil
}

// header reports whether the first row names the columns.
func (m *Mapping) header() bool {
	if m.Header == nil {
		return len(m.Columns) == 0
	}
	return *m.Header
}

// delimiter returns the byte between two fields, 0 for white space.
func (m *Mapping) delimiter() (byte, error) {
	switch m.Delimiter {
	case "":
		return ',', nil
	case "tab":
		return '\t', nil
	case "whitespace":
		return 0, nil
	}
	if c := m.Delimiter[0]; len(m.Delimiter) == 1 && c > ' ' && c < 0x7f && c != '"' || m.Delimiter == "\t" {
		return c, nil
	}
	return 0, errors.New(`delimiter must be one ASCII character, "tab" or "whitespace"`)
}
