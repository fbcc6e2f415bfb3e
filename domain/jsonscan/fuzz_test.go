package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// build reads the next value into the types that encoding/json gives to an any, with numbers as json.Number.
func build(s *jsonscan.Scanner) any {
	switch s.Kind() {
	case jsonscan.Object:
		m := map[string]any{}
		s.Object()
		for key, ok := s.Key(); ok; key, ok = s.Key() {
			m[key] = build(s)
		}
		return m
	case jsonscan.Array:
		a := []any{}
		s.Array()
		for s.Item() {
			a = append(a, build(s))
		}
		return a
	case jsonscan.String:
		return s.Text()
	case jsonscan.Bool:
		return s.Bool()
	case jsonscan.Null:
		s.Null()
		return nil
	default:
		return json.Number(s.Skip())
	}
}

// FuzzAgainstEncodingJSON checks that the scanner accepts what encoding/json accepts, and reads the same values from
// it. It differs on purpose in depth and in text that is not Unicode, which encoding/json repairs.
func FuzzAgainstEncodingJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e+3,true,false,null,"x\n\u00e9\ud83d\ude00"],"a":{}}`, ` [ ] `, `"\"\\\/\b\f\n\r\t"`, `-0.0`, `"客户"`,
		`{"a":1,}`, "\"\xff\"", `"\ud800"`, `[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]`, `1 2`, "\"a\x1fb\"", `""`, `{"":""}`, "0 \n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		before := bytes.Clone(src)
		var s jsonscan.Scanner
		s.Reset(src)
		raw := s.Skip()
		err := s.End()
		var syntax *jsonscan.SyntaxError
		if errors.As(err, &syntax) {
			if syntax.Offset < 0 || syntax.Offset > len(src) {
				t.Fatalf("offset %d of %d bytes", syntax.Offset, len(src))
			}
			if syntax.Reason == jsonscan.ReasonDepth || syntax.Reason == jsonscan.ReasonUTF8 {
				return
			}
		}
		if (err == nil) != json.Valid(src) {
			t.Fatalf("scanner: %v, encoding/json: %t", err, json.Valid(src))
		}
		s.Reset(src)
		got := build(&s)
		if walked := s.End(); (walked == nil) != (err == nil) {
			t.Fatalf("walking: %v, skipping: %v", walked, err)
		}
		if !bytes.Equal(before, src) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			return
		}
		if !bytes.Equal(raw, bytes.Trim(src, " \t\r\n")) || !utf8.Valid(raw) {
			t.Fatalf("raw value %q", raw)
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(src))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v", got, want)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, src); err != nil {
			t.Fatal(err)
		}
		if got, err := jsonscan.Compact(nil, src); err != nil || !bytes.Equal(got, compact.Bytes()) {
			t.Fatalf("compact: got %q, %v, want %q", got, err, compact.Bytes())
		}
	})
}

// FuzzNumbers checks the values of numbers against encoding/json.
func FuzzNumbers(f *testing.F) {
	for _, seed := range []string{"0", "-1", "12.5", "1e3", "9223372036854775807", "-9223372036854775808", "1e400", "0.1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		var s jsonscan.Scanner
		s.Reset([]byte(src))
		if s.Kind() != jsonscan.Number {
			return
		}
		got, ok := s.Float()
		if s.End() != nil {
			return
		}
		var want float64
		if err := json.Unmarshal([]byte(src), &want); (err == nil) != ok || ok && got != want {
			t.Fatalf("Float(%s) = %v, %t; encoding/json: %v, %v", src, got, ok, want, err)
		}
		s.Reset([]byte(src))
		n, ok := s.Int()
		var whole int64
		switch err := json.Unmarshal([]byte(src), &whole); {
		case err == nil && (!ok || n != whole):
			t.Fatalf("Int(%s) = %d, %t; encoding/json: %d", src, n, ok, whole)
		case err != nil && ok && float64(n) != want:
			t.Fatalf("Int(%s) = %d, Float = %v", src, n, want)
		}
	})
}
