package schemas_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

// agree fails when the schema and the decoder differ about data.
func agree(t interface {
	Helper()
	Fatalf(string, ...any)
}, schema *jsonschema.Schema, d *domain.Decoder, typ *domain.Type, data []byte) (valid bool) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %s is not JSON: %v", typ.Name, data, err)
	}
	bySchema := schema.Validate(doc)
	_, byDecoder := d.Decode(typ, data)
	if (bySchema == nil) != (byDecoder == nil) {
		t.Fatalf("%s: they differ about %s\nschema: %v\ndecoder: %v", typ.Name, data, bySchema, byDecoder)
	}
	return byDecoder == nil
}

func TestSchemaAndDecoderAgreeOnHandWrittenData(t *testing.T) {
	t.Parallel()
	compiled := compile(t)
	d := domain.NewDecoder()
	tests := []struct {
		typ, data string
		valid     bool
	}{
		{"purchase.recorded", `{"amount":{"minor":0,"currency":"CNY"}}`, true},
		{"purchase.recorded", `{"amount":{"minor":1.0,"currency":"CNY"},"quantity":2e0}`, true},
		{"purchase.recorded", `{"amount":{"minor":1.5,"currency":"CNY"}}`, false},
		{"purchase.recorded", `{"amount":{"minor":-1,"currency":"CNY"}}`, false},
		{"purchase.recorded", `{"amount":{"minor":9007199254740991,"currency":"CNY"}}`, true},
		{"purchase.recorded", `{"amount":{"minor":9007199254740992,"currency":"CNY"}}`, false},
		{"purchase.recorded", `{"amount":{"minor":1e400,"currency":"CNY"}}`, false},
		{"purchase.recorded", `{"amount":{"minor":1,"currency":"CNYX"}}`, false},
		{"purchase.recorded", `{"amount":{"minor":1,"currency":"CNY","more":1},"loyalty":[1,2]}`, true},
		{"purchase.recorded", `[]`, false},
		{"purchase.recorded", `null`, false},
		{"usage.recorded", `{"metric":"m","value":-1e300}`, true},
		{"usage.recorded", `{"metric":"m","value":1.1e300}`, false},
		{"usage.recorded", `{"metric":"","value":1}`, false},
		{"usage.recorded", `{"metric":"m","value":1,"product":""}`, true},
		{"order.placed", `{"order_id":"a\u007fb"}`, false},
		{"order.placed", `{"order_id":"ä\u0080"}`, true},
		{"order.placed", `{"order_id":"` + strings.Repeat("长", 256) + `"}`, true},
		{"order.placed", `{"order_id":"` + strings.Repeat("长", 257) + `"}`, false},
		{"order.placed", `{"order_id":"o","items":[{"product":"p","quantity":0}]}`, false},
		{"note.added", `{"text":"a\nb"}`, true},
		{"note.added", `{"text":"\u0000"}`, false},
		{"contact.made", `{"direction":"in","channel":""}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"2026-02-28T23:59:59.123456789+08:00"}`, true},
		{"promise.made", `{"promise_id":"p","due_at":"2026-02-29T00:00:00Z"}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"2028-02-29T00:00:00Z"}`, true},
		{"promise.made", `{"promise_id":"p","due_at":"2026-02-28t00:00:00z"}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"2026-02-28 00:00:00Z"}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"2026-02-28T00:00:00+24:00"}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"2026-02-28T00:00:00-23:60"}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"2026-02-28T00:00:00,5Z"}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"2026-02-28T00:00:00.Z"}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"2026-12-31T23:59:60Z"}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"1899-12-31T23:59:59Z"}`, false},
		{"promise.made", `{"promise_id":"p","due_at":"2026-02-28T24:00:00Z"}`, false},
		{"customer.registered", `{"party_type":"person","attributes":{"a":null,"b":1,"c":"","d":false}}`, true},
		{"customer.registered", `{"party_type":"person","attributes":{"a":{}}}`, false},
		{"customer.registered", `{"party_type":"person","attributes":{"a\u0000":1}}`, false},
		{"customer.attribute_set", `{"name":"n","value":null}`, true},
		{"customer.attribute_set", `{"name":"n"}`, false},
		{"model.fitted", `{"model":"m","parameters":{"r":1e301}}`, false},
		{"survey.answered", `{"questionnaire":"q","source":"internal","answers":[]}`, true},
		{"survey.answered", `{"questionnaire":"q","source":"internal","answers":[{"item":"i","text":""}]}`, true},
		{"survey.answered", `{"questionnaire":"q","source":"internal","answers":[{"item":"i","refused":false}]}`, false},
		{"survey.answered", `{"questionnaire":"q","source":"internal","answers":[{"item":"i","score":"3"}]}`, false},
		{"survey.answered", `{"questionnaire":"q","source":"internal","answers":[3]}`, false},
		{"lifecycle.started", `{"to":"prospect","reason":"r","at":"2026-03-01T09:30:00Z","policy_version":"v","position":"0:0","evidence":[]}`, true},
		{"lifecycle.started", `{"to":"none","reason":"r","at":"2026-03-01T09:30:00Z","policy_version":"v","position":"0:0"}`, false},
		{"lifecycle.started", `{"to":"prospect","reason":"r","at":"2026-03-01T09:30:00Z","policy_version":"v","position":"0:0","evidence":[""]}`, false},
		{"lifecycle.started", `{"to":"prospect","reason":"r","at":"2026-03-01T09:30:00Z","policy_version":"v","position":"0:0","evidence":["\u0001"]}`, false},
		{"lifecycle.started", `{"to":"prospect","reason":"r","at":"2026-03-01T09:30:00Z","policy_version":"v","position":"0:0","evidence":[[]]}`, false},
		{"event.corrected", `{"target":"t","data":{"a":[{"b":null}]}}`, true},
	}
	for _, tt := range tests {
		typ := find(t, tt.typ)
		if got := agree(t, compiled[tt.typ], d, typ, []byte(tt.data)); got != tt.valid {
			t.Errorf("%s: %s is valid: %v, want %v", tt.typ, tt.data, got, tt.valid)
		}
	}
}

