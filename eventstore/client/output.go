package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// Output is something that Rapport found out about a customer.
type Output struct {
	// ID is the same when the output comes again.
	ID string
	// Type says what was found out, for example "lifecycle.started".
	Type     string
	Customer string
	// OrgUnit is the path of the organisation unit that has the customer, empty when none is known.
	OrgUnit string
	// Time is when it took effect, which may be long before it was found out.
	Time domain.Instant
	// Sequence is the place among the outputs of the customer on its topic: a later one is greater as text.
	Sequence string
	// CausationID is the id of the event that brought it about, empty when the clock or a policy did.
	CausationID string
	// PolicyVersion is the version of the policy that produced it.
	PolicyVersion string
	// Position is the record of the event log that it reflects, as partition:offset.
	Position string
	// Data is a pointer to the struct of the type in package domain, for example *domain.LifecycleStarted. It is nil for a type
	// that this version of the module does not know; Event has it all the same.
	Data any
	// Event is the whole CloudEvent.
	Event json.RawMessage
	// Cursor is what to follow after to go on behind this output. It is empty for one that did not come over a stream.
	Cursor string
}

// errDecode begins the error of a text that is no output of this version of the module.
var errDecode = errors.New("decode output")

// DecodeOutput reads an output as it comes by webhook, as the value of a record of an output topic, or over a stream. The
// output keeps the text, which must not be changed.
func DecodeOutput(event []byte) (Output, error) {
	var ev domain.Event
	if err := wire.DecodeJSON(&ev, event); err != nil {
		return Output{}, fmt.Errorf("%w: %w", errDecode, err)
	}
	o := Output{
		ID: ev.ID, Type: ev.Type, Customer: ev.Subject, OrgUnit: ev.OrgUnit, Time: ev.Time, CausationID: ev.CausationID, Event: event,
	}
	for _, x := range ev.Extensions {
		switch x.Name {
		case "sequence":
			o.Sequence = x.Value
		case "policyversion":
			o.PolicyVersion = x.Value
		case "position":
			o.Position = x.Value
		}
	}
	if typ, known := domain.LookupOutput(ev.Type); known {
		o.Data = typ.New()
		if err := json.Unmarshal(ev.Data, o.Data); err != nil {
			return Output{}, fmt.Errorf("%w %s: data of %s: %w", errDecode, o.ID, o.Type, err)
		}
	}
	return o, nil
}

// topic names the topic of the output; for an unknown type, the kind that its name begins with.
func (o *Output) topic() string {
	if typ, known := domain.LookupOutput(o.Type); known {
		return typ.Topic
	}
	kind, _, _ := strings.Cut(o.Type, ".")
	return kind
}
