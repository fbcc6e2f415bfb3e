package eventstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"pgregory.net/rapid"
)

// encode returns a record set of one batch at offset base.
func encode(t interface{ Fatal(...any) }, base int64, at time.Time, records []Record) []byte {
	var e batchEncoder
	for i := range records {
		e.add(&records[i])
	}
	set, err := e.finish(at)
	if err != nil {
		t.Fatal(err)
	}
	b := set[setLengthBytes:]
	binary.BigEndian.PutUint64(b[atBaseOffset:], uint64(base))
	return b
}

// reseal gives a changed batch the checksum it should have.
func reseal(b []byte) []byte {
	binary.BigEndian.PutUint32(b[atChecksum:], crc32.Checksum(b[atAttributes:], castagnoli))
	return b
}

// follow decodes a record set as a follower at offset next does.
func follow(next int64, set []byte) (*follower, error) {
	f := &follower{next: next}
	return f, f.decode(&fetchResponse{records: set})
}

func TestDecodedRecordsAreTheEncodedOnes(t *testing.T) {
	t.Parallel()
	blob := rapid.SliceOfN(rapid.Byte(), 0, 40)
	// The headers of one record are often those of the one before, which the decoder keeps once.
	name := rapid.OneOf(rapid.SampledFrom([]string{"", "content-type"}), rapid.StringN(0, 8, 20))
	content := rapid.OneOf(rapid.SampledFrom([][]byte{nil, []byte("json")}), blob)
	record := rapid.Custom(func(t *rapid.T) Record {
		r := Record{Key: blob.Draw(t, "key"), Value: blob.Draw(t, "value")}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			r.Headers = append(r.Headers, Header{Key: name.Draw(t, "name"), Value: content.Draw(t, "header")})
		}
		return r
	})
	rapid.Check(t, func(t *rapid.T) {
		var set []byte
		var want []Record
		at := time.UnixMilli(1_700_000_000_123).UTC()
		base := rapid.Int64Range(0, 1<<40).Draw(t, "base")
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			records := rapid.SliceOfN(record, 1, 20).Draw(t, "records")
			set = append(set, encode(t, base+int64(len(want)), at, records)...)
			want = append(want, records...)
		}
		// A response may begin with a batch that begins before the offset asked for, and end within one.
		skip := rapid.IntRange(0, len(want)-1).Draw(t, "skip")
		cut := rapid.IntRange(0, 30).Draw(t, "cut")
		set = append(set, encode(t, base+int64(len(want)), at, want[:1])[:cut]...)
		f, err := follow(base+int64(skip), set)
		if err != nil {
			t.Fatal(err)
		}
		if f.next != base+int64(len(want)) || len(f.decoder.records) != len(want)-skip {
			t.Fatalf("%d records, then offset %d, want %d", len(f.decoder.records), f.next, len(want)-skip)
		}
		for i, got := range f.decoder.records {
			want := want[skip+i]
			headers := slices.EqualFunc(got.Headers, want.Headers, func(a, b Header) bool {
				return a.Key == b.Key && bytes.Equal(a.Value, b.Value)
			})
			if !bytes.Equal(got.Key, want.Key) || !bytes.Equal(got.Value, want.Value) || !headers || !got.RecordedAt.Equal(at) {
				t.Fatalf("record %d is %v, want %v", i, got, want)
			}
			if got.Offset != base+int64(skip+i) {
				t.Fatalf("record %d is at %d", i, got.Offset)
			}
		}
	})
}

// kafka-go is another implementation of the format; what it writes with each compression is read.
func TestBatchesOfOtherProducersAreRead(t *testing.T) {
	t.Parallel()
	for _, codec := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		at := time.UnixMilli(1_700_000_000_000)
		set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(codec), Records: protocol.NewRecordReader(
			protocol.Record{Time: at, Key: protocol.NewBytes([]byte("k0")), Value: protocol.NewBytes([]byte("v0")),
				Headers: []protocol.Header{{Key: "h", Value: []byte("x")}}},
			protocol.Record{Time: at.Add(5 * time.Millisecond), Key: protocol.NewBytes([]byte("k1")), Value: nil},
		)}
		var buf bytes.Buffer
		if _, err := set.WriteTo(&buf); err != nil {
			t.Fatal(err)
		}
		f, err := follow(0, buf.Bytes()[setLengthBytes:])
		if err != nil {
			t.Fatalf("%s: %v", codec, err)
		}
		got := f.decoder.records
		if len(got) != 2 || string(got[0].Value) != "v0" || got[0].Headers[0].Key != "h" || string(got[1].Key) != "k1" ||
			got[1].Value != nil || !got[1].RecordedAt.Equal(at.Add(5*time.Millisecond)) {
			t.Errorf("%s: %v", codec, got)
		}
	}
}

