package domain

import (
	"encoding/json"
	"errors"
	"math/bits"
	"reflect"
	"unsafe"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// Decoder reads the data of events into the structs of the catalogue and checks them on the way. It is made for the
// hot path: it keeps one struct for each type and fills it again and again, and what it reads borrows from the data.
// A Decoder is for one goroutine.
type Decoder struct {
	scan     jsonscan.Scanner
	kept     []kept // by index of the type
	now      *kept  // the struct being filled
	path     []pathStep
	problems []Problem
}

// kept is the struct of one type and the memory its pointers point into.
type kept struct {
	value   any // a pointer to the struct
	base    unsafe.Pointer
	bools   slab[bool]
	ints    slab[int64]
	texts   slab[string]
	amounts slab[Money]
}

// slab hands out places for values that live until the next reset.
type slab[T any] struct {
	places []T
	used   int
}

func (s *slab[T]) next() *T {
	if s.used == len(s.places) {
		// Places already handed out stay valid in the old array.
		s.places, s.used = make([]T, max(4, 2*len(s.places))), 0
	}
	p := &s.places[s.used]
	s.used++
	return p
}

// NewDecoder returns a Decoder for every type of event and of derived event, and for CustomerStateType.
func NewDecoder() *Decoder {
	return &Decoder{kept: make([]kept, len(Types())+len(Outputs())+1)}
}

// Decode reads data, the JSON object of an event of type t, and returns a pointer to the struct of the type, for
// example *PurchaseRecorded. The struct, its slices, maps and pointers are overwritten by the next Decode of the same
// type, and its texts borrow from data: whoever keeps a part of it copies that part.
//
// Members that the type does not know are skipped. Of a member that comes twice the last one counts. Empty data counts
// as an empty object. Data that breaks a rule is reported with an *Invalid that holds every problem, up to
// MaxProblems; of data that is no JSON it holds only that.
func (d *Decoder) Decode(t *Type, data []byte) (any, error) {
	d.problems = nil
	v := d.decode(t, data)
	if d.problems != nil {
		return nil, &Invalid{Problems: d.problems}
	}
	return v, nil
}

var emptyObject = []byte("{}")

func (d *Decoder) decode(t *Type, data []byte) any {
	if len(data) == 0 {
		data = emptyObject
	}
	d.now = d.keep(t)
	d.path = d.path[:0]
	d.scan.Reset(data)
	t.plan.clear(d.now.base)
	if d.scan.Kind() == jsonscan.Object {
		d.object(t.plan, d.now.base)
	} else if d.scan.Skip() != nil {
		d.problem(RuleType, "must be an object")
	}
	if err := d.scan.End(); err != nil {
		d.syntax(err)
	}
	return d.now.value
}

// keep returns the struct of type t, ready to be filled.
func (d *Decoder) keep(t *Type) *kept {
	k := &d.kept[t.index]
	if k.value == nil {
		v := reflect.New(t.plan.of)
		k.value, k.base = v.Interface(), v.UnsafePointer()
	}
	k.bools.used, k.ints.used, k.texts.used, k.amounts.used = 0, 0, 0, 0
	return k
}

// object reads the object that comes next into the struct at base, which is empty.
func (d *Decoder) object(p *plan, base unsafe.Pointer) {
	var seen uint64
	hint := 0
	d.scan.Object()
	for name, ok := d.scan.Key(); ok; name, ok = d.scan.Key() {
		i := p.find(name, hint)
		if i < 0 {
			d.scan.Skip()
			continue
		}
		hint = i + 1
		f := &p.fields[i]
		d.path = append(d.path, pathStep{name: f.Name, index: -1})
		if bit := uint64(1) << i; seen&bit == 0 {
			seen |= bit
		} else {
			f.clear(base)
			d.forget()
		}
		d.member(f, unsafe.Add(base, f.offset))
		d.path = d.path[:len(d.path)-1]
	}
	if missing := p.required &^ seen; missing != 0 {
		d.missing(p, missing)
	}
	if p.choice != 0 && bits.OnesCount64(seen&p.choice) != 1 {
		d.problem(RuleExactlyOne, "must have exactly one of "+commaList(p.choices()))
	}
}

// member reads the value that comes next into the place of field f.
func (d *Decoder) member(f *planned, at unsafe.Pointer) {
	switch f.form {
	case formText:
		d.text(f, (*string)(at))
	case formTextPointer:
		p := d.now.texts.next()
		d.text(f, p)
		*(**string)(at) = p
	case formBool:
		d.bool(f, (*bool)(at))
	case formBoolPointer:
		p := d.now.bools.next()
		d.bool(f, p)
		*(**bool)(at) = p
	case formInt:
		d.int(f, (*int64)(at))
	case formIntPointer:
		p := d.now.ints.next()
		d.int(f, p)
		*(**int64)(at) = p
	case formFloat:
		d.float((*float64)(at))
	case formInstant:
		d.instant((*Instant)(at))
	case formMoney:
		d.nested(f, at)
	case formMoneyPointer:
		p := d.now.amounts.next()
		*p = Money{}
		d.nested(f, unsafe.Pointer(p))
		*(**Money)(at) = p
	case formList:
		d.list(f, at)
	case formIDs:
		d.ids((*[]string)(at))
	case formTexts:
		d.textMap(f, (*map[string]string)(at))
	case formRaw:
		d.raw(f, (*json.RawMessage)(at))
	}
}

func (d *Decoder) nested(f *planned, base unsafe.Pointer) {
	if d.is(jsonscan.Object, "an object") {
		d.object(f.object, base)
	}
}

// syntax notes that the data is not JSON, as the only problem: what was read of broken data proves nothing.
func (d *Decoder) syntax(err error) {
	d.path, d.problems = d.path[:0], nil
	var e *jsonscan.SyntaxError
	switch {
	case !errors.As(err, &e):
		d.problem(RuleJSON, "must be JSON")
	case e.Reason == jsonscan.ReasonUTF8:
		d.problem(RuleUTF8, "must be valid UTF-8 throughout")
	case e.Reason == jsonscan.ReasonDepth:
		d.problem(RuleJSON, "must not be nested deeper than 16")
	default:
		d.problem(RuleJSON, "must be JSON: "+string(e.Reason))
	}
}
