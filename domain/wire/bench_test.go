package wire_test

import (
	"encoding/json"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// typical is a purchase as a shop would send it; in structured mode it is about 320 bytes.
func typical() domain.Event {
	ev := full()
	ev.DataSchema, ev.Actor, ev.CausationID, ev.TraceParent, ev.ExpectedVersion, ev.Extensions = "", "", "", "", domain.NoExpectation, nil
	ev.Data = []byte(`{"amount":{"minor":129900,"currency":"CNY"},"quantity":2,"product":"全合成机油 5W-30"}`)
	return ev
}

func BenchmarkDecodeStructured(b *testing.B) {
	ev := typical()
	key, value := []byte(ev.Subject), wire.Encode(nil, &ev)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if err := wire.Decode(&ev, key, value, wire.Headers()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeBinary(b *testing.B) {
	ev := typical()
	key, value, headers := []byte(ev.Subject), ev.Data, binary(&ev)
	b.ReportAllocs()
	for b.Loop() {
		if err := wire.Decode(&ev, key, value, headers); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeStructuredEncodingJSON(b *testing.B) {
	ev := typical()
	value := wire.Encode(nil, &ev)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		var got struct {
			SpecVersion, ID, Source, Type, Subject, OrgUnit, Channel string
			Time                                                     domain.Instant
			Data                                                     json.RawMessage
		}
		if err := json.Unmarshal(value, &got); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	ev := typical()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = wire.Encode(buf[:0], &ev)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkContent(b *testing.B) {
	ev := typical()
	b.ReportAllocs()
	for b.Loop() {
		wire.Content(&ev)
	}
}

func BenchmarkIDKey(b *testing.B) {
	ev := typical()
	for b.Loop() {
		wire.IDKey(ev.ID)
	}
}