func TestSchemaAndDecoderAgreeOnRandomData(t *testing.T) {
	t.Parallel()
	compiled := compile(t)
	d := domain.NewDecoder()
	verdicts := make(map[bool]int)
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(everyType()).Draw(t, "type")
		data, err := json.Marshal(drawObject(t, typ.Fields))
		if err != nil {
			t.Fatal(err)
		}
		verdicts[agree(t, compiled[typ.Name], d, typ, data)]++
	})
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Errorf("the data drawn is one-sided: %d valid, %d invalid", verdicts[true], verdicts[false])
	}
}

// drawObject draws an object that mostly follows the rules of the fields and sometimes breaks one.
func drawObject(t *rapid.T, fields []domain.Field) map[string]any {
	members := make(map[string]any)
	choice := rapid.IntRange(0, 5).Draw(t, "choice")
	for _, f := range fields {
		switch {
		case f.Choice:
			if choice--; choice != 0 && rapid.IntRange(0, 19).Draw(t, "extra choice") != 0 {
				continue
			}
		case f.Required:
			if rapid.IntRange(0, 19).Draw(t, "missing") == 0 {
				continue
			}
		case rapid.Bool().Draw(t, "absent"):
			continue
		}
		if rapid.IntRange(0, 19).Draw(t, "wrong") == 0 {
			members[f.Name] = rapid.SampledFrom(strange).Draw(t, f.Name)
		} else {
			members[f.Name] = drawField(t, f)
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "unknown") == 0 {
		members["unknown"] = rapid.SampledFrom(strange).Draw(t, "unknown value")
	}
	return members
}

// strange are values that few fields accept.
var strange = []any{
	nil, true, false, "", "a\x00b", "\x1f", "x", strings.Repeat("長", 300), strings.Repeat("y", 5000), -1, 0, 11, 1.5,
	float64(1 << 53), 1e301, "2026-03-01T09:30:00Z", "in", []any{}, []any{1}, []any{map[string]any{}},
	map[string]any{}, map[string]any{"a": 1}, map[string]any{"a": "b", "\x01": "c"}, map[string]any{"minor": 1, "currency": "CNY"},
}

func drawField(t *rapid.T, f domain.Field) any {
	switch f.Kind {
	case domain.KindText:
		return drawText(t, f)
	case domain.KindBool:
		return f.OnlyTrue || rapid.Bool().Draw(t, f.Name)
	case domain.KindInt:
		return rapid.Int64Range(max(f.Min, -domain.MaxInt)-1, min(f.Max, domain.MaxInt)+1).Draw(t, f.Name)
	case domain.KindFloat:
		return rapid.Float64Range(-2e300, 2e300).Draw(t, f.Name)
	case domain.KindInstant:
		return rapid.StringMatching(`(18|19|20|21|22)\d[0-9]-(0[1-9]|1[0-3])-(0[1-9]|[12]\d|3[0-2])T([01]\d|2[0-4]):[0-6]\d:[0-6]\d(\.\d{1,12})?(Z|[+-]([01]\d|2[0-5]):[0-6]\d)`).Draw(t, f.Name)
	case domain.KindObject:
		return drawObject(t, f.Fields)
	case domain.KindList:
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any { return drawObject(t, f.Fields) }), 0, 4).Draw(t, f.Name)
	case domain.KindIDs:
		return rapid.SliceOfN(rapid.StringN(0, 4, -1), 0, 3).Draw(t, f.Name)
	case domain.KindTexts:
		return rapid.MapOfN(rapid.StringN(0, 5, -1), rapid.StringN(0, 5, -1), 0, 3).Draw(t, f.Name)
	}
	return rapid.SampledFrom(strange).Draw(t, f.Name)
}

func drawText(t *rapid.T, f domain.Field) string {
	switch {
	case len(f.OneOf) > 0:
		return rapid.SampledFrom(f.OneOf).Draw(t, f.Name)
	case f.Currency:
		return rapid.StringMatching(`[A-Z]{3}`).Draw(t, f.Name)
	}
	return rapid.StringN(1, 12, -1).Draw(t, f.Name)
}
