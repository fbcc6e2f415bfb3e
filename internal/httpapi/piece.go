package httpapi

import (
	"errors"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/ingest"
)

// piece is consecutive items of a batch or lines of a stream, with the events that they are.
type piece struct {
	items  []item
	events []domain.Event
	// text holds the lines of a stream, from which the events borrow. A batch borrows from its body.
	text []byte
}

// item is one item: an event, or what is wrong with it.
type item struct {
	// line is the number of the line from 1, 0 in a batch.
	line int
	// event is the index of the event, -1 when there is none.
	event int
	// problem says why there is none.
	problem domain.Problem
}

// Limits of a piece of a stream. Larger ones append no faster.
const (
	pieceItems = 4096
	pieceText  = 1 << 20
)

// full reports whether the piece should be appended before more lines are added.
func (p *piece) full() bool { return len(p.items) >= pieceItems || len(p.text) >= pieceText }

// add adds an item that borrows from raw.
func (p *piece) add(line int, raw []byte) {
	n := len(p.events)
	p.events = append(p.events, domain.Event{})
	if err := wire.DecodeJSON(&p.events[n], raw); err != nil {
		p.events = p.events[:n]
		p.refuse(line, problemOfItem(err))
		return
	}
	p.items = append(p.items, item{line: line, event: n})
}

// addLine adds a copy of a line.
func (p *piece) addLine(line int, raw []byte) {
	start := len(p.text)
	p.text = append(p.text, raw...)
	p.add(line, p.text[start:])
}

// refuse adds an item that is not an event.
func (p *piece) refuse(line int, problem domain.Problem) {
	p.items = append(p.items, item{line: line, event: -1, problem: problem})
}

// reset empties the piece for other lines.
func (p *piece) reset() {
	clear(p.events)
	p.items, p.events, p.text = p.items[:0], p.events[:0], p.text[:0]
}

// problemOfItem returns why an item is not an event.
func problemOfItem(err error) domain.Problem {
	var m *wire.Malformed
	if errors.As(err, &m) {
		return domain.Problem{Pointer: m.Pointer, Rule: m.Rule, Message: m.Message}
	}
	return domain.Problem{Rule: wire.RuleSyntax, Message: "must be an event"}
}

// outcome returns what became of an item, given the results of the events.
func (it *item) outcome(results []ingest.Result) ingest.Result {
	if it.event < 0 {
		return ingest.Result{Status: ingest.Invalid, Problems: []domain.Problem{it.problem}}
	}
	if it.event >= len(results) {
		return ingest.Result{Status: ingest.Unknown}
	}
	return results[it.event]
}

// reached returns the positions that cover at and everything that the results have in the log.
func reached(at eventstore.Positions, results []ingest.Result) eventstore.Positions {
	for i := range results {
		if !results[i].Appended() {
			continue
		}
		p := results[i].Position
		for p.Partition >= len(at) {
			at = append(at, 0)
		}
		at[p.Partition] = max(at[p.Partition], p.Offset+1)
	}
	return at
}
