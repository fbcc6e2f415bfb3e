package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// output is one output as clients get it. It is not changed once it is in a ring.
type output struct {
	topic, kind, customer, orgUnit string
	// text is the Server-Sent Event without its id.
	text []byte
}

// readOutput returns the output that a record holds. It shares no bytes with the record.
func readOutput(topic string, rec *eventstore.Record) (*output, error) {
	var ev domain.Event
	if err := wire.Decode(&ev, rec.Key, rec.Value, rec.Headers); err != nil {
		return nil, fmt.Errorf("record %s of %s: %w", rec.Position(), topic, err)
	}
	if err := domain.Validate(&ev); err != nil {
		return nil, fmt.Errorf("record %s of %s: %w", rec.Position(), topic, err)
	}
	o := &output{topic: topic, kind: strings.Clone(ev.Type), customer: strings.Clone(ev.Subject), orgUnit: orgUnitOf(&ev)}
	// What Encode writes has no line breaks, and Validate lets none into a type.
	text := append(make([]byte, 0, len(rec.Value)+len(o.kind)+64), "event: "...)
	text = append(append(text, o.kind...), "\ndata: "...)
	o.text = append(wire.Encode(text, &ev), "\n\n"...)
	return o, nil
}

// orgUnitOf returns the organisation unit that an output names, empty for none.
func orgUnitOf(ev *domain.Event) string {
	if ev.OrgUnit != "" {
		return strings.Clone(ev.OrgUnit)
	}
	var data struct {
		OrgUnit string `json:"org_unit"`
	}
	if !bytes.Contains(ev.Data, []byte(`"org_unit"`)) || json.Unmarshal(ev.Data, &data) != nil {
		return ""
	}
	return data.OrgUnit
}

// appendID appends the line of a Server-Sent Event that tells its id.
func appendID(dst []byte, at Cursor) []byte {
	return append(at.append(append(dst, "id: "...)), '\n')
}

// withID returns the Server-Sent Event of the output for a client that has what at covers.
func (o *output) withID(at Cursor) []byte {
	return append(appendID(make([]byte, 0, len(o.text)+128), at), o.text...)
}