func TestALogAppendTimeIsThatOfTheBatch(t *testing.T) {
	t.Parallel()
	b := encode(t, 0, time.UnixMilli(1000), []Record{{Key: []byte("k")}})
	binary.BigEndian.PutUint16(b[atAttributes:], binary.BigEndian.Uint16(b[atAttributes:])|attrLogAppendTime)
	binary.BigEndian.PutUint64(b[atMaxTime:], 7000)
	f, err := follow(0, reseal(b))
	if err != nil || f.decoder.records[0].RecordedAt.UnixMilli() != 7000 {
		t.Errorf("%v, %v", f.decoder.records, err)
	}
}

func TestUnfitBatchesStopAFollower(t *testing.T) {
	t.Parallel()
	records := []Record{{Key: []byte("a"), Value: []byte("1")}, {Key: []byte("b"), Value: []byte("2")}}
	change := func(f func(b []byte)) []byte {
		b := slices.Clone(encode(t, 5, time.UnixMilli(1000), records))
		f(b)
		return b
	}
	be := binary.BigEndian
	for _, test := range []struct {
		name string
		set  []byte
		want error
	}{
		{"a later batch", change(func(b []byte) { be.PutUint64(b, 6) }), ErrGap},
		{"a batch that leaves out its last offset", change(func(b []byte) { be.PutUint32(b[atLastDelta:], 2); reseal(b) }), ErrGap},
		{"a flipped bit", change(func(b []byte) { b[len(b)-1] ^= 1 }), ErrCorrupt},
		{"a control batch", change(func(b []byte) { b[atAttributes+1] |= attrControl; reseal(b) }), ErrTransactional},
		{"a transactional batch", change(func(b []byte) { b[atAttributes+1] |= attrTransactional; reseal(b) }), ErrTransactional},
		{"an older message format", change(func(b []byte) { b[atMagic] = 1 }), ErrCorrupt},
		{"an unknown compression", change(func(b []byte) { b[atAttributes+1] |= attrCodec; reseal(b) }), ErrCorrupt},
		{"another compression", change(func(b []byte) { b[atAttributes+1] = 4; reseal(b) }), ErrCorrupt},
		{"no compression", change(func(b []byte) { b[atAttributes+1] = 0; reseal(b) }), ErrCorrupt},
		{"more records than there are", change(func(b []byte) { be.PutUint32(b[atRecordCount:], 3); reseal(b) }), ErrCorrupt},
		{"a length shorter than a header", change(func(b []byte) { be.PutUint32(b[atBatchLength:], 20) }), ErrCorrupt},
	} {
		if _, err := follow(5, test.set); !errors.Is(err, test.want) {
			t.Errorf("%s: error is %v, want one that is %q", test.name, err, test.want)
		}
	}
	if _, err := follow(5, encode(t, 5, time.UnixMilli(1000), records)); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	f := &follower{next: 3}
	if err := f.decode(&fetchResponse{logStart: 5, records: encode(t, 5, time.UnixMilli(1000), records)}); !errors.Is(err, ErrTrimmed) {
		t.Errorf("a log that starts later: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, 0, time.UnixMilli(1), []Record{{Key: []byte("k"), Value: []byte("v"), Headers: []Header{{Key: "a"}}}}))
	f.Fuzz(func(t *testing.T, set []byte) {
		if len(set) >= batchHeaderBytes {
			// With the right checksum the fuzzer gets past it.
			set = reseal(slices.Clone(set))
		}
		got, err := follow(0, set)
		if err == nil && got.next != int64(len(got.decoder.records)) {
			t.Fatalf("%d records, then offset %d", len(got.decoder.records), got.next)
		}
	})
}

func FuzzParseFetchResponse(f *testing.F) {
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if res, err := parseFetchResponse(data); err == nil && len(res.records) > len(data) {
			t.Fatal("more records than data")
		}
	})
}
