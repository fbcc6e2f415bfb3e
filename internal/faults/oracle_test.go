package faults

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// arbiter is what the log says, by a rule of its own: in the order of a partition, an id that its stream has accepted is
// a duplicate, an event at another version than it expects is in conflict, every other one is accepted.
type arbiter struct {
	streams map[string]*judgedStream
	// records is every record of a client by its position.
	records map[eventstore.Position]judged
	// verdicts counts the records of the clients by verdict.
	verdicts map[outcome]int64
}

// judgedStream is one stream: the version each accepted id made.
type judgedStream struct {
	version int64
	made    map[string]int64
}

// judged is one record and what became of it.
type judged struct {
	stream, id string
	verdict    outcome
	// version is that of the stream after the record.
	version int64
}

func newArbiter() *arbiter {
	return &arbiter{
		streams: make(map[string]*judgedStream), records: make(map[eventstore.Position]judged), verdicts: make(map[outcome]int64),
	}
}

// judge takes the next record of a partition.
func (a *arbiter) judge(at eventstore.Position, stream, id string, expected int64) {
	s := a.streams[stream]
	if s == nil {
		s = &judgedStream{made: make(map[string]int64)}
		a.streams[stream] = s
	}
	j := judged{stream: stream, id: id}
	switch {
	case s.made[id] > 0:
		j.verdict = duplicate
	case expected != noExpectation && expected != s.version:
		j.verdict = conflict
	default:
		s.version++
		s.made[id] = s.version
		j.verdict = accepted
	}
	j.version = s.version
	a.records[at] = j
	a.verdicts[j.verdict]++
}

// accepted reports whether any stream has accepted the id.
func (a *arbiter) accepted(stream, id string) bool {
	s := a.streams[stream]
	return s != nil && s.made[id] > 0
}

// check returns what is wrong with an answer.
func (a *arbiter) check(r told) error {
	at, err := position(r.position)
	if err != nil {
		return fmt.Errorf("%+v: %w", r, err)
	}
	j, there := a.records[at]
	switch {
	case !there || j.id != r.id:
		return fmt.Errorf("%+v: the log has %q at this position", r, j.id)
	case r.version == 0 && r.status == "accepted":
		// The log has it; the verdict was not asked for.
	case r.version == 0 && r.status == "duplicate":
		// It came twice in one request, and has the position of the first.
	case r.status != j.verdict.String() || r.version != j.version:
		return fmt.Errorf("%+v: by the log it is %s at version %d", r, j.verdict, j.version)
	}
	return nil
}

// readLog judges the whole log up to its present end. Records of the engine itself are left out.
func readLog(t testing.TB, log *eventstore.Log) (*arbiter, eventstore.Positions) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ends, err := log.Ends(ctx)
	if err != nil {
		t.Fatal(err)
	}
	a := newArbiter()
	for partition, end := range ends {
		if end == 0 {
			continue
		}
		for batch, err := range log.Follow(ctx, partition, 0, eventstore.FollowOptions{Until: end}) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range batch.Records {
				a.take(t, &batch.Records[i])
			}
		}
	}
	return a, ends
}

func (a *arbiter) take(t testing.TB, r *eventstore.Record) {
	t.Helper()
	var ev domain.Event
	if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
		t.Fatalf("record %s: %v", r.Position(), err)
	}
	if typ, known := domain.Lookup(ev.Type); known && typ.Control {
		return
	}
	// A decoded event borrows from the record, which is gone with its batch.
	a.judge(r.Position(), string(r.Key), string([]byte(ev.ID)), ev.ExpectedVersion)
}

func TestTheArbiterGivesEachRecordItsVerdict(t *testing.T) {
	t.Parallel()
	a := newArbiter()
	for i, r := range []struct {
		id       string
		expected int64
		want     judged
	}{
		{"a", noExpectation, judged{"s", "a", accepted, 1}},
		{"a", noExpectation, judged{"s", "a", duplicate, 1}},
		{"b", 0, judged{"s", "b", conflict, 1}},
		{"b", 1, judged{"s", "b", accepted, 2}},
		{"a", 7, judged{"s", "a", duplicate, 2}},
	} {
		at := eventstore.Position{Offset: int64(i)}
		a.judge(at, "s", r.id, r.expected)
		if got := a.records[at]; got != r.want {
			t.Errorf("record %d is %+v, want %+v", i, got, r.want)
		}
	}
}

func TestAnswersThatTheLogDoesNotBearOutAreFound(t *testing.T) {
	t.Parallel()
	a := newArbiter()
	a.judge(eventstore.Position{Offset: 0}, "s", "a", 0)
	a.judge(eventstore.Position{Offset: 1}, "s", "b", 0)
	for _, r := range []told{
		{id: "a", status: "accepted", position: "0:0"}, {id: "a", status: "accepted", version: 1, position: "0:0"},
		{id: "b", status: "accepted", position: "0:1"}, {id: "b", status: "conflict", version: 1, position: "0:1"},
	} {
		if err := a.check(r); err != nil {
			t.Error(err)
		}
	}
	for _, r := range []told{
		{id: "a", status: "accepted", position: "0:1"}, {id: "a", status: "accepted", position: "0:2"}, {id: "a", status: "accepted"},
		{id: "a", status: "accepted", version: 2, position: "0:0"}, {id: "b", status: "accepted", version: 1, position: "0:1"},
		{id: "b", status: "conflict", version: 2, position: "0:1"},
	} {
		if a.check(r) == nil {
			t.Errorf("nothing is found wrong with %+v", r)
		}
	}
}
