package kafkabus_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/kafkabus"
	"github.com/rapport-crm/rapport/internal/kafkatest"
)

// patience bounds the wait for something that must happen. No test passes because it has run out.
const patience = 2 * time.Minute

// openBroker runs an embedded broker for the time of the test and returns its address.
func openBroker(t testing.TB) string {
	t.Helper()
	b, err := broker.Open(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b.Addr()
}

// publisherConfig returns the settings of a publisher to the broker at addr.
func publisherConfig(addr string) kafkabus.PublisherConfig {
	return kafkabus.PublisherConfig{Connection: kafkabus.Connection{Brokers: []string{addr}}}
}

// subscriberConfig returns the settings of a subscriber to the broker at addr with the delays that suit tests. A member keeps
// its partitions though a busy machine keeps it from its heartbeats for a while.
func subscriberConfig(addr string) kafkabus.SubscriberConfig {
	return kafkabus.SubscriberConfig{
		Connection:     kafkabus.Connection{Brokers: []string{addr}},
		NackDelay:      time.Millisecond,
		DrainTimeout:   100 * time.Millisecond,
		SessionTimeout: 20 * time.Second,
		Topic:          kafkabus.TopicConfig{Partitions: 8},
		Logger:         slog.New(slog.DiscardHandler),
	}
}

// newPublisher returns a publisher that is closed when the test has ended.
func newPublisher(t testing.TB, cfg kafkabus.PublisherConfig) *kafkabus.Publisher {
	t.Helper()
	p, err := kafkabus.NewPublisher(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// newSubscriber returns a subscriber that is closed when the test has ended.
func newSubscriber(t testing.TB, cfg kafkabus.SubscriberConfig) *kafkabus.Subscriber {
	t.Helper()
	s, err := kafkabus.NewSubscriber(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newTopic creates a topic under a new name.
func newTopic(t testing.TB, s *kafkabus.Subscriber) string {
	t.Helper()
	topic := "topic-" + watermill.NewUUID()
	if err := s.SubscribeInitialize(topic); err != nil {
		t.Fatal(err)
	}
	return topic
}

// subscribe subscribes until the test has ended.
func subscribe(t testing.TB, s *kafkabus.Subscriber, topic string) <-chan *message.Message {
	t.Helper()
	messages, err := s.Subscribe(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// receive returns the next message, without an answer to it.
func receive(t testing.TB, messages <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case msg, open := <-messages:
		if !open {
			t.Fatal("the channel is closed")
		}
		return msg
	case <-time.After(patience):
		t.Fatal("no message")
	}
	return nil
}

// publish publishes a message with a key for each payload and returns their UUIDs.
func publish(t testing.TB, p *kafkabus.Publisher, topic, key string, payloads ...string) []string {
	t.Helper()
	var messages []*message.Message
	var ids []string
	for _, payload := range payloads {
		msg := message.NewMessage(watermill.NewUUID(), []byte(payload))
		msg.Metadata.Set(kafkabus.PartitionKey, key)
		messages = append(messages, msg)
		ids = append(ids, msg.UUID)
	}
	if err := p.Publish(topic, messages...); err != nil {
		t.Fatal(err)
	}
	return ids
}

// brokers returns what gives a test the address of each kind of broker.
func brokers() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{"embedded": openBroker, "apache kafka": kafkatest.Broker}
}
