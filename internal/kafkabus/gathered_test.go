package kafkabus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// uuids returns the UUIDs of the messages that one stands for.
func uuids(msg *message.Message) []string {
	var ids []string
	for _, one := range kafkabus.Gathered(msg) {
		ids = append(ids, one.UUID)
	}
	return ids
}

func TestMessagesThatAreThereTogetherComeAsOneUpToTheLimit(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			cfg := subscriberConfig(addr)
			cfg.Gather = 3
			s, p := newSubscriber(t, cfg), newPublisher(t, publisherConfig(addr))
			topic := newTopic(t, s)
			ids := publish(t, p, topic, "C1", "a", "b", "c", "d", "e", "f", "g")
			messages := subscribe(t, s, topic)
			for _, want := range [][]string{ids[:3], ids[3:6], ids[6:]} {
				msg := receive(t, messages)
				all := kafkabus.Gathered(msg)
				if got := uuids(msg); !slices.Equal(got, want) {
					t.Fatalf("the messages are %q, want %q", got, want)
				}
				last, _ := kafkabus.PositionOf(msg.Context())
				for i, one := range all {
					at, ok := kafkabus.PositionOf(one.Context())
					if !ok || at.Offset != last.Offset-int64(len(all)-1-i) || one.Metadata.Get(kafkabus.PartitionKey) != "C1" {
						t.Errorf("message %s stands at %+v", one.UUID, at)
					}
				}
				msg.Ack()
			}
		})
	}
}

func TestMessagesThatAreRefusedTogetherComeOneByOneInTheirOrder(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	cfg := subscriberConfig(addr)
	cfg.Gather = 10
	s, p := newSubscriber(t, cfg), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	ids := publish(t, p, topic, "C1", "a", "b", "c")
	messages := subscribe(t, s, topic)
	msg := receive(t, messages)
	if got := uuids(msg); !slices.Equal(got, ids) {
		t.Fatalf("the messages are %q, want %q", got, ids)
	}
	msg.Nack()
	for i, id := range []string{ids[0], ids[1], ids[1], ids[2]} {
		msg := receive(t, messages)
		if got := uuids(msg); len(got) != 1 || got[0] != id || msg.UUID != id {
			t.Fatalf("the message is %q, want %s", got, id)
		}
		if i == 1 {
			msg.Nack()
		} else {
			msg.Ack()
		}
	}
	later := publish(t, p, topic, "C1", "d")
	if got := uuids(receive(t, messages)); !slices.Equal(got, later) {
		t.Errorf("the message is %q, want %q", got, later)
	}
}

// hesitant is a marshaler that refuses a payload a few times.
type hesitant struct {
	kafkabus.HeaderMarshaler
	payload string
	left    *int
}

func (c hesitant) Unmarshal(r kafkabus.Record) (*message.Message, error) {
	if string(r.Value) == c.payload && *c.left > 0 {
		*c.left--
		return nil, errors.New("not now")
	}
	return c.HeaderMarshaler.Unmarshal(r)
}

func TestARecordThatTheMarshalerRefusesHoldsUpItsPlaceAlsoAmongGatheredOnes(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	cfg := subscriberConfig(addr)
	left := 1 // the first try, which is together
	cfg.Gather, cfg.Marshaler = 10, hesitant{payload: "b", left: &left}
	s, p := newSubscriber(t, cfg), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	ids := publish(t, p, topic, "C1", "a", "b", "c")
	messages := subscribe(t, s, topic)
	for _, id := range ids {
		msg := receive(t, messages)
		if got := uuids(msg); !slices.Equal(got, []string{id}) {
			t.Errorf("the message is %q, want %s", got, id)
		}
		msg.Ack()
	}
}

func TestWhatWasGatheredAndNotAcknowledgedComesAgainToTheNextMember(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	cfg := subscriberConfig(addr)
	cfg.Group, cfg.Gather = "readers", 2
	p, first := newPublisher(t, publisherConfig(addr)), newSubscriber(t, cfg)
	topic := newTopic(t, first)
	ids := publish(t, p, topic, "C1", "a", "b", "c", "d")
	messages := subscribe(t, first, topic)
	receive(t, messages).Ack()
	unanswered := receive(t, messages)
	closed := make(chan error, 1)
	go func() { closed <- first.Close() }()
	<-unanswered.Context().Done()
	unanswered.Nack()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if err := context.Cause(unanswered.Context()); err == nil {
		t.Error("the context of a message that was given up goes on")
	}
	next := newSubscriber(t, cfg)
	if got := uuids(receive(t, subscribe(t, next, topic))); fmt.Sprint(got) != fmt.Sprint(ids[2:]) {
		t.Errorf("the next member gets %q, want %q", got, ids[2:])
	}
}
