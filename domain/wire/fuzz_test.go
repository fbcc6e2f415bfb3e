package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// parseHeaders reads headers in the form "name=value" a line, so that the fuzzer can make them up.
func parseHeaders(s string) []wire.Header {
	var list []wire.Header
	for line := range strings.Lines(s) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		list = append(list, wire.Header{Key: name, Value: []byte(value)})
	}
	return list
}

// FuzzDecode checks that no record makes Decode panic or change its input, that every error is a *Malformed, and that
// what decodes is the same event, with the same content, after it is encoded and decoded again.
func FuzzDecode(f *testing.F) {
	ev := full()
	const structured = "content-type=application/cloudevents+json"
	var lines strings.Builder
	for _, h := range binary(&ev) {
		lines.WriteString(h.Key + "=" + string(h.Value) + "\n")
	}
	f.Add([]byte("C0001234"), wire.Encode(nil, &ev), structured)
	f.Add([]byte("C0001234"), ev.Data, lines.String())
	f.Add([]byte(nil), []byte(`{"specversion":"1.0","id":"\u0031","source":"s","type":"t.u","subject":"c",`+
		`"time":"2026-01-01T00:00:00.5+08:00","n":1,"b":true,"x":null,"data":[ 1 , "a b" ]}`), structured)
	f.Add([]byte(nil), []byte(`null`), lines.String()+"ce_x=\nce_data=1\n")
	f.Fuzz(func(t *testing.T, key, value []byte, lines string) {
		headers := parseHeaders(lines)
		before := bytes.Clone(value)
		var first domain.Event
		if err := wire.Decode(&first, key, value, headers); err != nil {
			var m *wire.Malformed
			if !errors.As(err, &m) || m.Rule == "" || m.Message == "" {
				t.Fatalf("not a complete *Malformed: %#v", err)
			}
			return
		}
		again := wire.Encode(nil, &first)
		var second domain.Event
		if err := wire.Decode(&second, key, again, wire.Headers()); err != nil {
			t.Fatalf("decoding %s again: %v", again, err)
		}
		if wire.Content(&first) != wire.Content(&second) {
			t.Fatalf("the content changed:\n%+v\n%+v", first, second)
		}
		if !bytes.Equal(before, value) {
			t.Fatal("the input was changed")
		}
		if third := wire.Encode(nil, &second); !bytes.Equal(again, third) {
			t.Fatalf("encoding again: %s\nat first: %s", third, again)
		}
		first.Data, second.Data = nil, nil // they may differ in white space; the encodings were compared
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("got  %+v\nwant %+v", second, first)
		}
	})
}

// FuzzSplitBatch checks that the items of a batch are those encoding/json finds.
func FuzzSplitBatch(f *testing.F) {
	for _, seed := range []string{`[]`, `[{"a":1}, {"b":[2]} ]`, `[1,`, `{}`, ` `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		joined := []byte("[")
		for item, err := range wire.SplitBatch(body) {
			if err != nil {
				var m *wire.Malformed
				if !errors.As(err, &m) {
					t.Fatalf("not a *Malformed: %v", err)
				}
				return
			}
			if len(joined) > 1 {
				joined = append(joined, ',')
			}
			joined = append(joined, item...)
		}
		if want := compact(t, body); !bytes.Equal(compact(t, append(joined, ']')), want) {
			t.Fatalf("got %s, want %s", joined, want)
		}
	})
}

// compact returns JSON without white space by encoding/json.
func compact(t *testing.T, src []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := json.Compact(&buf, src); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
