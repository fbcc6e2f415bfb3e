package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// errMalformed means that a message is no output.
var errMalformed = errors.New("the message is no output")

// news is what is read of an output to decide who is told of it.
type news struct {
	id, kind, customer, orgUnit, level string
	// at is when it took effect, publishedAt when it was published; zero when the message does not say.
	at, publishedAt time.Time
	body            []byte
}

// read returns what a message says. What it returns does not share memory with the message.
func read(msg *message.Message) (*news, error) {
	headers := make([]wire.Header, 0, len(msg.Metadata))
	for name, value := range msg.Metadata {
		headers = append(headers, wire.Header{Key: name, Value: []byte(value)})
	}
	var ev domain.Event
	if err := wire.Decode(&ev, nil, msg.Payload, headers); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	var data struct {
		Level   string `json:"level"`
		OrgUnit string `json:"org_unit"`
	}
	// Data of another form has neither.
	_ = json.Unmarshal(ev.Data, &data)
	body := wire.Encode(nil, &ev)
	if err := wire.DecodeJSON(&ev, body); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	n := &news{id: ev.ID, kind: ev.Type, customer: ev.Subject, orgUnit: ev.OrgUnit, level: data.Level, at: ev.Time.Time(), body: body}
	if n.orgUnit == "" {
		n.orgUnit = data.OrgUnit
	}
	if place, known := kafkabus.PositionOf(msg.Context()); known {
		n.publishedAt = place.Time
	}
	return n, nil
}
