package eventstore

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPositionsSurviveTheirTextAndJSONForms(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ps := Positions(rapid.SliceOf(rapid.Int64Range(0, 1<<60)).Draw(t, "positions"))
		parsed, err := ParsePositions(ps.String())
		if err != nil || !slices.Equal(parsed, ps) {
			t.Fatalf("%s is read back as %s, %v", ps, parsed, err)
		}
		data, err := json.Marshal(ps)
		if err != nil {
			t.Fatal(err)
		}
		var decoded Positions
		if err := json.Unmarshal(data, &decoded); err != nil || !slices.Equal(decoded, ps) {
			t.Fatalf("%s is read back as %s, %v", data, decoded, err)
		}
	})
}

func TestPositionsHaveTheDocumentedForms(t *testing.T) {
	t.Parallel()
	ps := Positions{12, 7}
	if got := ps.String(); got != "0:12,1:7" {
		t.Errorf("text form is %s", got)
	}
	data, err := json.Marshal(map[string]any{"next": ps, "at": Position{Partition: 3, Offset: 1204}})
	if err != nil || string(data) != `{"at":"3:1204","next":{"0":12,"1":7}}` {
		t.Errorf("JSON form is %s, %v", data, err)
	}
	var at Position
	if err := json.Unmarshal([]byte(`"3:1204"`), &at); err != nil || at != (Position{Partition: 3, Offset: 1204}) {
		t.Errorf("position is %s, %v", at, err)
	}
	sparse, err := ParsePositions("2:5")
	if err != nil || !slices.Equal(sparse, Positions{0, 0, 5}) {
		t.Errorf("sparse positions are %s, %v", sparse, err)
	}
}

func TestMalformedPositionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"x", ":", "1", "1:", ":1", "-1:1", "1:-1", "1:1,", "1:1,1:2", "1:1 ", "99999999:1", "1:9223372036854775808", "1:1:1"} {
		if ps, err := ParsePositions(s); err == nil {
			t.Errorf("%q is read as %s", s, ps)
		}
	}
	for _, s := range []string{`{"x":1}`, `{"0":-1}`, `[1]`, `{"99999999":1}`} {
		var ps Positions
		if err := json.Unmarshal([]byte(s), &ps); err == nil {
			t.Errorf("%s is read as %s", s, ps)
		}
	}
}

func TestPositionsCoverWhatLiesBeforeThem(t *testing.T) {
	t.Parallel()
	ps := Positions{12, 0, 3}
	for _, test := range []struct {
		p    Position
		want bool
	}{
		{Position{0, 11}, true}, {Position{0, 12}, false}, {Position{1, 0}, false},
		{Position{2, 2}, true}, {Position{3, 0}, false}, {Position{-1, 0}, false},
	} {
		if got := ps.Covers(test.p); got != test.want {
			t.Errorf("%s covers %s: %t", ps, test.p, got)
		}
	}
}

func TestMaxCoversWhatEitherCovers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		positions := rapid.SliceOfN(rapid.Int64Range(0, 4), 0, 4)
		a, b := Positions(positions.Draw(t, "a")), Positions(positions.Draw(t, "b"))
		before := a.Clone()
		merged := a.Max(b)
		for partition := range 5 {
			for offset := range int64(5) {
				p := Position{Partition: partition, Offset: offset}
				if merged.Covers(p) != (a.Covers(p) || b.Covers(p)) {
					t.Fatalf("maximum of %s and %s is %s at %s", a, b, merged, p)
				}
			}
		}
		if !merged.Reached(a) || !merged.Reached(b) || a.Reached(b) != (slices.Equal(a.Max(b).trimmed(), a.trimmed())) {
			t.Fatalf("%s, %s and their maximum %s are ordered wrongly", a, b, merged)
		}
		if !slices.Equal(a, before) {
			t.Fatalf("the maximum changed its operand")
		}
	})
}

// trimmed returns ps without the zeros at its end, which say nothing.
func (ps Positions) trimmed() Positions {
	for len(ps) > 0 && ps[len(ps)-1] == 0 {
		ps = ps[:len(ps)-1]
	}
	return ps
}
