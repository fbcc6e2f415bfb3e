package kafkabus

import (
	"errors"
	"maps"
	"testing"
)

func TestOffsetsAreCommittedOnceEach(t *testing.T) {
	t.Parallel()
	var got map[int]int64
	keep := func(changed map[int]int64) error { got = changed; return nil }
	o := newOffsets()
	expect := func(want map[int]int64) {
		t.Helper()
		got = nil
		if err := o.commit(keep); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, want) {
			t.Errorf("committed %v, want %v", got, want)
		}
	}
	expect(nil)
	o.mark(0, 5)
	o.mark(0, 6)
	o.mark(3, 1)
	expect(map[int]int64{0: 6, 3: 1})
	expect(nil)
	o.mark(3, 2)
	expect(map[int]int64{3: 2})
}

func TestOffsetsOfAFailedCommitAreCommittedAgain(t *testing.T) {
	t.Parallel()
	o := newOffsets()
	o.mark(0, 0)
	cause := errors.New("down")
	if err := o.commit(func(map[int]int64) error { return cause }); !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
	var got map[int]int64
	if err := o.commit(func(changed map[int]int64) error { got = changed; return nil }); err != nil {
		t.Fatal(err)
	}
	if next, ok := got[0]; !ok || next != 0 {
		t.Errorf("committed %v", got)
	}
}
