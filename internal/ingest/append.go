package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// tools are the parts of one call that are used again by later ones.
type tools struct {
	decoder *domain.Decoder
	arena   []byte
	spans   []span
	records []eventstore.Record
}

// span is an encoded event within the arena: the value from start to split, the key from split to end. The arena moves
// while it grows, so records are cut out of it at the end.
type span struct {
	event             int
	start, split, end int
}

// Sizes above which the memory of a call is left to the garbage collector.
const (
	keptArena   = 4 << 20
	keptRecords = 1 << 14
)

func (d *Door) append(ctx context.Context, events []domain.Event, seen memory) ([]Result, error) {
	t := d.tools.Get().(*tools)
	defer d.release(t)
	results := make([]Result, len(events))
	future := d.future()
	var copies []copied
	for i := range events {
		ev, r := &events[i], &results[i]
		r.ID, r.Stream = ev.ID, ev.Subject
		if r.Problems = check(t.decoder, ev, future); r.Problems != nil {
			r.Status = Invalid
			continue
		}
		key, content := keyOf(ev), wire.Content(ev)
		switch first, found := seen[key]; {
		case !found, first.content == content && first.expected != ev.ExpectedVersion:
			// At another expected version the same event may have another fate, which only the log can decide.
			seen[key] = sighting{content: content, expected: ev.ExpectedVersion, result: r}
			t.encode(i, ev)
		case first.content != content:
			r.Status, r.Problems = Invalid, []domain.Problem{idReused}
		default:
			copies = append(copies, copied{of: first, to: r})
		}
	}
	err := d.send(ctx, t, results)
	for _, c := range copies {
		c.settle()
	}
	seen.settle(t.spans, events, results)
	return results, err
}

// encode adds the event to what will be appended.
func (t *tools) encode(i int, ev *domain.Event) {
	s := span{event: i, start: len(t.arena)}
	t.arena = wire.Encode(t.arena, ev)
	s.split = len(t.arena)
	t.arena = append(t.arena, ev.Subject...)
	s.end = len(t.arena)
	t.spans = append(t.spans, s)
}

// send appends what was encoded and sets the results.
func (d *Door) send(ctx context.Context, t *tools, results []Result) error {
	if len(t.spans) == 0 {
		return nil
	}
	for _, s := range t.spans {
		t.records = append(t.records, eventstore.Record{
			Key: t.arena[s.split:s.end:s.end], Value: t.arena[s.start:s.split:s.split], Headers: wire.Headers(),
		})
	}
	appended, err := d.log.Append(ctx, t.records)
	var trouble error
	for i, a := range appended {
		r := &results[t.spans[i].event]
		switch {
		case a.Err == nil:
			r.Status, r.Position = Accepted, a.Position
		case errors.Is(a.Err, eventstore.ErrTooLarge):
			r.Status, r.Problems = Invalid, []domain.Problem{tooLarge}
		default:
			r.Status = Unknown
			if trouble == nil {
				trouble = a.Err
			}
		}
	}
	if trouble == nil && len(appended) != len(t.records) {
		trouble = err
	}
	if trouble != nil {
		return fmt.Errorf("append %d events: %w: %w", len(t.records), ErrUnavailable, trouble)
	}
	return nil
}

// release gives back the tools without what they hold of the events.
func (d *Door) release(t *tools) {
	if cap(t.arena) > keptArena || cap(t.records) > keptRecords {
		return
	}
	clear(t.records)
	t.arena, t.spans, t.records = t.arena[:0], t.spans[:0], t.records[:0]
	d.tools.Put(t)
}
