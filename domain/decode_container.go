package domain

import (
	"encoding/json"
	"reflect"
	"unsafe"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// list reads an array of objects into the slice at the given place, whose memory it uses again.
func (d *Decoder) list(f *planned, at unsafe.Pointer) {
	if !d.is(jsonscan.Array, "an array") {
		return
	}
	slice := reflect.NewAt(f.list, at).Elem()
	d.scan.Array()
	for n := 0; d.scan.Item(); n++ {
		if n == slice.Cap() {
			slice.Grow(1)
		}
		slice.SetLen(n + 1)
		d.path = append(d.path, pathStep{index: n})
		item := unsafe.Pointer(slice.Index(n).UnsafeAddr())
		f.object.clear(item)
		d.nested(f, item)
		d.path = d.path[:len(d.path)-1]
	}
}

// ids reads an array of ids into the given slice, whose memory it uses again.
func (d *Decoder) ids(to *[]string) {
	if !d.is(jsonscan.Array, "an array") {
		return
	}
	d.scan.Array()
	for n := 0; d.scan.Item(); n++ {
		d.path = append(d.path, pathStep{index: n})
		var id string
		d.text(&idText, &id)
		*to = append(*to, id)
		d.path = d.path[:len(d.path)-1]
	}
}

// textMap reads an object of strings into the map m, which it makes when there is none.
func (d *Decoder) textMap(f *planned, m *map[string]string) {
	if !d.is(jsonscan.Object, "an object") {
		return
	}
	if *m == nil {
		*m = make(map[string]string)
	}
	d.scan.Object()
	for name, ok := d.scan.Key(); ok; name, ok = d.scan.Key() {
		d.path = append(d.path, pathStep{name: name, index: -1})
		d.forget()
		var value string
		d.checkText(&nameText, name, "must have a name that does")
		d.text(f, &value)
		(*m)[name] = value
		d.path = d.path[:len(d.path)-1]
	}
}

// raw keeps the value that comes next as it is written.
func (d *Decoder) raw(f *planned, to *json.RawMessage) {
	if f.Raw != RawScalar && !d.is(jsonscan.Object, "an object") {
		return
	}
	start := d.scan
	value := d.scan.Skip()
	*to = value[:len(value):len(value)]
	if value == nil || f.Raw == RawObject {
		return
	}
	// The value is JSON, so it can be walked once more to look at its parts.
	end := d.scan
	d.scan = start
	if f.Raw == RawScalar {
		d.scalar()
	} else {
		d.rawMembers(f)
	}
	d.scan = end
}

// The rules of a text and of a member name within a raw value, of a name within KindTexts, and of an item of KindIDs.
var (
	scalarText = planned{Field: Field{MaxLength: MaxText}}
	idText     = planned{Field: Field{MaxLength: MaxID, ID: true, Required: true}}
	nameText   = planned{Field: Field{MaxLength: MaxID, ID: true}}
)

// scalar checks a value that must be a string, a number, a boolean or null.
func (d *Decoder) scalar() {
	switch d.scan.Kind() {
	case jsonscan.Object, jsonscan.Array:
		d.wrong("a string, a number, a boolean or null")
	case jsonscan.String:
		var s string
		d.text(&scalarText, &s)
	default:
		d.scan.Skip()
	}
}

// rawMembers checks the members of a raw object.
func (d *Decoder) rawMembers(f *planned) {
	d.scan.Object()
	for name, ok := d.scan.Key(); ok; name, ok = d.scan.Key() {
		d.path = append(d.path, pathStep{name: name, index: -1})
		d.forget()
		d.checkText(&nameText, name, "must have a name that does")
		if f.Raw == RawNumbers {
			var n float64
			d.float(&n)
		} else {
			d.scalar()
		}
		d.path = d.path[:len(d.path)-1]
	}
}
