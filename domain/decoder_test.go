package domain

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func lookup(t testing.TB, name string) *Type {
	t.Helper()
	typ, ok := Lookup(name)
	if !ok {
		t.Fatalf("%s is not in the catalogue", name)
	}
	return typ
}

func TestDecodeReadsEveryExampleAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	d := NewDecoder()
	for _, typ := range everyType() {
		got, err := d.Decode(typ, typ.Example())
		if err != nil {
			t.Errorf("%s: %v", typ.Name, err)
			continue
		}
		want := typ.New()
		if err := json.Unmarshal(typ.Example(), want); err != nil {
			t.Fatalf("%s: %v", typ.Name, err)
		}
		if a, b := remarshal(t, got), remarshal(t, want); a != b {
			t.Errorf("%s: decoded\n%s\nwant\n%s", typ.Name, a, b)
		}
	}
}

func TestEveryExampleFillsEveryField(t *testing.T) {
	t.Parallel()
	for _, typ := range everyType() {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(typ.Example(), &members); err != nil {
			t.Fatal(err)
		}
		for _, f := range typ.Fields {
			if _, ok := members[f.Name]; !ok && typ.Name != "purchase.recorded" && typ.Name != "purchase.returned" {
				t.Errorf("%s: the example leaves out %s", typ.Name, f.Name)
			}
		}
		for name := range members {
			if typ.plan.find(name, 0) < 0 {
				t.Errorf("%s: the example has the unknown member %s", typ.Name, name)
			}
		}
	}
}

