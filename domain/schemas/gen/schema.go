package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/schemas"
)

// Patterns of the texts that the decoder checks by hand.
const (
	patternText     = `^[^\x00]*$`
	patternID       = `^[^\x00-\x1f\x7f]*$`
	patternCurrency = `^[A-Z]{3}$`
	patternInstant  = `^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
)

// schema is the part of JSON Schema 2020-12 that the catalogue needs, in the order in which it is written.
type schema struct {
	Schema        string            `json:"$schema,omitempty"`
	ID            string            `json:"$id,omitempty"`
	Title         string            `json:"title,omitempty"`
	Description   string            `json:"description,omitempty"`
	Type          any               `json:"type,omitempty"`
	Const         any               `json:"const,omitempty"`
	Enum          []string          `json:"enum,omitempty"`
	Format        string            `json:"format,omitempty"`
	Pattern       string            `json:"pattern,omitempty"`
	MinLength     int               `json:"minLength,omitempty"`
	MaxLength     int               `json:"maxLength,omitempty"`
	Minimum       json.Number       `json:"minimum,omitempty"`
	Maximum       json.Number       `json:"maximum,omitempty"`
	Required      []string          `json:"required,omitempty"`
	Properties    properties        `json:"properties,omitempty"`
	PropertyNames *schema           `json:"propertyNames,omitempty"`
	Additional    *schema           `json:"additionalProperties,omitempty"`
	Items         *schema           `json:"items,omitempty"`
	OneOf         []*schema         `json:"oneOf,omitempty"`
	Personal      bool              `json:"x-personal,omitempty"`
	Examples      []json.RawMessage `json:"examples,omitempty"`
}

// properties are the members of an object in the order of the struct.
type properties []property

type property struct {
	name  string
	value *schema
}

// MarshalJSON writes the properties as an object that keeps their order.
func (ps properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(p.name) + ":")
		value, err := marshal(p.value)
		if err != nil {
			return nil, err
		}
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// marshal writes JSON without escaping what only HTML needs escaped.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// everyType returns the types of events, of derived events and of states.
func everyType() []*domain.Type {
	all := slices.Clone(domain.Types())
	for _, t := range domain.Outputs() {
		all = append(all, t.Type)
	}
	return append(all, domain.CustomerStateType())
}

// renderSchemas adds the schema of every type.
func renderSchemas(files map[string][]byte, text *comments) error {
	for _, t := range everyType() {
		structType := reflect.TypeOf(t.New()).Elem()
		s, err := objectSchema(structType, t.Fields, text)
		if err != nil {
			return fmt.Errorf("schema of %s: %w", t.Name, err)
		}
		s.Schema = "https://json-schema.org/draft/2020-12/schema"
		s.ID = schemas.ID(t.Name, t.Version)
		s.Title = t.Name
		s.Description, err = text.ofStruct(structType.Name())
		if err != nil {
			return err
		}
		s.Examples = []json.RawMessage{t.Example()}
		compact, err := marshal(s)
		if err != nil {
			return fmt.Errorf("schema of %s: %w", t.Name, err)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, compact, "", "  "); err != nil {
			return fmt.Errorf("schema of %s: %w", t.Name, err)
		}
		files[fmt.Sprintf("schemas/%s/v%d.json", t.Name, t.Version)] = b.Bytes()
	}
	return nil
}

// objectSchema returns the schema of an object with the given members, whose texts are those of the struct.
func objectSchema(of reflect.Type, fields []domain.Field, text *comments) (*schema, error) {
	s := &schema{Type: "object"}
	for _, f := range fields {
		sf, ok := of.FieldByName(f.GoName)
		if !ok {
			return nil, fmt.Errorf("%s has no field %s", of, f.GoName)
		}
		p, err := fieldSchema(sf.Type, f, text)
		if err != nil {
			return nil, err
		}
		if p.Description, err = text.ofField(of.Name(), f.GoName); err != nil {
			return nil, err
		}
		p.Personal = f.Personal
		s.Properties = append(s.Properties, property{f.Name, p})
		if f.Required {
			s.Required = append(s.Required, f.Name)
		}
		if f.Choice {
			s.OneOf = append(s.OneOf, &schema{Required: []string{f.Name}})
		}
	}
	return s, nil
}

func fieldSchema(of reflect.Type, f domain.Field, text *comments) (*schema, error) {
	switch f.Kind {
	case domain.KindText:
		return textSchema(f), nil
	case domain.KindBool:
		if f.OnlyTrue {
			return &schema{Const: true}, nil
		}
		return &schema{Type: "boolean"}, nil
	case domain.KindInt:
		return &schema{Type: "integer", Minimum: integer(f.Min), Maximum: integer(f.Max)}, nil
	case domain.KindFloat:
		return numberSchema(), nil
	case domain.KindInstant:
		return &schema{Type: "string", Format: "date-time", Pattern: patternInstant}, nil
	case domain.KindObject:
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		return objectSchema(of, f.Fields, text)
	case domain.KindList:
		items, err := objectSchema(of.Elem(), f.Fields, text)
		return &schema{Type: "array", Items: items}, err
	case domain.KindIDs:
		return &schema{Type: "array", Items: &schema{Type: "string", Pattern: patternID, MinLength: 1, MaxLength: domain.MaxID}}, nil
	case domain.KindTexts:
		return &schema{Type: "object", PropertyNames: nameSchema(), Additional: textSchema(f)}, nil
	case domain.KindRaw:
		return rawSchema(f.Raw), nil
	}
	return nil, fmt.Errorf("field %s has the unknown kind %s", f.Name, f.Kind)
}

func textSchema(f domain.Field) *schema {
	s := &schema{Type: "string"}
	if len(f.OneOf) > 0 {
		s.Enum = f.OneOf
		return s
	}
	s.MaxLength = f.MaxLength
	s.Pattern = patternText
	if f.Required {
		s.MinLength = 1
	}
	switch {
	case f.ID:
		s.Pattern = patternID
	case f.Currency:
		s.Pattern = patternCurrency
	}
	return s
}

func nameSchema() *schema { return &schema{MaxLength: domain.MaxID, Pattern: patternID} }

func numberSchema() *schema {
	limit := strconv.FormatFloat(domain.MaxFloat, 'g', -1, 64)
	return &schema{Type: "number", Minimum: json.Number("-" + limit), Maximum: json.Number(limit)}
}

func rawSchema(r domain.Raw) *schema {
	scalar := &schema{
		Type: []string{"string", "number", "boolean", "null"}, Pattern: patternText, MaxLength: domain.MaxText,
	}
	switch r {
	case domain.RawScalar:
		return scalar
	case domain.RawScalars:
		return &schema{Type: "object", PropertyNames: nameSchema(), Additional: scalar}
	case domain.RawNumbers:
		return &schema{Type: "object", PropertyNames: nameSchema(), Additional: numberSchema()}
	}
	return &schema{Type: "object"}
}

func integer(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
