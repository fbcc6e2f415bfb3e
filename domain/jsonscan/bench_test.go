package jsonscan_test

import (
	"encoding/json"
	"testing"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

var document = []byte(`{"specversion":"1.0","id":"0198c2f0-5b1e-7c3a-9d2e-4f5a6b7c8d9e","source":"/pos/shanghai-3","type":"purchase.recorded",` +
	`"subject":"C0001234","time":"2026-03-01T09:30:00Z","orgunit":"brand/east/shanghai-3","channel":"store",` +
	`"data":{"amount":{"minor":129900,"currency":"CNY"},"quantity":2,"product":"全合成机油 5W-30"}}`)

func BenchmarkSkip(b *testing.B) {
	b.SetBytes(int64(len(document)))
	var s jsonscan.Scanner
	for b.Loop() {
		s.Reset(document)
		s.Skip()
		if s.End() != nil {
			b.Fatal(s.End())
		}
	}
}

func BenchmarkSkipEncodingJSON(b *testing.B) {
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		if !json.Valid(document) {
			b.Fatal("not valid")
		}
	}
}

func BenchmarkCompact(b *testing.B) {
	b.SetBytes(int64(len(document)))
	var buf []byte
	for b.Loop() {
		buf, _ = jsonscan.Compact(buf[:0], document)
	}
}
