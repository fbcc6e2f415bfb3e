package wire_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

func TestEncodeWritesMembersInOneOrder(t *testing.T) {
	t.Parallel()
	ev := full()
	want := `{"specversion":"1.0","id":"0198c2f0-5b1e-7c3a-9d2e-4f5a6b7c8d9e","source":"/shop/shanghai-3",` +
		`"type":"purchase.recorded","subject":"C0001234","time":"2026-03-01T09:30:00.123456Z",` +
		`"dataschema":"https://rapport-crm.github.io/schemas/purchase.recorded/v1.json","actor":"E77",` +
		`"orgunit":"brand/east/shanghai-3","channel":"website","causationid":"c1","expectedversion":"12","traceparent":"00-01-02-00",` +
		`"partitionkey":"C0001234","tracestate":"",` +
		`"data":{"amount":{"minor":129900,"currency":"CNY"},"product":"机油 \"5W-30\""}}`
	if got := wire.Encode([]byte("x"), &ev); string(got) != "x"+want {
		t.Errorf("got  %s\nwant x%s", got, want)
	}
	ev.Data = []byte(" {\n \"a b\" : [ 1 ] } ")
	if got := wire.Encode(nil, &ev); !strings.HasSuffix(string(got), `,"data":{"a b":[1]}}`) {
		t.Errorf("data with white space: got %s", got)
	}
}

