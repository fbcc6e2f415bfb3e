package domain

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Kind is the JSON form of a field.
type Kind string

// The kinds of field.
const (
	// KindText is a string.
	KindText Kind = "text"
	// KindBool is true or false.
	KindBool Kind = "bool"
	// KindInt is a whole number of at most 53 bits.
	KindInt Kind = "int"
	// KindFloat is a number.
	KindFloat Kind = "float"
	// KindInstant is an RFC 3339 time between the years 1900 and 2199.
	KindInstant Kind = "instant"
	// KindObject is an object whose members Fields describes.
	KindObject Kind = "object"
	// KindList is an array of objects whose members Fields describes.
	KindList Kind = "list"
	// KindIDs is an array of texts that are ids.
	KindIDs Kind = "ids"
	// KindTexts is an object whose members are all strings.
	KindTexts Kind = "texts"
	// KindRaw is a value that is kept as it is written; Raw says what it may be.
	KindRaw Kind = "raw"
)

// Raw says what a field of KindRaw may hold.
type Raw string

// The forms of a raw field. A scalar is a string, a number, a boolean or null.
const (
	RawScalar  Raw = "scalar"
	RawObject  Raw = "object"
	RawScalars Raw = "scalars"
	RawNumbers Raw = "numbers"
)

// Limits that hold for every field unless the field says otherwise.
const (
	// MaxText is the greatest number of characters in a text.
	MaxText = 4096
	// MaxID is the greatest number of characters in an id.
	MaxID = 256
	// MaxInt is the greatest whole number, and -MaxInt the smallest: what every JSON reader holds exactly.
	MaxInt = 1<<53 - 1
	// MaxFloat is the greatest number, and -MaxFloat the smallest.
	MaxFloat = 1e300
)

// Field describes one member of an event's data. The rules are read once from the tags of the data's struct:
//
//	json:"name,omitzero"     the name of the member
//	rule:"required"          the member must be there; a text must not be empty
//	rule:"id"                a text of at most MaxID characters without control characters
//	rule:"len=256"           at most so many characters
//	rule:"min=0,max=10"      bounds of a number, or of the minor units of an amount
//	rule:"oneof=a b"         a closed list; a type with a values method brings its own
//	rule:"choice"            exactly one member with this rule must be there
//	rule:"true"              the member is true or absent
//	rule:"object"            and scalar, scalars, numbers: what a raw member may hold
//	personal:"true"          the member can identify or describe a person
type Field struct {
	// Name is the name of the member.
	Name string
	// GoName is the name of the struct field.
	GoName string
	// Kind is the JSON form.
	Kind Kind
	// Required is true when the member must be there.
	Required bool
	// Personal is true when the member can identify or describe a person.
	Personal bool
	// ID is true for a text that is a key: it has no control characters.
	ID bool
	// MaxLength is the greatest number of characters of a text, or of each text of KindTexts.
	MaxLength int
	// Min and Max are the bounds of a number of KindInt.
	Min, Max int64
	// OneOf are the texts that are allowed; empty means any.
	OneOf []string
	// Choice is true for a member of a set of which exactly one must be there.
	Choice bool
	// OnlyTrue is true for a boolean that is never false.
	OnlyTrue bool
	// Raw says what a field of KindRaw may hold.
	Raw Raw
	// Currency is true for a text that is an ISO 4217 code: three capital letters.
	Currency bool
	// Fields describes the members of KindObject and of the items of KindList.
	Fields []Field
}

// enumeration is a text type with a closed list of values.
type enumeration interface{ values() []string }

// describeField reads the rules of a struct field. It panics on a tag it does not know, which a test would meet.
func describeField(sf reflect.StructField) Field {
	name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
	f := Field{
		Name: name, GoName: sf.Name, Personal: sf.Tag.Get("personal") == "true",
		MaxLength: MaxText, Min: -MaxInt, Max: MaxInt,
	}
	if e, ok := reflect.Zero(sf.Type).Interface().(enumeration); ok {
		f.OneOf = e.values()
	}
	rules := sf.Tag.Get("rule")
	if rules == "" {
		return f
	}
	for rule := range strings.SplitSeq(rules, ",") {
		f.apply(rule, sf)
	}
	return f
}

func (f *Field) apply(rule string, sf reflect.StructField) {
	word, arg, _ := strings.Cut(rule, "=")
	switch word {
	case "required":
		f.Required = true
	case "id":
		f.ID, f.MaxLength = true, MaxID
	case "len":
		f.MaxLength = int(ruleNumber(arg, sf))
	case "min":
		f.Min = ruleNumber(arg, sf)
	case "max":
		f.Max = ruleNumber(arg, sf)
	case "oneof":
		f.OneOf = strings.Fields(arg)
	case "choice":
		f.Choice = true
	case "true":
		f.OnlyTrue = true
	case "currency":
		f.Currency = true
	case string(RawScalar), string(RawObject), string(RawScalars), string(RawNumbers):
		f.Raw = Raw(word)
	default:
		panic(fmt.Sprintf("domain: field %s has the unknown rule %q", sf.Name, rule))
	}
}

func ruleNumber(arg string, sf reflect.StructField) int64 {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("domain: field %s has a rule without a number: %v", sf.Name, err))
	}
	return n
}
