package wire_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// drawEvent draws an event as domain.Event describes it, with any text in its attributes.
func drawEvent(t *rapid.T) domain.Event {
	filled := rapid.StringN(1, 20, -1)
	ev := domain.Event{
		ID: filled.Draw(t, "id"), Source: filled.Draw(t, "source"), Type: filled.Draw(t, "type"), Subject: filled.Draw(t, "subject"),
		Time:  domain.Unix(rapid.Int64Range(-2e15, 7e15).Draw(t, "time")),
		Actor: rapid.String().Draw(t, "actor"), OrgUnit: rapid.String().Draw(t, "orgunit"), Channel: rapid.String().Draw(t, "channel"),
		CausationID: rapid.String().Draw(t, "causationid"), TraceParent: rapid.String().Draw(t, "traceparent"),
		DataSchema:      rapid.String().Draw(t, "dataschema"),
		ExpectedVersion: rapid.Int64Min(domain.NoExpectation).Draw(t, "expectedversion"),
	}
	for name, value := range rapid.MapOfN(rapid.StringMatching(`x[a-z0-9]{0,5}`), rapid.String(), 0, 4).Draw(t, "extensions") {
		ev.Extensions = append(ev.Extensions, domain.Extension{Name: name, Value: value})
	}
	slices.SortFunc(ev.Extensions, func(a, b domain.Extension) int { return strings.Compare(a.Name, b.Name) })
	if fields := rapid.MapOfN(rapid.String(), rapid.String(), 0, 4).Draw(t, "data"); rapid.Bool().Draw(t, "has data") {
		ev.Data, _ = json.Marshal(fields)
	}
	return ev
}

func TestDecodeGivesBackWhatWasEncoded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawEvent(t)
		value := wire.Encode(nil, &want)
		if !json.Valid(value) {
			t.Fatalf("encoding/json does not accept %s", value)
		}
		var structured, headers domain.Event
		if err := wire.Decode(&structured, []byte(want.Subject), value, wire.Headers()); err != nil || !reflect.DeepEqual(structured, want) {
			t.Fatalf("structured: %v\ngot  %+v\nwant %+v", err, structured, want)
		}
		if err := wire.Decode(&headers, []byte(want.Subject), want.Data, binary(&want)); err != nil || !reflect.DeepEqual(headers, want) {
			t.Fatalf("binary: %v\ngot  %+v\nwant %+v", err, headers, want)
		}
	})
}

// contentParts are the parts of an event that Content covers, in a form that is equal only if all are.
func contentParts(ev *domain.Event) string {
	var data bytes.Buffer
	if len(ev.Data) > 0 {
		if err := json.Compact(&data, ev.Data); err != nil {
			return err.Error()
		}
	}
	parts, _ := json.Marshal([]any{
		[]byte(ev.Type), []byte(ev.Source), []byte(ev.Subject), ev.Time.UnixMicro(), []byte(ev.Actor), []byte(ev.OrgUnit),
		[]byte(ev.Channel), ev.Extensions, data.Bytes(),
	})
	return string(parts)
}