func remarshal(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDecodeReportsEveryProblemWithPointerAndRule(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", MaxID+1)
	tests := []struct {
		name, typ, data string
		want            []string // pointer and rule
	}{
		{"missing members", "purchase.recorded", ``, []string{"/data/amount required"}},
		{"not an object", "purchase.recorded", `[1]`, []string{"/data type"}},
		{"not JSON", "purchase.recorded", `{"amount":`, []string{"/data json"}},
		{"too deep", "order.delivered", `{"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, []string{"/data json"}},
		{"bad UTF-8", "order.delivered", "{\"order_id\":\"\xff\"}", []string{"/data utf8"}},
		{"bytes after the object", "order.delivered", `{} {}`, []string{"/data json"}},
		{"several problems", "purchase.recorded", `{"amount":{"minor":-1,"currency":"cny"},"quantity":1.5,"product":7}`,
			[]string{"/data/amount/minor min", "/data/amount/currency format", "/data/quantity type", "/data/product type"}},
		{"amount without members", "purchase.recorded", `{"amount":{}}`,
			[]string{"/data/amount/minor required", "/data/amount/currency required"}},
		{"amount beyond exactness", "purchase.recorded", `{"amount":{"minor":9007199254740992,"currency":"CNY"}}`,
			[]string{"/data/amount/minor max"}},
		{"amount beyond 64 bits", "purchase.recorded", `{"amount":{"minor":99999999999999999999,"currency":"CNY"}}`,
			[]string{"/data/amount/minor type"}},
		{"null is no value", "purchase.recorded", `{"amount":null,"quantity":null}`,
			[]string{"/data/amount type", "/data/quantity type"}},
		{"unknown word", "contact.made", `{"direction":"sideways","channel":"pigeon"}`,
			[]string{"/data/direction oneof", "/data/channel oneof"}},
		{"empty word", "contact.made", `{"direction":"","channel":"phone"}`, []string{"/data/direction oneof"}},
		{"empty id", "order.placed", `{"order_id":""}`, []string{"/data/order_id length"}},
		{"long id", "order.placed", `{"order_id":"` + long + `"}`, []string{"/data/order_id length"}},
		{"control character in an id", "order.placed", `{"order_id":"a\u001fb"}`, []string{"/data/order_id format"}},
		{"NUL in a text", "note.added", `{"text":"a\u0000b"}`, []string{"/data/text nul"}},
		{"NUL in an attribute", "customer.attribute_set", `{"name":"city","value":"\u0000"}`, []string{"/data/value nul"}},
		{"list in an attribute", "customer.registered", `{"party_type":"person","attributes":{"a/b":[1]}}`,
			[]string{"/data/attributes/a~1b type"}},
		{"text in parameters", "model.fitted", `{"model":"m","parameters":{"r":"1"}}`, []string{"/data/parameters/r type"}},
		{"text as corrected data", "event.corrected", `{"target":"x","data":"y"}`, []string{"/data/data type"}},
		{"time without zone", "promise.made", `{"promise_id":"p","due_at":"2026-03-01T09:30:00"}`, []string{"/data/due_at format"}},
		{"time before 1900", "promise.made", `{"promise_id":"p","due_at":"0001-01-01T00:00:00Z"}`, []string{"/data/due_at format"}},
		{"time with an hour of one digit", "promise.made", `{"promise_id":"p","due_at":"2026-03-01T9:30:00.0Z"}`, []string{"/data/due_at format"}},
		{"30 February", "promise.made", `{"promise_id":"p","due_at":"2026-02-30T09:30:00Z"}`, []string{"/data/due_at format"}},
		{"no answer", "survey.answered", `{"questionnaire":"q","source":"internal","answers":[{"item":"a","score":3},{"item":"b"}]}`,
			[]string{"/data/answers/1 exactly_one"}},
		{"two answers", "survey.answered", `{"questionnaire":"q","source":"internal","answers":[{"item":"a","score":3,"yes":true}]}`,
			[]string{"/data/answers/0 exactly_one"}},
		{"score beyond the scale", "survey.answered", `{"questionnaire":"q","source":"internal","answers":[{"item":"a","score":11}]}`,
			[]string{"/data/answers/0/score max"}},
		{"refused: false", "survey.answered", `{"questionnaire":"q","source":"internal","answers":[{"item":"a","refused":false}]}`,
			[]string{"/data/answers/0/refused oneof"}},
		{"employees by role", "service.completed", `{"employees":{"technician":5,"receptionist":"a\u0001"}}`,
			[]string{"/data/employees/technician type", "/data/employees/receptionist format"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewDecoder().Decode(lookup(t, tt.typ), []byte(tt.data))
			var invalid *Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("error is %v, want *Invalid", err)
			}
			var got []string
			for _, p := range invalid.Problems {
				got = append(got, p.Pointer+" "+p.Rule)
				if p.Message == "" {
					t.Errorf("%s has no message", p.Pointer)
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("problems are %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDecodeNeverRepeatsTheValueItRefuses(t *testing.T) {
	t.Parallel()
	const secret = "SECRET"
	for _, data := range []string{
		`{"direction":"SECRET","channel":"SECRET","content":5,"employee":"SECRET\u0001"}`,
		`{"direction":"in","channel":"phone","ended_at":"SECRET"}`,
		`{"direction":"SECRET`,
	} {
		_, err := NewDecoder().Decode(lookup(t, "contact.made"), []byte(data))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("error of %s is %v", data, err)
		}
	}
}

func TestDecodeTakesTheLastOfRepeatedMembers(t *testing.T) {
	t.Parallel()
	v, err := NewDecoder().Decode(lookup(t, "purchase.recorded"), []byte(
		`{"amount":5,"quantity":2,"amount":{"minor":1,"minor":7,"currency":"x","currency":"CNY"},"items":[{}],"items":[],"quantity":3}`))
	if err != nil {
		t.Fatal(err)
	}
	p := v.(*PurchaseRecorded)
	if p.Amount != (Money{Minor: 7, Currency: "CNY"}) || p.Quantity != 3 || len(p.Items) != 0 {
		t.Errorf("decoded %+v", p)
	}
}

func TestDecodeLeavesNothingOfTheEventBefore(t *testing.T) {
	t.Parallel()
	d := NewDecoder()
	for _, typ := range everyType() {
		if _, err := d.Decode(typ, typ.Example()); err != nil {
			t.Fatal(err)
		}
		again, err := d.Decode(typ, leastData(t, typ))
		if err != nil {
			t.Fatalf("%s: %v", typ.Name, err)
		}
		fresh, err := NewDecoder().Decode(typ, leastData(t, typ))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := remarshal(t, again), remarshal(t, fresh); a != b {
			t.Errorf("%s: second decode gives %s, want %s", typ.Name, a, b)
		}
	}
}

// leastData returns the example of a type with nothing but the required members.
func leastData(t testing.TB, typ *Type) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(typ.Example(), &members); err != nil {
		t.Fatal(err)
	}
	for _, f := range typ.Fields {
		if !f.Required {
			delete(members, f.Name)
		}
	}
	return []byte(remarshal(t, members))
}

func TestDecodeKeepsValuesOfOtherTypesApart(t *testing.T) {
	t.Parallel()
	d := NewDecoder()
	a, err := d.Decode(lookup(t, "follow_up.completed"), []byte(`{"of":"x","channel":"phone","reached":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(lookup(t, "inquiry.answered"), []byte(`{"inquiry_id":"y","clear":false}`)); err != nil {
		t.Fatal(err)
	}
	if f := a.(*FollowUpCompleted); f.Reached == nil || !*f.Reached {
		t.Error("decoding another type changed the first event")
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	d := NewDecoder()
	for _, name := range []string{"purchase.recorded", "contact.made", "survey.answered", "service.completed", "order.placed"} {
		typ := lookup(t, name)
		data := typ.Example()
		if n := testing.AllocsPerRun(100, func() {
			if _, err := d.Decode(typ, data); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations for each event, want none", name, n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"purchase.recorded", "contact.made", "survey.answered", "clock.ticked"} {
		typ := lookup(b, name)
		data := typ.Example()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			d := NewDecoder()
			for b.Loop() {
				if _, err := d.Decode(typ, data); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encoding-json", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := json.Unmarshal(data, typ.New()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestDecodeStopsCountingProblems(t *testing.T) {
	t.Parallel()
	bad := `{"items":[` + strings.Repeat(`{},`, 500) + `{}],"quantity":"x"`
	for _, data := range []string{bad + `,"amount":{"minor":1,"currency":"CNY"}}`, bad + `,"items":[],"amount":{"minor":1,"currency":"CNY"}}`} {
		_, err := NewDecoder().Decode(lookup(t, "purchase.recorded"), []byte(data))
		if n := len(problems(t, err)); n != MaxProblems {
			t.Errorf("%d problems are reported, want %d", n, MaxProblems)
		}
	}
}
