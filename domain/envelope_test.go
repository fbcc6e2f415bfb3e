package domain

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// goodEvent returns an event that breaks no rule.
func goodEvent(t testing.TB) *Event {
	t.Helper()
	return &Event{
		ID: "0198c2f0-5b1e-7c3a-9d2e-4f5a6b7c8d9e", Source: "/pos/shanghai-3", Type: "purchase.recorded",
		Subject: "C0001234", Time: InstantOf(time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)),
		Actor: "E017", OrgUnit: "brand/east/shanghai-3", Channel: "phone", ExpectedVersion: NoExpectation,
		Extensions: []Extension{{Name: "partitionkey", Value: "C0001234"}},
		Data:       lookup(t, "purchase.recorded").Example(),
	}
}

func problems(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var invalid *Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("error is %v, want *Invalid", err)
	}
	var all []string
	for _, p := range invalid.Problems {
		all = append(all, p.Pointer+" "+p.Rule)
	}
	return all
}

func TestValidateNamesWhatIsWrongWithTheEnvelope(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Event)
		want   []string
	}{
		{"nothing", func(*Event) {}, nil},
		{"nothing about an unknown type", func(e *Event) { e.Type = "parking.ticket_bought" }, nil},
		{"nothing about no data", func(e *Event) { e.Data = nil }, nil},
		{"everything missing", func(e *Event) { *e = Event{} },
			[]string{"/id required", "/source required", "/type required", "/subject required", "/time required"}},
		{"id too long", func(e *Event) { e.ID = strings.Repeat("i", MaxID+1) }, []string{"/id length"}},
		{"id of 256 characters of three bytes", func(e *Event) { e.ID = strings.Repeat("号", MaxID) }, nil},
		{"NUL in the subject", func(e *Event) { e.Subject = "a\x00" }, []string{"/subject format"}},
		{"subject of the engine", func(e *Event) { e.Subject = "rapport:control" }, []string{"/subject reserved"}},
		{"subject of the engine for an unknown type", func(e *Event) { e.Type, e.Subject = "parking.ticket_bought", "rapport:x" }, []string{"/subject reserved"}},
		{"nothing about a control record", func(e *Event) { e.Type, e.Subject = "clock.ticked", ControlSubject }, nil},
		{"subject of bytes", func(e *Event) { e.Subject = "a\xff" }, []string{"/subject utf8"}},
		{"type of one word", func(e *Event) { e.Type = "purchase" }, []string{"/type format"}},
		{"type with capitals", func(e *Event) { e.Type = "Purchase.Recorded" }, []string{"/type format"}},
		{"type with an empty word", func(e *Event) { e.Type = "purchase..recorded" }, []string{"/type format"}},
		{"type that ends in a dot", func(e *Event) { e.Type = "purchase." }, []string{"/type format"}},
		{"type that starts with a digit", func(e *Event) { e.Type = "1a.b" }, []string{"/type format"}},
		{"type too long", func(e *Event) { e.Type = "a." + strings.Repeat("b", MaxType) }, []string{"/type length"}},
		{"time before 1900", func(e *Event) { e.Time = InstantOf(time.Date(1899, 12, 31, 23, 59, 59, 0, time.UTC)) }, []string{"/time min"}},
		{"time at the start of 1900", func(e *Event) { e.Time = InstantOf(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)) }, nil},
		{"time at the end of 2199", func(e *Event) { e.Time = InstantOf(time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC)) }, nil},
		{"time in 2200", func(e *Event) { e.Time = InstantOf(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)) }, []string{"/time max"}},
		{"data that is no object", func(e *Event) { e.Data = []byte(` [1]`) }, []string{"/data type"}},
		{"data that is no JSON", func(e *Event) { e.Data = []byte(`{"a":}`) }, []string{"/data json"}},
		{"data that is white space", func(e *Event) { e.Data = []byte(" ") }, []string{"/data json"}},
		{"data too large", func(e *Event) { e.Data = append([]byte("{}"), make([]byte, MaxData)...) }, []string{"/data length"}},
		{"extension with a capital", func(e *Event) { e.Extensions[0].Name = "traceState" }, []string{" format"}},
		{"extension with NUL", func(e *Event) { e.Extensions[0].Value = "\x00" }, []string{"/partitionkey format"}},
		{"control character in the actor", func(e *Event) { e.Actor = "a\nb" }, []string{"/actor format"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ev := goodEvent(t)
			tt.change(ev)
			if got := problems(t, Validate(ev)); !slices.Equal(got, tt.want) {
				t.Errorf("problems are %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDecodeEventReportsEnvelopeSubjectAndDataTogether(t *testing.T) {
	t.Parallel()
	ev := goodEvent(t)
	ev.ID, ev.Subject, ev.Data = "", "org:brand", []byte(`{"amount":{"minor":1,"currency":"?"}}`)
	_, _, err := NewDecoder().DecodeEvent(ev)
	want := []string{"/id required", "/subject format", "/data/amount/currency format"}
	if got := problems(t, err); !slices.Equal(got, want) {
		t.Errorf("problems are %q, want %q", got, want)
	}
}

func TestDecodeEventGivesTypeAndData(t *testing.T) {
	t.Parallel()
	typ, data, err := NewDecoder().DecodeEvent(goodEvent(t))
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := data.(*PurchaseRecorded); !ok || typ.Name != "purchase.recorded" || p.Amount.Minor != 129900 {
		t.Errorf("decoded %v %+v", typ, data)
	}
}

func TestDecodeEventLetsUnknownTypesPass(t *testing.T) {
	t.Parallel()
	ev := goodEvent(t)
	ev.Type, ev.Subject = "parking.ticket_bought", "org:brand"
	typ, data, err := NewDecoder().DecodeEvent(ev)
	if typ != nil || data != nil || err != nil {
		t.Errorf("got %v, %v, %v; want nothing", typ, data, err)
	}
	ev.Data = []byte(`{`)
	if _, _, err := NewDecoder().DecodeEvent(ev); err == nil {
		t.Error("broken data of an unknown type passes")
	}
}

func BenchmarkDecodeEvent(b *testing.B) {
	ev := goodEvent(b)
	d := NewDecoder()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := d.DecodeEvent(ev); err != nil {
			b.Fatal(err)
		}
	}
}
