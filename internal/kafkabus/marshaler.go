package kafkabus

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Names of metadata and headers.
const (
	// PartitionKey is the metadata that holds the record key: the default key of a published message, and set on every
	// received message whose record has a key. It is never a header.
	PartitionKey = "partition_key"
	// DefaultUUIDHeader is the header that carries a message's UUID unless HeaderMarshaler names another. The Kafka
	// adapter of the Watermill project uses the same.
	DefaultUUIDHeader = "_watermill_message_uuid"
	// cloudEventsID is the header that holds the id of a CloudEvent in binary mode.
	cloudEventsID = "ce_id"
)

// Header is one Kafka record header. It is an alias of an unnamed struct type, so packages that must not import this one
// can exchange headers with it.
type Header = struct {
	Key   string
	Value []byte
}

// Record is a record as it stands in the log.
type Record struct {
	Topic     string
	Partition int
	Offset    int64
	// Time is the timestamp of the record, in UTC with a resolution of one millisecond.
	Time time.Time
	// Key is nil when the record has none.
	Key []byte
	// Value is nil for a tombstone.
	Value   []byte
	Headers []Header
}

// Marshaler turns messages into records and back. Its methods may be called concurrently.
type Marshaler interface {
	// Marshal returns the value and the headers of the record for a message. They are not changed until Publish has
	// returned.
	Marshal(topic string, msg *message.Message) (value []byte, headers []Header, err error)
	// Unmarshal returns a new message for a record. It is called again for each delivery of the record, and its error
	// holds up the partition: see SubscriberConfig.
	Unmarshal(r Record) (*message.Message, error)
}

var _ Marshaler = HeaderMarshaler{}

// HeaderMarshaler is the default Marshaler: the payload is the value, each entry of the metadata but PartitionKey is a
// header, and one more header carries the UUID. Metadata with the names of the CloudEvents binding, content-type and
// ce_…, therefore makes the record a CloudEvent.
//
// A received message has the UUID of its UUID header, else the one of the header ce_id, else topic/partition/offset. When
// a header name occurs twice the last one counts.
type HeaderMarshaler struct {
	// UUIDHeader is the name of the header that carries the UUID. Default: DefaultUUIDHeader.
	UUIDHeader string
	// OmitUUID leaves the UUID header out, so a record has exactly the headers that the metadata names.
	OmitUUID bool
}

// Marshal implements Marshaler. The headers are in the order of their names.
func (m HeaderMarshaler) Marshal(_ string, msg *message.Message) ([]byte, []Header, error) {
	headers := make([]Header, 0, len(msg.Metadata)+1)
	if !m.OmitUUID {
		headers = append(headers, Header{Key: m.uuidHeader(), Value: []byte(msg.UUID)})
	}
	for _, name := range slices.Sorted(maps.Keys(msg.Metadata)) {
		switch name {
		case PartitionKey:
		case m.uuidHeader():
			return nil, nil, fmt.Errorf("marshal message %s: metadata %s is the header of the UUID", msg.UUID, name)
		default:
			headers = append(headers, Header{Key: name, Value: []byte(msg.Metadata[name])})
		}
	}
	return msg.Payload, headers, nil
}

// Unmarshal implements Marshaler. It never returns an error.
func (m HeaderMarshaler) Unmarshal(r Record) (*message.Message, error) {
	msg := message.NewMessage("", r.Value)
	for _, h := range r.Headers {
		if h.Key == m.uuidHeader() {
			msg.UUID = string(h.Value)
			continue
		}
		msg.Metadata.Set(h.Key, string(h.Value))
	}
	if r.Key != nil {
		msg.Metadata.Set(PartitionKey, string(r.Key))
	}
	if msg.UUID == "" {
		msg.UUID = msg.Metadata.Get(cloudEventsID)
	}
	if msg.UUID == "" {
		msg.UUID = fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)
	}
	return msg, nil
}

func (m HeaderMarshaler) uuidHeader() string {
	if m.UUIDHeader == "" {
		return DefaultUUIDHeader
	}
	return m.UUIDHeader
}
