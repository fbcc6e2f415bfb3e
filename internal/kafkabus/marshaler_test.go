package kafkabus_test

import (
	"reflect"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/kafkabus"
)

func TestHeaderMarshalerWritesMetadataAndUUIDAsHeaders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		marshaler kafkabus.HeaderMarshaler
		want      []kafkabus.Header
	}{
		"default": {want: []kafkabus.Header{
			{Key: "_watermill_message_uuid", Value: []byte("u1")},
			{Key: "ce_type", Value: []byte("note.added")}, {Key: "content-type", Value: []byte("application/json")},
		}},
		"own name": {marshaler: kafkabus.HeaderMarshaler{UUIDHeader: "id"}, want: []kafkabus.Header{
			{Key: "id", Value: []byte("u1")},
			{Key: "ce_type", Value: []byte("note.added")}, {Key: "content-type", Value: []byte("application/json")},
		}},
		"no uuid": {marshaler: kafkabus.HeaderMarshaler{OmitUUID: true}, want: []kafkabus.Header{
			{Key: "ce_type", Value: []byte("note.added")}, {Key: "content-type", Value: []byte("application/json")},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			msg := message.NewMessage("u1", []byte("payload"))
			msg.Metadata = message.Metadata{
				"content-type": "application/json", "ce_type": "note.added", kafkabus.PartitionKey: "C1",
			}
			value, headers, err := test.marshaler.Marshal("topic", msg)
			if err != nil {
				t.Fatal(err)
			}
			if string(value) != "payload" || !reflect.DeepEqual(headers, test.want) {
				t.Errorf("value %q, headers %s; want %s", value, headers, test.want)
			}
			back, err := test.marshaler.Unmarshal(kafkabus.Record{Key: []byte("C1"), Value: value, Headers: headers})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back.Metadata, msg.Metadata) || string(back.Payload) != "payload" {
				t.Errorf("came back as %v %q", back.Metadata, back.Payload)
			}
		})
	}
}

func TestHeaderMarshalerRefusesMetadataThatWouldHideTheUUID(t *testing.T) {
	t.Parallel()
	msg := message.NewMessage("u1", nil)
	msg.Metadata.Set(kafkabus.DefaultUUIDHeader, "other")
	if _, _, err := (kafkabus.HeaderMarshaler{}).Marshal("topic", msg); err == nil {
		t.Error("a message with two UUIDs was marshaled")
	}
}

func TestHeaderMarshalerFindsAnIDInRecordsOfOtherProducers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		headers []kafkabus.Header
		want    string
	}{
		"header":              {[]kafkabus.Header{{Key: "ce_id", Value: []byte("e1")}, {Key: "_watermill_message_uuid", Value: []byte("u1")}}, "u1"},
		"CloudEvents id":      {[]kafkabus.Header{{Key: "ce_id", Value: []byte("e1")}}, "e1"},
		"position":            {nil, "orders/3/7"},
		"last of two headers": {[]kafkabus.Header{{Key: "ce_id", Value: []byte("e1")}, {Key: "ce_id", Value: []byte("e2")}}, "e2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			msg, err := kafkabus.HeaderMarshaler{}.Unmarshal(kafkabus.Record{Topic: "orders", Partition: 3, Offset: 7, Headers: test.headers})
			if err != nil {
				t.Fatal(err)
			}
			if msg.UUID != test.want {
				t.Errorf("UUID %q, want %q", msg.UUID, test.want)
			}
			if _, ok := msg.Metadata[kafkabus.PartitionKey]; ok {
				t.Error("a record without a key gave a partition key")
			}
		})
	}
}
