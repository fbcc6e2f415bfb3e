package faults

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// outcome is what a contender was told.
type outcome int

const (
	// unknown: no answer, or one without a verdict.
	unknown outcome = iota
	accepted
	duplicate
	conflict
)

func (o outcome) String() string {
	return [...]string{"unknown", "accepted", "duplicate", "conflict"}[o]
}

// operation is one attempt to append an event to a stream that must be at the expected version.
type operation struct {
	client   int
	stream   string
	id       string
	expected int64
	outcome  outcome
	// version is the one that came with the outcome.
	version int64
	// call and answer are in nanoseconds since the start of the run.
	call, answer int64
	// repeated says that the same event was sent by other operations too.
	repeated bool
}

// streamState is what the model knows of a stream: its version, and which of the repeated events it has accepted.
type streamState struct {
	version  int64
	accepted string // ids, each with a semicolon before and after it
}

func (s streamState) has(id string) bool { return strings.Contains(s.accepted, ";"+id+";") }

// verdicts is the model of a stream: what one attempt does depends on the state alone, whether its answer arrives or
// not. A node may write an event twice when the broker's acknowledgement is lost, so a first attempt may be answered
// with "duplicate"; the version in that answer may be later than the one the event made.
var verdicts = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		var streams []string
		parts := make(map[string][]porcupine.Operation)
		for _, op := range history {
			stream := op.Input.(operation).stream
			if _, there := parts[stream]; !there {
				streams = append(streams, stream)
			}
			parts[stream] = append(parts[stream], op)
		}
		all := make([][]porcupine.Operation, len(streams))
		for i, stream := range streams {
			all[i] = parts[stream]
		}
		return all
	},
	Init: func() any { return streamState{accepted: ";"} },
	Step: func(state, input, _ any) (bool, any) { return step(state.(streamState), input.(operation)) },
	DescribeOperation: func(input, _ any) string {
		op := input.(operation)
		return fmt.Sprintf("%s at %d: %s %d", op.id, op.expected, op.outcome, op.version)
	},
	DescribeState: func(state any) string { return fmt.Sprint(state.(streamState).version) },
}

// step returns whether the operation can have had its outcome in this state, and the state after it.
func step(s streamState, op operation) (bool, streamState) {
	switch {
	case s.has(op.id):
		return op.outcome == unknown || op.outcome == duplicate && op.version >= s.version, s
	case s.version != op.expected:
		return op.outcome == unknown || op.outcome == conflict && op.version == s.version, s
	}
	next := streamState{version: s.version + 1, accepted: s.accepted}
	if op.repeated {
		next.accepted += op.id + ";"
	}
	switch op.outcome {
	case accepted:
		return op.version == next.version, next
	case duplicate:
		return op.version >= next.version, next
	default:
		return op.outcome == unknown, next
	}
}

// linearizable fails the test when the history is not. everAccepted tells of the ids that the log has accepted: an
// operation without an answer whose event it never accepted had no effect, and says nothing.
func linearizable(t testing.TB, history []operation, everAccepted func(id string) bool) {
	t.Helper()
	result, info := porcupine.CheckOperationsVerbose(verdicts, prepare(history, everAccepted), time.Minute)
	if result == porcupine.Ok {
		return
	}
	path := filepath.Join(t.ArtifactDir(), "verdicts.html")
	if err := porcupine.VisualizePath(verdicts, info, path); err != nil {
		t.Error(err)
	}
	t.Errorf("the history of %d verdicts is %s; see %s", len(history), result, path)
}

// prepare turns a history into the checker's form.
func prepare(history []operation, everAccepted func(id string) bool) []porcupine.Operation {
	attempts := make(map[string]int)
	for _, op := range history {
		attempts[op.id]++
	}
	var operations []porcupine.Operation
	for _, op := range history {
		op.repeated = attempts[op.id] > 1
		if op.outcome == unknown {
			if !everAccepted(op.id) {
				continue
			}
			op.answer = math.MaxInt64
		}
		operations = append(operations, porcupine.Operation{ClientId: op.client, Input: op, Call: op.call, Return: op.answer})
	}
	return operations
}

func TestHistoriesOfVerdictsAreToldApart(t *testing.T) {
	t.Parallel()
	op := func(id string, expected, call, answer int64, o outcome, version int64) operation {
		return operation{stream: "s", id: id, expected: expected, outcome: o, version: version, call: call, answer: answer}
	}
	always := func(string) bool { return true }
	for name, c := range map[string]struct {
		history []operation
		lost    string // the id that the log never accepted
		want    porcupine.CheckResult
	}{
		"one after the other": {history: []operation{op("a", 0, 0, 1, accepted, 1), op("b", 1, 2, 3, accepted, 2)}, want: porcupine.Ok},
		"the loser is told the version": {
			history: []operation{op("a", 0, 0, 5, accepted, 1), op("b", 0, 0, 5, conflict, 1)}, want: porcupine.Ok,
		},
		"two winners at one version": {
			history: []operation{op("a", 0, 0, 5, accepted, 1), op("b", 0, 0, 5, accepted, 1)}, want: porcupine.Illegal,
		},
		"a conflict before anybody has won": {
			history: []operation{op("b", 0, 0, 1, conflict, 1), op("a", 0, 2, 3, accepted, 1)}, want: porcupine.Illegal,
		},
		"a stale conflict": {
			history: []operation{op("a", 0, 0, 1, accepted, 1), op("b", 1, 2, 3, accepted, 2), op("c", 0, 4, 5, conflict, 1)}, want: porcupine.Illegal,
		},
		"an unknown one takes effect late": {
			history: []operation{op("a", 0, 0, 1, unknown, 0), op("b", 0, 2, 3, conflict, 1)}, want: porcupine.Ok,
		},
		"an unknown one that had no effect explains nothing": {
			history: []operation{op("a", 0, 0, 1, unknown, 0), op("b", 0, 2, 3, conflict, 1)}, lost: "a", want: porcupine.Illegal,
		},
		"sent again and a duplicate": {
			history: []operation{op("a", 0, 0, 1, unknown, 0), op("b", 1, 2, 3, accepted, 2), op("a", 0, 4, 5, duplicate, 2)}, want: porcupine.Ok,
		},
		"accepted twice": {
			history: []operation{op("a", 0, 0, 1, accepted, 1), op("a", 1, 2, 3, accepted, 2)}, want: porcupine.Illegal,
		},
		"a duplicate of nothing": {
			history: []operation{op("b", 0, 0, 1, accepted, 1), op("a", 0, 2, 3, duplicate, 1)}, want: porcupine.Illegal,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			there := always
			if c.lost != "" {
				there = func(id string) bool { return id != c.lost }
			}
			if got := porcupine.CheckOperationsTimeout(verdicts, prepare(c.history, there), time.Minute); got != c.want {
				t.Errorf("the history is %s, want %s", got, c.want)
			}
		})
	}
}
