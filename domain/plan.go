package domain

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"reflect"
	"unsafe"
)

// plan says how the decoder writes a JSON object into a struct. It is made once for each struct type by reflection,
// so that decoding needs none, apart from growing slices.
type plan struct {
	of       reflect.Type
	fields   []planned
	required uint64 // the fields that must be there, a bit each
	choice   uint64 // the fields of which exactly one must be there
}

// planned is a field with the place it is written to.
type planned struct {
	Field
	offset uintptr
	form   form
	list   reflect.Type // the slice type of formList
	object *plan        // the plan of formObject, formObjectPointer and of the items of formList
}

// form is the Go form of a field.
type form uint8

const (
	formText form = iota
	formTextPointer
	formBool
	formBoolPointer
	formInt
	formIntPointer
	formFloat
	formInstant
	formMoney
	formMoneyPointer
	formList
	formIDs
	formTexts
	formRaw
)

// moneyData has the memory layout of Money, with the rules of its members.
type moneyData struct {
	Minor    int64  `json:"minor" rule:"required"`
	Currency string `json:"currency" rule:"required,currency"`
}

// The conversion holds only while the two have the same layout.
var _ = Money(moneyData{})

func planOf(t reflect.Type) *plan {
	p := &plan{of: t}
	for i := range t.NumField() {
		sf := t.Field(i)
		f := planned{Field: describeField(sf), offset: sf.Offset}
		f.shape(sf.Type)
		p.add(f)
	}
	return p
}

func (p *plan) add(f planned) {
	bit := uint64(1) << len(p.fields)
	if bit == 0 {
		panic(fmt.Sprintf("domain: %s has more than 64 fields", p.of))
	}
	if f.Required {
		p.required |= bit
	}
	if f.Choice {
		p.choice |= bit
	}
	p.fields = append(p.fields, f)
}

// shape sets the Go form and the JSON form of a field of type t.
func (f *planned) shape(t reflect.Type) {
	switch {
	case t == reflect.TypeFor[Instant]():
		f.form, f.Kind = formInstant, KindInstant
	case t == reflect.TypeFor[Money]():
		f.form = formMoney
		f.money()
	case t == reflect.TypeFor[*Money]():
		f.form = formMoneyPointer
		f.money()
	case t == reflect.TypeFor[json.RawMessage]():
		f.form, f.Kind = formRaw, KindRaw
	case t == reflect.TypeFor[[]string]():
		f.form, f.Kind = formIDs, KindIDs
	case t == reflect.TypeFor[map[string]string]():
		f.form, f.Kind = formTexts, KindTexts
	case t == reflect.TypeFor[*bool]():
		f.form, f.Kind = formBoolPointer, KindBool
	case t == reflect.TypeFor[*int64]():
		f.form, f.Kind = formIntPointer, KindInt
	case t == reflect.TypeFor[*string]():
		f.form, f.Kind = formTextPointer, KindText
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		f.form, f.Kind, f.list = formList, KindList, t
		f.object = planOf(t.Elem())
		f.Fields = f.object.describe()
	case t.Kind() == reflect.String:
		f.form, f.Kind = formText, KindText
	case t.Kind() == reflect.Bool:
		f.form, f.Kind = formBool, KindBool
	case t.Kind() == reflect.Int64:
		f.form, f.Kind = formInt, KindInt
	case t.Kind() == reflect.Float64:
		f.form, f.Kind = formFloat, KindFloat
	default:
		panic(fmt.Sprintf("domain: field %s has the type %s, which the decoder does not know", f.GoName, t))
	}
}

// money gives the field the plan of an amount; bounds of the field are bounds of its minor units.
func (f *planned) money() {
	f.Kind = KindObject
	f.object = planOf(reflect.TypeFor[moneyData]())
	f.object.fields[0].Min, f.object.fields[0].Max = f.Min, f.Max
	f.object.fields[1].MaxLength = 3
	f.Fields = f.object.describe()
}

func (p *plan) describe() []Field {
	fields := make([]Field, len(p.fields))
	for i := range p.fields {
		fields[i] = p.fields[i].Field
	}
	return fields
}

// find returns the index of the field of the given name, or -1. The search starts at hint, because members usually
// come in the order of the fields.
func (p *plan) find(name string, hint int) int {
	for i := hint; i < len(p.fields); i++ {
		if p.fields[i].Name == name {
			return i
		}
	}
	for i := range min(hint, len(p.fields)) {
		if p.fields[i].Name == name {
			return i
		}
	}
	return -1
}

// choices returns the names of the fields of which exactly one must be there.
func (p *plan) choices() []string {
	names := make([]string, 0, bits.OnesCount64(p.choice))
	for i := range p.fields {
		if p.choice&(1<<i) != 0 {
			names = append(names, p.fields[i].Name)
		}
	}
	return names
}

// clear empties the struct at base and keeps the memory of its slices and maps.
func (p *plan) clear(base unsafe.Pointer) {
	for i := range p.fields {
		p.fields[i].clear(base)
	}
}

func (f *planned) clear(base unsafe.Pointer) {
	at := unsafe.Add(base, f.offset)
	switch f.form {
	case formText:
		*(*string)(at) = ""
	case formTextPointer:
		*(**string)(at) = nil
	case formBool:
		*(*bool)(at) = false
	case formBoolPointer:
		*(**bool)(at) = nil
	case formInt, formInstant:
		*(*int64)(at) = 0
	case formIntPointer:
		*(**int64)(at) = nil
	case formFloat:
		*(*float64)(at) = 0
	case formMoney:
		*(*Money)(at) = Money{}
	case formMoneyPointer:
		*(**Money)(at) = nil
	case formRaw:
		*(*json.RawMessage)(at) = nil
	case formIDs:
		list := (*[]string)(at)
		*list = (*list)[:0]
	case formTexts:
		clear(*(*map[string]string)(at))
	case formList:
		// Cutting a slice leaves its pointer and its capacity as they are, whatever its items, so the type of the
		// items does not matter here and reflection can be spared.
		list := (*[]struct{})(at)
		*list = (*list)[:0]
	}
}