func TestBothModesGiveTheSameEvent(t *testing.T) {
	t.Parallel()
	want := full()
	var structured, headers domain.Event
	if err := wire.Decode(&structured, []byte(want.Subject), wire.Encode(nil, &want), wire.Headers()); err != nil {
		t.Fatal(err)
	}
	if err := wire.Decode(&headers, []byte(want.Subject), want.Data, binary(&want)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(structured, want) || !reflect.DeepEqual(headers, want) {
		t.Errorf("structured %+v\nbinary     %+v\nwant       %+v", structured, headers, want)
	}
}

func TestDecodeLeavesNothingOfTheEventBefore(t *testing.T) {
	t.Parallel()
	const small = `{"specversion":"1.0","id":"1","source":"s","type":"t.u","subject":"c","time":"2026-01-01T00:00:00Z"}`
	reused := full()
	if err := wire.DecodeJSON(&reused, []byte(small)); err != nil {
		t.Fatal(err)
	}
	var fresh domain.Event
	if err := wire.DecodeJSON(&fresh, []byte(small)); err != nil {
		t.Fatal(err)
	}
	if len(reused.Extensions) != 0 {
		t.Errorf("extensions left: %v", reused.Extensions)
	}
	reused.Extensions = fresh.Extensions
	if !reflect.DeepEqual(reused, fresh) {
		t.Errorf("got %+v, want %+v", reused, fresh)
	}
}

func TestContentTypeDecidesTheMode(t *testing.T) {
	t.Parallel()
	ev := full()
	value := wire.Encode(nil, &ev)
	for media, want := range map[string]string{
		"application/cloudevents+json":                  "",
		"Application/CloudEvents+JSON; charset=utf-8":   "",
		"application/cloudevents+json ;charset=UTF-8":   "",
		"application/cloudevents+jsonl":                 "malformed event: the content type must be application/cloudevents+json",
		"application/cloudevents-batch+json":            "malformed event: the content type must be application/cloudevents+json",
		"application/cloudevents+avro":                  "malformed event: the content type must be application/cloudevents+json",
		"application/cloudevents":                       "malformed event: the content type must be application/cloudevents+json",
		"application/json":                              "malformed event: /specversion: must be set and not be empty",
		"":                                              "malformed event: /specversion: must be set and not be empty",
		"text/plain; a=application/cloudevents+json; b": "malformed event: /specversion: must be set and not be empty",
	} {
		var got domain.Event
		err := wire.Decode(&got, nil, value, []wire.Header{{Key: "content-type", Value: []byte(media)}})
		if message := fmt.Sprint(err); want == "" && err != nil || want != "" && message != want {
			t.Errorf("%q: got %v, want %q", media, err, want)
		}
	}
}

func TestTheLastOfTwoHeadersCounts(t *testing.T) {
	t.Parallel()
	want := full()
	list := append([]wire.Header{
		{Key: "content-type", Value: []byte("application/cloudevents+json")},
		{Key: "ce_id", Value: []byte("another")},
		{Key: "ce_tracestate", Value: []byte("another")},
		{Key: "X-Other", Value: []byte("\xff")},
	}, binary(&want)...)
	var got domain.Event
	if err := wire.Decode(&got, nil, want.Data, list); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestExtensionsAreKeptAsText(t *testing.T) {
	t.Parallel()
	var ev domain.Event
	err := wire.DecodeJSON(&ev, []byte(`{"zebra":true,"specversion":"1.0","id":"1","source":"s","type":"t.u","subject":"c",`+
		`"time":"2026-01-01T00:00:00Z","sequence":-42,"actor":7,"expectedversion":3,"apple":"a","gone":null,"apple":"b","dataschema":""}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []domain.Extension{{Name: "apple", Value: "b"}, {Name: "sequence", Value: "-42"}, {Name: "zebra", Value: "true"}}
	if !reflect.DeepEqual(ev.Extensions, want) || ev.Actor != "7" || ev.ExpectedVersion != 3 {
		t.Errorf("got %+v", ev)
	}
}

func TestAbsentAndNullDataAreNoData(t *testing.T) {
	t.Parallel()
	ev := full()
	ev.Data = nil
	for _, data := range []string{"", "null", " null "} {
		var got domain.Event
		if err := wire.Decode(&got, nil, []byte(data), binary(&ev)); err != nil || got.Data != nil {
			t.Errorf("binary %q: data %q, %v", data, got.Data, err)
		}
	}
	value := wire.Encode(nil, &ev)
	for _, tail := range []string{`}`, `,"data":null}`} {
		var got domain.Event
		if err := wire.DecodeJSON(&got, append(value[:len(value)-1:len(value)-1], tail...)); err != nil || got.Data != nil {
			t.Errorf("structured %q: data %q, %v", tail, got.Data, err)
		}
	}
}

func TestTheKeyMustBeTheSubject(t *testing.T) {
	t.Parallel()
	ev := full()
	value, headers := wire.Encode(nil, &ev), binary(&ev)
	for key, rule := range map[string]string{"C0001234": "", "": "", "C1": wire.RuleMismatch} {
		for name, err := range map[string]error{
			"structured": wire.Decode(new(domain.Event), []byte(key), value, wire.Headers()),
			"binary":     wire.Decode(new(domain.Event), []byte(key), ev.Data, headers),
		} {
			if rule == "" && err != nil {
				t.Errorf("%s, key %q: %v", name, key, err)
			}
			if rule != "" {
				check(t, name, err, "/subject", rule)
			}
		}
	}
}

func TestDataMayBeAsDeepInEveryForm(t *testing.T) {
	t.Parallel()
	ev := full()
	ev.Data = []byte(strings.Repeat(`[`, 16) + strings.Repeat(`]`, 16))
	value := wire.Encode(nil, &ev)
	var got domain.Event
	if err := wire.Decode(&got, nil, ev.Data, binary(&ev)); err != nil {
		t.Errorf("binary: %v", err)
	}
	if err := wire.DecodeJSON(&got, value); err != nil {
		t.Errorf("structured: %v", err)
	}
	for item, err := range wire.SplitBatch(append(append([]byte("["), value...), ']')) {
		if err != nil || string(item) != string(value) {
			t.Errorf("batch: %q, %v", item, err)
		}
	}
}

func TestDecodingDoesNotAllocate(t *testing.T) {
	ev := full()
	value, headers, key := wire.Encode(nil, &ev), binary(&ev), []byte(ev.Subject)
	var got domain.Event
	for name, run := range map[string]func() error{
		"structured": func() error { return wire.Decode(&got, key, value, wire.Headers()) },
		"binary":     func() error { return wire.Decode(&got, key, ev.Data, headers) },
	} {
		allocs := testing.AllocsPerRun(100, func() {
			if err := run(); err != nil {
				t.Fatal(err)
			}
			if wire.Content(&got) == 0 {
				t.Fatal("no fingerprint")
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
	buf := make([]byte, 0, 2*len(value))
	if allocs := testing.AllocsPerRun(100, func() { buf = wire.Encode(buf[:0], &ev) }); allocs != 0 {
		t.Errorf("encode: %v allocations", allocs)
	}
}
