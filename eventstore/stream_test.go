package eventstore

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func TestVerdictsFollowTheRulesInOrder(t *testing.T) {
	t.Parallel()
	var s Stream
	s.Accept(1, 100, 10)
	s.Accept(2, 200, 20)
	for _, test := range []struct {
		name        string
		id, content uint64
		expected    int64
		verdict     Verdict
		reason      Reason
	}{
		{"a new record", 3, 300, -1, Accepted, NoReason},
		{"a new record at the expected version", 3, 300, 2, Accepted, NoReason},
		{"a new record at an older version", 3, 300, 1, Conflict, VersionMismatch},
		{"a new record at a later version", 3, 300, 3, Conflict, VersionMismatch},
		{"a new record for a new stream", 3, 300, 0, Conflict, VersionMismatch},
		{"a repeated record", 1, 100, -1, Duplicate, NoReason},
		{"a repeated record with the version it had", 2, 200, 1, Duplicate, NoReason},
		{"another record with a known id", 1, 101, -1, Conflict, IDReused},
		{"another record with a known id at a wrong version", 1, 101, 7, Conflict, IDReused},
	} {
		verdict, reason := s.Judge(test.id, test.content, test.expected)
		if verdict != test.verdict || reason != test.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", test.name, verdict, reason, test.verdict, test.reason)
		}
	}
	if s.Version() != 2 {
		t.Errorf("judging changed the version to %d", s.Version())
	}
}

func TestVerdictsHaveNames(t *testing.T) {
	t.Parallel()
	for v, want := range map[Verdict]string{Accepted: "accepted", Duplicate: "duplicate", Conflict: "conflict", Quarantined: "quarantined", 9: "unknown"} {
		if text, err := v.MarshalText(); err != nil || string(text) != want {
			t.Errorf("verdict %d is %q, want %q", v, text, want)
		}
	}
}

func TestAcceptPanicsWhenOffsetsDoNotAscend(t *testing.T) {
	t.Parallel()
	for _, offset := range []int64{9, 10} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("offset %d after 10 is accepted", offset)
				}
			}()
			var s Stream
			s.Accept(1, 1, 10)
			s.Accept(2, 2, offset)
		}()
	}
}

// history is the obvious implementation of Stream.
type history struct {
	ids     map[uint64]uint32
	byID    map[uint64]int64
	offsets []int64
}

func (h *history) judge(id, content uint64, expected int64) Verdict {
	if known, ok := h.ids[id]; ok {
		if known == uint32(content) {
			return Duplicate
		}
		return Conflict
	}
	if expected >= 0 && expected != int64(len(h.offsets)) {
		return Conflict
	}
	return Accepted
}

// Streams of several chunks, with undo, stores and gaps in the offsets that end a chunk early, judge as a map would.
func TestStreamAgreesWithAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s Stream
		model := history{ids: map[uint64]uint32{}, byID: map[uint64]int64{}}
		next := int64(0)
		accept := func(s *Stream, id, content uint64, commit bool) {
			s.Accept(id, content, next)
			if commit {
				model.ids[id], model.byID[id] = uint32(content), next
				model.offsets = append(model.offsets, next)
			}
		}
		ids := rapid.Uint64Range(0, 5000)
		for range rapid.IntRange(1, 12).Draw(t, "rounds") {
			n := rapid.IntRange(1, 200).Draw(t, "records")
			jump := rapid.SampledFrom([]int64{1, 1, 1, 7, math.MaxUint32, math.MaxUint32 + 5}).Draw(t, "jump")
			seed := ids.Draw(t, "seed")
			undone := rapid.Bool().Draw(t, "undone")
			before, start := s, next
			random := rand.New(rand.NewPCG(seed, 1))
			seen := map[uint64]bool{}
			for i := range n {
				id, content := random.Uint64N(5000), random.Uint64N(3)
				if i == n/2 {
					next += jump
				}
				next++
				if !undone || !seen[id] {
					if got, want := verdictOf(&s, id, content), model.judge(id, content, -1); !undone && got != want {
						t.Fatalf("id %d: %s, want %s", id, got, want)
					} else if want == Accepted {
						accept(&s, id, content, !undone)
						seen[id] = true
					}
				}
			}
			if undone {
				s, next = before, start
			}
			check(t, &s, &model)
		}
		// A store gives back the same stream.
		var loaded Stream
		for i := range s.Chunks() {
			if err := loaded.LoadChunk(s.AppendChunk(nil, i)); err != nil {
				t.Fatal(err)
			}
		}
		check(t, &loaded, &model)
		if loaded.Chunks() != s.Chunks() {
			t.Fatalf("%d chunks loaded, want %d", loaded.Chunks(), s.Chunks())
		}
	})
}