func TestContentIsEqualWhenItsPartsAre(t *testing.T) {
	t.Parallel()
	// Few values for each part, so that equal and nearly equal events are common.
	short := rapid.SampledFrom([]string{"", "a", "b", "ab", "\x00", "\x01a"})
	draw := rapid.Custom(func(t *rapid.T) domain.Event {
		ev := domain.Event{
			ID: short.Draw(t, "id"), Type: short.Draw(t, "type"), Source: short.Draw(t, "source"), Subject: short.Draw(t, "subject"),
			Time: rapid.SampledFrom([]domain.Instant{0, 1}).Draw(t, "time"), Actor: short.Draw(t, "actor"),
			OrgUnit: short.Draw(t, "orgunit"), Channel: short.Draw(t, "channel"), TraceParent: short.Draw(t, "traceparent"),
			Data: []byte(rapid.SampledFrom([]string{"", "{}", "{ }", `{"a":"b c"}`, "{\n\"a\" : \"b c\"}", `{"a":"b  c"}`}).Draw(t, "data")),
		}
		for range rapid.IntRange(0, 2).Draw(t, "extensions") {
			ev.Extensions = append(ev.Extensions, domain.Extension{Name: short.Draw(t, "name"), Value: short.Draw(t, "value")})
		}
		return ev
	})
	rapid.Check(t, func(t *rapid.T) {
		a := draw.Draw(t, "a")
		b := a
		other := draw.Draw(t, "b")
		mine, theirs := reflect.ValueOf(&b).Elem(), reflect.ValueOf(other)
		for i := range mine.NumField() {
			if rapid.IntRange(0, 4).Draw(t, "take") == 0 {
				mine.Field(i).Set(theirs.Field(i))
			}
		}
		if same := contentParts(&a) == contentParts(&b); same != (wire.Content(&a) == wire.Content(&b)) {
			t.Fatalf("parts equal: %t, contents %x and %x\n%+v\n%+v", same, wire.Content(&a), wire.Content(&b), a, b)
		}
	})
}

func TestFingerprintsStayTheSameForEver(t *testing.T) {
	t.Parallel()
	ev := full()
	if got := wire.Content(&ev); got != contentOfFull {
		t.Errorf("content: %#x, want %#x", got, uint64(contentOfFull))
	}
	ev.Data = append([]byte(`{"long":"`+strings.Repeat("x", 5000)+`","rest":`), append(ev.Data, '}')...)
	if got := wire.Content(&ev); got != contentOfLong {
		t.Errorf("content of a long event: %#x, want %#x", got, uint64(contentOfLong))
	}
	if got := wire.IDKey(""); got != 0xef46db3751d8e999 { // the published value of XXH64 of nothing with seed 0
		t.Errorf("key of an empty id: %#x", got)
	}
	if got := wire.IDKey("a"); got != 0xd24ec4f1a98c6e5b { // and of "a"
		t.Errorf("key of a: %#x", got)
	}
}

// The fingerprints of two fixed events; see Content for why they never change.
const (
	contentOfFull = 0x09cbccf6f54808e4
	contentOfLong = 0xc903a95eb3c70b4e
)

func TestTimesAreReadAsTheTimePackageReadsThem(t *testing.T) {
	t.Parallel()
	var fixed = []string{
		"2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2000-02-29T23:59:59.999999999Z",
		"0000-01-01T00:00:00Z", "0000-12-31T23:59:59.5Z", "9999-12-31T23:59:59Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
		"2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567+08:00", "2026-01-01T00:00:00-23:59",
		"2026-01-01T00:00:00+0800", "2026-01-01 00:00:00Z", "2026-1-01T00:00:00Z", "2026-01-01T00:00:00ZZ",
		"2026-01-01T00:00:00z", "2026-01-01t00:00:00Z", "+026-01-01T00:00:00Z", "2026-01-01T00:00:00+:0:00", "",
	}
	for _, s := range fixed {
		compareTime(t, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62167219200, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "ns"))
		zone := time.FixedZone("", 60*rapid.IntRange(-1439, 1439).Draw(t, "offset"))
		if s := at.In(zone).Format(time.RFC3339Nano); len(s) <= len("2006-01-02T15:04:05.999999999+07:00") && s[0] != '-' {
			compareTime(t, s)
		}
	})
}

func compareTime(t interface {
	Helper()
	Errorf(string, ...any)
}, s string) {
	t.Helper()
	want, wantErr := domain.ParseInstant(s)
	value, _ := json.Marshal(map[string]string{
		"specversion": "1.0", "id": "1", "source": "s", "type": "t.u", "subject": "c", "time": s,
	})
	var ev domain.Event
	err := wire.DecodeJSON(&ev, value)
	if (err == nil) != (wantErr == nil) || err == nil && ev.Time != want {
		t.Errorf("%q: got %v, %v; want %v, %v", s, ev.Time, err, want, wantErr)
	}
}
