package domain

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

// FuzzDecode checks that no data makes the decoder panic, and that what it accepts means the same to encoding/json.
func FuzzDecode(f *testing.F) {
	for i, typ := range everyType() {
		f.Add(i, typ.Example())
	}
	purchase := lookup(f, "purchase.recorded").index
	f.Add(purchase, []byte(`{"amount":1,"amount":{"minor":2.0,"currency":"\u0043NY"},"AMOUNT":3,"items":null}`))
	f.Add(purchase, []byte(`{"items":[{"product":"a"},{"product":"b","amount":{"minor":1e3,"currency":"CNY"}}]}`))
	f.Add(lookup(f, "survey.answered").index, []byte(`{"answers":[{"item":"a","refused":true,"refused":false}]}`))
	d, types := NewDecoder(), everyType()
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		typ := types[uint(i)%uint(len(types))]
		got, err := d.Decode(typ, data)
		if err != nil {
			if invalid, ok := errors.AsType[*Invalid](err); got != nil || !ok || len(invalid.Problems) == 0 {
				t.Errorf("refused with %v and %v", got, err)
			}
			return
		}
		if len(data) == 0 {
			data = emptyObject
		}
		want := typ.New()
		if err := json.Unmarshal(plain(t, typ.plan, data), want); err != nil {
			t.Fatalf("%s: encoding/json refuses %q: %v", typ.Name, data, err)
		}
		// Raw members keep the order of their names, so both sides are written with sorted names.
		a, b := plain(t, typ.plan, []byte(remarshal(t, got))), plain(t, typ.plan, []byte(remarshal(t, want)))
		if !bytes.Equal(a, b) {
			t.Errorf("%s: %q\ndecodes to %s\nwant      %s", typ.Name, data, a, b)
		}
	})
}

// plain rewrites data for encoding/json, which matches names whatever their case, keeps parts of repeated members and
// takes no 2.0 for an integer: only known members stay, each once, and whole numbers are plain digits.
func plain(t *testing.T, p *plan, data []byte) []byte {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		t.Fatalf("the decoder accepts %q, which is no JSON: %v", data, err)
	}
	return []byte(remarshal(t, plainObject(p, doc)))
}

func plainObject(p *plan, doc any) map[string]any {
	known := make(map[string]any)
	for name, value := range doc.(map[string]any) {
		i := p.find(name, 0)
		if i < 0 {
			continue
		}
		known[name] = plainValue(&p.fields[i], value)
	}
	return known
}

func plainValue(f *planned, value any) any {
	switch f.Kind {
	case KindObject:
		return plainObject(f.object, value)
	case KindList:
		items := value.([]any)
		for i := range items {
			items[i] = plainObject(f.object, items[i])
		}
		return items
	case KindInt:
		// An accepted whole number has at most 53 bits, so a float64 holds it exactly.
		n, err := value.(json.Number).Float64()
		if err != nil {
			return err.Error()
		}
		return int64(n)
	}
	return value
}