func verdictOf(s *Stream, id, content uint64) Verdict {
	verdict, _ := s.Judge(id, content, -1)
	return verdict
}

// check compares a stream with its model.
func check(t *rapid.T, s *Stream, model *history) {
	t.Helper()
	if s.Version() != int64(len(model.offsets)) {
		t.Fatalf("version %d, want %d", s.Version(), len(model.offsets))
	}
	if got := slices.Collect(s.Offsets()); !slices.Equal(got, model.offsets) {
		t.Fatalf("offsets %v, want %v", got, model.offsets)
	}
	for _, n := range []int{0, 1, 130, len(model.offsets), len(model.offsets) + 1} {
		want := model.offsets[max(0, len(model.offsets)-n):]
		if got := s.LastOffsets(n); !slices.Equal(got, want) {
			t.Fatalf("last %d offsets %v, want %v", n, got, want)
		}
	}
	for id := range uint64(5000) {
		want := Accepted
		if _, ok := model.ids[id]; ok {
			want = Duplicate
		}
		if got := verdictOf(s, id, uint64(model.ids[id])); got != want {
			t.Fatalf("id %d: %s, want %s", id, got, want)
		}
		if offset, ok := s.Find(id); ok != (want == Duplicate) || (ok && offset != model.byID[id]) {
			t.Fatalf("id %d is found at %d, %t, want %d", id, offset, ok, model.byID[id])
		}
	}
}

func TestOnlyTheLastChunkChanges(t *testing.T) {
	t.Parallel()
	var s Stream
	var stored [][]byte
	for i := range int64(1000) {
		before := s.Chunks()
		s.Accept(uint64(i)*7919, uint64(i), i*3)
		for c := range s.Chunks() {
			data := s.AppendChunk(nil, c)
			switch {
			case c == len(stored):
				stored = append(stored, data)
			case c >= before-1:
				stored[c] = data
			case !bytes.Equal(stored[c], data):
				t.Fatalf("record %d changed chunk %d of %d", i, c, before)
			}
		}
	}
	if len(stored) != 8 {
		t.Errorf("%d chunks, want 8", len(stored))
	}
}

func TestLoadChunkRefusesWhatAppendChunkDidNotWrite(t *testing.T) {
	t.Parallel()
	var s Stream
	for i := range int64(10) {
		s.Accept(uint64(i), uint64(i), 100+i*1000)
	}
	data := s.AppendChunk(nil, 0)
	for n := range data {
		var loaded Stream
		if err := loaded.LoadChunk(data[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are accepted", n, len(data))
		}
		if loaded.Version() != 0 {
			t.Fatalf("a refused chunk changed the stream")
		}
	}
	var loaded Stream
	if err := loaded.LoadChunk(append(slices.Clone(data), 0)); err == nil {
		t.Error("a byte too many is accepted")
	}
	if err := loaded.LoadChunk(data); err != nil {
		t.Fatal(err)
	}
	if err := loaded.LoadChunk(data); err == nil {
		t.Error("the same chunk is accepted twice")
	}
}

func FuzzLoadChunk(f *testing.F) {
	var s Stream
	for i := range int64(5) {
		s.Accept(uint64(i), uint64(i), i*300)
	}
	f.Add(s.AppendChunk(nil, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Stream
		if s.LoadChunk(data) != nil {
			return
		}
		var again Stream
		if err := again.LoadChunk(s.AppendChunk(nil, 0)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(slices.Collect(s.Offsets()), slices.Collect(again.Offsets())) {
			t.Fatal("a chunk loses offsets when it is stored again")
		}
	})
}

// A typical customer has ten events; there are a million of them in memory.
func TestTheIndexOfATypicalStreamIsSmall(t *testing.T) {
	t.Parallel()
	var s Stream
	for i := range int64(10) {
		s.Accept(uint64(i), uint64(i), i*100_000)
	}
	if held := cap(s.tail.entries) * int(unsafe.Sizeof(entry{})); held > 160 {
		t.Errorf("ten records hold %d bytes", held)
	}
	if size := unsafe.Sizeof(s); size > 48 {
		t.Errorf("an empty stream takes %d bytes", size)
	}
}

func BenchmarkStream(b *testing.B) {
	for _, size := range []int64{10, 1000, 100_000} {
		var s Stream
		for i := range size {
			s.Accept(uint64(i)*0x9e3779b97f4a7c15, uint64(i), i)
		}
		b.Run("records="+Position{Offset: size}.String()[2:], func(b *testing.B) {
			b.ReportAllocs()
			offset := size
			for b.Loop() {
				t := s
				id := uint64(offset) * 0x9e3779b97f4a7c15
				if v, _ := t.Judge(id, id, -1); v != Accepted {
					b.Fatal(v)
				}
				t.Accept(id, id, offset)
			}
		})
	}
}
