package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// tailLine is a record as a JSON document.
type tailLine struct {
	Topic      string              `json:"topic"`
	Position   eventstore.Position `json:"position"`
	RecordedAt domain.Instant      `json:"recorded_at"`
	// Event is the CloudEvent, absent for a record that is none.
	Event json.RawMessage `json:"event,omitempty"`
	// Key, Value and Problem are those of a record that is no event.
	Key     string `json:"key,omitempty"`
	Value   []byte `json:"value,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// line prints one record when the filters select it. A record that is no event has neither type nor subject.
func (t *tail) line(rec *eventstore.Record) error {
	var ev domain.Event
	malformed := wire.Decode(&ev, rec.Key, rec.Value, rec.Headers)
	if malformed != nil {
		ev = domain.Event{}
	}
	if len(t.types) > 0 && !slices.Contains(t.types, ev.Type) || len(t.subjects) > 0 && !slices.Contains(t.subjects, ev.Subject) {
		return nil
	}
	if t.json {
		return t.document(rec, &ev, malformed)
	}
	recorded := instantText(domain.InstantOf(rec.RecordedAt))
	var err error
	if malformed != nil {
		_, err = fmt.Fprintf(t.out, "%s  %-10s  no event: %s\n", recorded, rec.Position(), clean(malformed.Error()))
	} else {
		_, err = fmt.Fprintf(t.out, "%s  %-10s  %s  %s  %s  %s\n", recorded, rec.Position(), orDash(clean(ev.Type)), orDash(clean(ev.Subject)), orDash(clean(ev.ID)), clean(string(ev.Data)))
	}
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// document prints one record as a JSON document.
func (t *tail) document(rec *eventstore.Record, ev *domain.Event, malformed error) error {
	line := tailLine{Topic: t.log.Topic(), Position: rec.Position(), RecordedAt: domain.InstantOf(rec.RecordedAt)}
	if malformed != nil {
		line.Key, line.Value, line.Problem = string(rec.Key), rec.Value, malformed.Error()
	} else {
		line.Event = wire.Encode(nil, ev)
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = t.out.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
